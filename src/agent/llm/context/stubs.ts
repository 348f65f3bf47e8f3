/** What stands in a conversation for a message that is old: who called what, without the bulk. */
import type { Message, ToolCall, ToolResult } from "../model.ts";
import { argumentsOf } from "./calls.ts";
import { cutAt, quoted, shownPath } from "./shown.ts";

type Assistant = Extract<Message, { role: "assistant" }>;

/**
 * The argument that names those taken out of a call. A placeholder in their place would be copied by models
 * into files; a call without them is refused by its tool.
 */
export const ELIDED = "elided";

/** Shorter ones stay: a stub would save nothing. In characters. */
const SHORT_RESULT = 300;
const SHORT_ARGUMENT = 200;
const SHORT_ARGUMENTS = 1_000;
const SHORT_TEXT = 600;
/** Calls that may be made twice. */
const LOOKS = /^(?:list|read|search)_files?$/;
/** Of a result that is taken out, this much of its first line stays. */
const FIRST_LINE = 120;

/**
 * Without `raw`: vendors want reasoning back only for the answer whose calls have just been carried out, and
 * an adapter builds the rest from text and calls. Undefined when nothing is left to say.
 */
export function assistantStub({ text, calls }: Assistant): Assistant | undefined {
  if (text === "" && calls.length === 0) return undefined;
  return {
    role: "assistant",
    text: clipped(text, SHORT_TEXT),
    calls: calls.map((call) => ({ ...call, arguments: argumentsStub(call.arguments) })),
  };
}

/** A user message other than the first: a note of the loop's. */
export function noteStub(text: string): Message {
  return { role: "user", text: clipped(text, SHORT_TEXT) };
}

/** One line with the call, how the result began and how long it was. */
export function resultStub(result: ToolResult, call: ToolCall | undefined): ToolResult {
  const { text } = result;
  if (text.length <= SHORT_RESULT) return result;
  const end = text.indexOf("\n");
  const first = cutAt(end < 0 ? text : text.slice(0, end), FIRST_LINE);
  const lines = text.split("\n").length;
  const again = call !== undefined && LOOKS.test(call.name) ? ", call again if needed" : "";
  const what = call === undefined ? "result" : [shownPath(call.name, 60), ...subjectOf(call)].join(" ");
  return {
    ...result,
    text: `[${what}: ${lines === 1 ? `${text.length} characters` : `${lines} lines`} taken out to save space${again}; began with ${quoted(first)}]`,
  };
}

/** The text's beginning and end, and how much of it is missing between them. `max` is in characters. */
export function clipped(text: string, max: number, headShare = 0.7): string {
  if (text.length <= max) return text;
  const head = cutAt(text, Math.floor(max * headShare));
  const tail = text.slice(text.length - (max - head.length)).toWellFormed();
  return `${head}\n[… ${text.length - head.length - tail.length} characters taken out to save space …]\n${tail}`;
}

function subjectOf(call: ToolCall): readonly string[] {
  const { path } = argumentsOf(call);
  return typeof path === "string" ? [shownPath(path, 100)] : [];
}

/** Always a JSON object, whatever the model wrote. */
function argumentsStub(written: string): string {
  if (written.length <= SHORT_ARGUMENT) return written;
  const kept: [string, unknown][] = [];
  const gone: string[] = [];
  for (const [name, value] of Object.entries(argumentsOf({ arguments: written }))) {
    const length = typeof value === "string" ? value.length : (JSON.stringify(value)?.length ?? 0);
    if (length <= SHORT_ARGUMENT) kept.push([name, value]);
    else gone.push(`${name} (${length} characters)`);
  }
  const stub = JSON.stringify(Object.fromEntries([...kept, [ELIDED, gone.join(", ")]]));
  return kept.length + gone.length > 0 && stub.length <= SHORT_ARGUMENTS
    ? stub
    : JSON.stringify({ [ELIDED]: `all (${written.length} characters)` });
}
