import { describe, expect, test } from "vitest";
import { activeIn, activeInBody } from "./inert.ts";

describe("what acts is found", () => {
  test.each([
    ["a mention", "thanks @everyone", ["mention: @everyone"]],
    ["a team", "cc @org/team", ["mention: @org"]],
    ["a closing keyword", "Fixes #1", ["reference: #1"]],
    ["a reference elsewhere", "owner/repo#23", ["reference: #23"]],
    ["GitHub's other form", "resolves gh-4", ["reference: gh-4"]],
    ["a link", "see https://x.invalid/y", ["link: https://x.invalid/y"]],
    ["a link without a scheme", "www.x.invalid", ["link: www.x.invalid"]],
    ["an image", "![x](y)", ["Markdown link: ]("]],
    ["a link by its name", "[x][y]", ["Markdown link: ]["]],
    ["a link's definition", "[x]: y", ["Markdown link: ]:"]],
    ["a comment", "<!-- x", ["HTML: <!-- x"]],
    ["a tag", "<img src=x>", ["HTML: <img src=x"]],
    ["an entity", "&commat;x", ["entity: &commat;"]],
    ["a word for the checks", "Merge [skip ci]", ["word that stops checks: [skip ci]"]],
    ["a bot's command", "ok\n/merge", ["command: /merge"]],
    ["text turned round", "a\u202eb", ["invisible character: \u202e"]],
    ["a tag nobody sees", "a\u{e0041}", ["invisible character: \u{e0041}"]],
    ["a control", "a\u001b[31m", ["invisible character: \u001b"]],
  ])("%s", (_name, text, expected) => {
    expect(activeIn(text)).toEqual(expected);
  });

  test("words that are broken do nothing", () => {
    const text =
      "@\u200borg Fixes #\u200b1, https:\u200b//x, <\u200bimg>, [x]\u200b(y), [\u200bskip ci]\nnext";
    expect(activeIn(text)).toEqual([]);
  });
});

describe("in a body", () => {
  const fenced = "## Ours\n\n```text\n@a #1\n## Theirs\n```\n\n`@b` and ``` #2 ``` and `` `@c` ``";

  test("code does nothing", () => {
    expect(activeInBody(fenced, ["## Ours"])).toEqual([]);
  });

  test.each([
    ["behind a fence that was closed in it", "```\n```\n@a\n", ["mention: @a"]],
    ["behind a fence that tildes do not close", "```\n~~~\n```\n@a\n", ["mention: @a"]],
    ["between code spans", "`a`@b`c`", ["mention: @b"]],
    ["in a span whose marks do not match", "``@a`", ["mention: @a"]],
    ["in a heading of somebody else's", "## Ours\n# Theirs", ["heading: # Theirs"]],
    ["before a fence that nobody closes", "````\n```\n", ["heading: # a fence that is not closed"]],
  ])("what acts is found %s", (_name, body, expected) => {
    expect(activeInBody(body, ["## Ours"])).toEqual(expected);
  });
});
