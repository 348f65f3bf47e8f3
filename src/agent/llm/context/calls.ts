/** Looks up what the calls of a conversation asked for and whether they worked. */
import type { Message, ToolCall } from "../model.ts";

export interface MadeCall {
  /** Of the assistant message. */
  readonly index: number;
  readonly call: ToolCall;
  /** False also for a call that has no result. */
  readonly ok: boolean;
}

/** The calls of `messages` before `end`, in order. Time: the messages. */
export function callsBefore(messages: readonly Message[], end: number): readonly MadeCall[] {
  const calls: MadeCall[] = [];
  for (let index = 0; index < Math.min(end, messages.length); index++) {
    const message = messages[index];
    if (message?.role !== "assistant") continue;
    const next = messages[index + 1];
    const results = next?.role === "tool" ? next.results : [];
    const worked = new Set(results.filter(({ isError }) => !isError).map(({ callId }) => callId));
    for (const call of message.calls) calls.push({ index, call, ok: worked.has(call.id) });
  }
  return calls;
}

/** The arguments by name; none when they are not a JSON object. */
export function argumentsOf(call: Pick<ToolCall, "arguments">): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(call.arguments);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

/** The paths a call changes; none for a call that only looks. */
export function changedBy(call: ToolCall): readonly string[] {
  const { path, from, to } = argumentsOf(call);
  const paths =
    call.name === "move_file" ? [from, to] : /^(?:edit|write|delete)_file$/.test(call.name) ? [path] : [];
  return paths.filter((one) => typeof one === "string").map(normal);
}

/** As models write paths: `./a` is `a`. */
export function normal(path: string): string {
  return path.replace(/^(?:\.?\/+)+/, "");
}
