/** Turns what a schema refused into problems a person can act on, each with the field it is about. */
import type { z } from "zod";
import { ServiceError } from "../errors.ts";
import { suggest } from "./suggest.ts";

export interface Problem {
  /** The field's path, `limits.max_turns`; `body` for the body as a whole. */
  readonly field: string;
  readonly message: string;
}

/** Problems one answer lists; a body with a hundred thousand unknown fields gets this many and a count. */
const MAX_PROBLEMS = 50;
const MAX_NAME = 60;

/** A request that cannot be understood, with every problem found. `payload_too_large` when size is all. */
export class RequestProblems extends ServiceError {
  readonly problems: readonly Problem[];

  /** `count` is how many there are, when not all of them are in `problems`. */
  constructor(
    problems: readonly Problem[],
    code: "invalid_request" | "payload_too_large",
    count = problems.length,
  ) {
    const shown = problems.slice(0, MAX_PROBLEMS);
    const [first] = shown;
    super(
      code,
      count === 1 && first !== undefined
        ? first.message
        : `The request has ${count} problems; ${count > shown.length ? "the first are" : "each is"} listed in "problems".`,
    );
    this.name = "RequestProblems";
    this.problems =
      count > shown.length
        ? [...shown, { field: "body", message: `${moreThan(shown.length, count)} not listed.` }]
        : shown;
  }
}

function moreThan(shown: number, count: number): string {
  return count - shown === 1 ? "1 more problem is" : `${count - shown} more problems are`;
}

export interface ReadOptions {
  /** The paths of all fields there are, `limits.max_turns`, for suggestions. */
  readonly fields: readonly string[];
  /** What they are called; "field" when left out. */
  readonly noun?: string;
  /** What to say about an unknown field, when there is more to say than that it is unknown. */
  readonly explainUnknown?: (name: string) => string | undefined;
}

/**
 * Validates `value`, reporting everything that is wrong with it at once.
 *
 * @throws RequestProblems. A custom issue with `params: { tooLarge: true }` counts as a size problem.
 */
export function read<T>(schema: z.ZodType<T>, value: unknown, options: ReadOptions): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const { issues } = result.error;
  const tooLarge = issues.every((issue) => issue.code === "custom" && issue.params?.["tooLarge"] === true);
  const count = issues.reduce(
    (sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 1),
    0,
  );
  throw new RequestProblems(
    issues.flatMap((issue) => problemsOf(issue, options)),
    tooLarge ? "payload_too_large" : "invalid_request",
    count,
  );
}

/** Names the field that `error` is about when it refuses what was sent; any other error stays as it is. */
export function problemWith(field: string, error: unknown): unknown {
  if (!(error instanceof ServiceError) || error.code !== "invalid_request") return error;
  return new RequestProblems([{ field, message: error.message }], "invalid_request");
}

function problemsOf(issue: z.core.$ZodIssue, options: ReadOptions): Problem[] {
  const path = issue.path.map(String);
  const field = path.length === 0 ? "body" : path.join(".");
  const problem = (what: string) => [{ field, message: `${field} ${what}.` }];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.slice(0, MAX_PROBLEMS).map((key) => unknownField([...path, key], options));
    case "invalid_type":
      return issue.input === undefined
        ? [{ field, message: `${field} is required: ${expectedType(issue.expected)}.` }]
        : problem(`must be ${expectedType(issue.expected)}, not ${typeName(issue.input)}`);
    case "invalid_value":
      return problem(
        `must be one of ${issue.values.map((value) => `'${String(value)}'`).join(", ")}${not(issue.input)}`,
      );
    case "too_small":
      return problem(`must be at least ${issue.minimum}${not(issue.input)}`);
    case "too_big":
      return problem(`must be at most ${issue.maximum}${not(issue.input)}`);
    case "custom":
    case "invalid_format":
      return [{ field, message: issue.message }];
    default:
      return problem("is not valid");
  }
}

function unknownField(path: readonly string[], options: ReadOptions): Problem {
  const name = path.map(plainName).join(".");
  const explained = options.explainUnknown?.(path.join("."));
  if (explained !== undefined) return { field: name, message: `${name} ${explained}.` };
  const parent = path.slice(0, -1).join(".");
  const beside = options.fields.filter((known) => parentOf(known) === parent);
  const elsewhere = options.fields.filter((known) => parentOf(known) !== parent);
  // Of two as close the one beside it is meant.
  const all = [...beside, ...elsewhere];
  const own = suggest(path.at(-1) ?? "", all.map(ownName));
  const near = all.find((known) => ownName(known) === own);
  const noun = options.noun ?? "field";
  const owner = parent === "" ? "" : ` of ${parent}`;
  const list =
    beside.length === 0
      ? `it takes no ${noun}s`
      : `the ${noun}s${owner} are ${beside.map(ownName).join(", ")}`;
  const hint = near === undefined ? `${list}.` : `did you mean ${near}?`;
  return { field: name, message: `${name} is not a ${noun} of this request; ${hint}` };
}

function ownName(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf(".")));
}

/** A field name somebody made up, fit for a message: bounded, without control characters. */
function plainName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_.$-]/gu, "?");
  return plain.length > MAX_NAME ? `${plain.slice(0, MAX_NAME)}…` : plain;
}

function expectedType(expected: string): string {
  switch (expected) {
    case "object":
      return "a JSON object";
    case "array":
      return "an array";
    case "boolean":
      return "true or false";
    case "int":
      return "a whole number";
    default:
      return `a ${expected}`;
  }
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "object":
      return "an object";
    case "boolean":
      return String(value);
    case "number":
      return Number.isFinite(value) ? `the number ${value}` : "a number too large to hold";
    default:
      return `a ${typeof value}`;
  }
}

/** `, not …` with the refused value when it is short and plain, else its type. */
function not(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value !== "string") return `, not ${typeName(value)}`;
  return /^[A-Za-z0-9 _.-]{0,30}$/.test(value) ? `, not '${value}'` : ", not what was sent";
}
