/** What a `tool` event shows of a call: bounded, whatever a model wrote. */
import type { ToolCall } from "../model.ts";
import { ARGUMENT_CHARACTERS, kindOf, type Parsed } from "./arguments.ts";
import { clip } from "./lines.ts";

const STRING_CHARACTERS = 1_000;
const OUTPUT_CHARACTERS = 4_000;
const NAME_CHARACTERS = 100;
const FIELDS = 20;

/** The arguments, long strings cut; those that cannot be read as their text, too large ones as their length. */
export function eventInput(call: ToolCall, parsed: Parsed): Readonly<Record<string, unknown>> {
  const { length } = call.arguments;
  if (length > ARGUMENT_CHARACTERS) {
    return { arguments: `(${length.toLocaleString("en-US")} characters, not shown)` };
  }
  if (!parsed.ok) return { arguments: shorten(call.arguments, STRING_CHARACTERS) };
  const entries = Object.entries(parsed.value);
  // `fromEntries` defines own properties, so that a `__proto__` key stays a key.
  const shown = entries
    .slice(0, FIELDS)
    .map(([name, value]) => [shorten(name, NAME_CHARACTERS), shownValue(value)] as const);
  const more = entries.length - shown.length;
  return Object.fromEntries(more === 0 ? shown : [...shown, ["…", `(${more} more fields)`] as const]);
}

/** Nested values, which no tool takes, as their kind: turning them to text may not end. */
function shownValue(value: unknown): unknown {
  if (typeof value === "string") return shorten(value, STRING_CHARACTERS);
  return typeof value === "object" && value !== null ? `(${kindOf(value)})` : value;
}

export function eventOutput(text: string): string {
  return shorten(text, OUTPUT_CHARACTERS);
}

/** A tool's name as events carry it. */
export function eventName(name: string): string {
  return name === "" ? "(no name)" : shorten(name, NAME_CHARACTERS);
}

function shorten(text: string, max: number): string {
  const whole = text.length <= max;
  return whole
    ? text.toWellFormed()
    : `${clip(text, max).toWellFormed()}… (${text.length.toLocaleString("en-US")} characters)`;
}
