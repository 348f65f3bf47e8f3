/** Reads what a model wrote as arguments, and says all that is wrong with it in words it can act on. */
import * as z from "zod";
import { listed, oneLine } from "../../rules/wording.ts";
import type { Tool } from "../tool.ts";
import { quotePath } from "./paths.ts";
import { similarName } from "./similar.ts";

/** UTF-16 units of one call's arguments. */
export const ARGUMENT_CHARACTERS = 1024 * 1024;
const LISTED_PROBLEMS = 10;
/** Of a field's name and one that does not exist. */
const ALIKE = 0.3;

export type Parsed =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly problem: string };

/** The JSON object that a call's arguments are; no text at all is an object without fields. */
export function parseArguments(text: string): Parsed {
  if (text.length > ARGUMENT_CHARACTERS) {
    const length = text.length.toLocaleString("en-US");
    const most = ARGUMENT_CHARACTERS.toLocaleString("en-US");
    return {
      ok: false,
      problem: `The arguments have ${length} characters; at most ${most} are taken. Write a large file in parts: the beginning with write_file, the rest with edit_file.`,
    };
  }
  if (text.trim() === "") return { ok: true, value: {} };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? oneLine(error.message, 200) : "";
    const atEnd = why.includes(`at position ${text.length} `) || /unterminated|unexpected end/i.test(why);
    const cut = atEnd ? " They seem to be cut off: write less in one call." : "";
    return {
      ok: false,
      problem: `The arguments are not valid JSON: ${why}.${cut} Send one JSON object; inside of strings, quotes and backslashes need a backslash, and line breaks are \\n.`,
    };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { ok: false, problem: `The arguments must be a JSON object, not ${kindOf(value)}.` };
  }
  return { ok: true, value: value as Record<string, unknown> };
}

export type Validated<S extends z.ZodObject> =
  | { readonly ok: true; readonly input: z.infer<S> }
  | { readonly ok: false; readonly problem: string };

/** The input of a tool. null for a field that may be absent counts as absent. */
export function validate<S extends z.ZodObject>(
  tool: Tool<S>,
  value: Readonly<Record<string, unknown>>,
): Validated<S> {
  const present = Object.entries(value).filter(([name, given]) => given !== null || !isOptional(tool, name));
  const result = tool.schema.safeParse(Object.fromEntries(present), { reportInput: true });
  if (result.success) return { ok: true, input: result.data };
  const names = Object.keys(tool.schema.shape);
  const { issues } = result.error;
  const problems = issues.flatMap((issue) => problemsOf(issue, names));
  const shown = problems.slice(0, LISTED_PROBLEMS).map((problem) => `- ${problem}`);
  const more = issues.reduce((sum, issue) => sum + amountOf(issue), 0) - shown.length;
  return {
    ok: false,
    problem: [
      `The arguments do not fit ${tool.name}:`,
      ...shown,
      ...(more === 0 ? [] : [`- and ${more} more problems`]),
      `${tool.name} takes ${listed(Object.entries(tool.schema.shape).map(describeField), 20)}.`,
    ].join("\n"),
  };
}

function isOptional(tool: Tool, name: string): boolean {
  return tool.schema.shape[name] instanceof z.ZodOptional;
}

/** How many problems an issue stands for. */
function amountOf(issue: z.core.$ZodIssue): number {
  return issue.code === "unrecognized_keys" ? issue.keys.length : 1;
}

function problemsOf(issue: z.core.$ZodIssue, names: readonly string[]): readonly string[] {
  const name = issue.path.map(String).join(".");
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.slice(0, LISTED_PROBLEMS).map((key) => {
        const near = similarName(key, names, ALIKE);
        return `${quotePath(key)} is not an argument${near === undefined ? "; leave it out" : `; did you mean ${near}?`}`;
      });
    case "invalid_type":
      return issue.input === undefined
        ? [`${name} is missing: give ${typeName(issue.expected)}`]
        : [`${name} must be ${typeName(issue.expected)}, not ${kindOf(issue.input)}`];
    case "too_small":
      return [`${name} must be at least ${issue.minimum}, not ${kindOf(issue.input)}`];
    case "too_big":
      return [`${name} must be at most ${issue.maximum}, not ${kindOf(issue.input)}`];
    default:
      return [`${name} is not valid`];
  }
}

function describeField([name, field]: [string, z.core.$ZodType]): string {
  const { type } = z.toJSONSchema(field);
  const optional = field instanceof z.ZodOptional ? ", optional" : "";
  return `${name} (${typeName(String(type))}${optional})`;
}

function typeName(type: string): string {
  const names: Readonly<Record<string, string>> = {
    string: "a string",
    boolean: "true or false",
    int: "a whole number",
    integer: "a whole number",
    number: "a whole number",
  };
  return names[type] ?? type;
}

/** A value as its kind; short plain ones as they are. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  switch (typeof value) {
    case "string":
      return value.length <= 40
        ? `the string ${JSON.stringify(value)}`
        : `a string of ${value.length} characters`;
    case "object":
      return "an object";
    default:
      return String(value);
  }
}
