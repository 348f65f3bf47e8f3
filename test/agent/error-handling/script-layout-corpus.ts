/** JavaScript programs whose layout is hard to indent: templates, comments, one-liners. */
import { type Program, program } from "./program.ts";

const T = "`";

export const SCRIPT_LAYOUT: readonly Program[] = [
  program(
    "leaves template literals alone",
    ["f"],
    [
      "function f(x) {",
      `  const a = ${T}one`,
      "    two",
      "three ${x",
      "      .toUpperCase()",
      `    + ${T}in`,
      `ner${T}}`,
      `end${T};`,
      "  return a.trim();",
      "}",
      "console.log(JSON.stringify(f('q')));",
    ],
  ),
  program(
    "leaves strings with line breaks alone",
    ["f"],
    ["function f() {", "  return 'a\\", "    b'.trim().length;", "}", "console.log(f());"],
  ),
  program(
    "takes comments along",
    ["f"],
    [
      "function f(x) { // header",
      "  /* one",
      "     two */",
      "  /**",
      "   * doc",
      "   */",
      "  return x.trim().length; // end",
      "  // tail",
      "}",
      "console.log(f('abc'));",
    ],
  ),
  program(
    "opens up bodies on one line",
    ["f", "g", "A.m"],
    [
      "function f(x) { return x.a() }",
      "const g = (x) => { const y = f(x); return y }",
      "class A { m(x) { return g(x) } }",
      "console.log(new A().m({ a: () => 1 }));",
    ],
  ),
  program(
    "opens up a body with a comment before its brace",
    ["f"],
    ["function f(x) { return x.trim() // why", "}", "console.log(f(' a '));"],
  ),
  program(
    "keeps automatic semicolons as they are",
    ["f", "g"],
    [
      "const f = (x) => {",
      "  const y = x.a.valueOf()",
      "  const z = [y].length",
      "  return z",
      "    + y",
      "}",
      "function g(x) {",
      "  if (x) return",
      "  f({ a: 1 })",
      "}",
      "console.log(f({ a: 2 }), g(0))",
    ],
  ),
  {
    name: "keeps CRLF",
    wrapped: ["f"],
    source:
      "'use strict';\r\nfunction f(x) {\r\n  return `a\r\n b` + String(x.b);\r\n}\r\nconsole.log(JSON.stringify(f({ b: 1 })));\r\n",
  },
  {
    name: "keeps a byte order mark",
    wrapped: ["f"],
    source: "\uFEFFfunction f(x) {\n\treturn Number(x.a);\n}\nconsole.log(f({ a: 1 }));\n",
  },
  program(
    "keeps a hashbang first",
    ["f"],
    ["#!/usr/bin/env node", "function f() {", "\treturn JSON.parse('1');", "}", "console.log(f());"],
  ),
  program(
    "tells regular expressions from divisions",
    ["f"],
    [
      "function f(a, b) {",
      "  const r = /[/`'\"]{2}/g.test('``');",
      "  return r ? a / b / 2 : a++ / /x/.source.length;",
      "}",
      "console.log(f(8, 2));",
    ],
  ),
  program(
    "keeps blank lines and odd indentation",
    ["f"],
    [
      "function f(x)",
      "{",
      "",
      "      const y = x.map((v) => {",
      "  return v + 1;",
      "      });",
      "",
      "  return y;",
      "",
      "}",
      "console.log(f([1]));",
    ],
  ),
];
