/** Notices a model that does the same again and again with the same result. */
import type { Message, ToolCall } from "./model.ts";

/** Turns looked back on: of a circle of n turns, each is seen 24 / n times. */
const LOOK_BACK = 24;

/**
 * How often the newest turn's calls, with the very same results, are among the last turns, itself included. Of a
 * turn that only looks or checks, no turn before the last edit counts: it asks a question that is new again.
 */
export function repetitions(messages: readonly Message[]): number {
  const turns: string[] = [];
  let edited = false;
  for (let at = messages.length - 1; at > 0 && turns.length < LOOK_BACK; at--) {
    const message = messages[at];
    const before = messages[at - 1];
    if (message?.role !== "tool" || before?.role !== "assistant") continue;
    if (turns.length === 0) edited = message.edited === true;
    else if (message.edited && !edited) break;
    const results = message.results.map(({ text }) => text);
    turns.push(JSON.stringify([before.calls.map(withoutId), results]));
  }
  const [newest] = turns;
  return turns.filter((turn) => turn === newest).length;
}

function withoutId({ name, arguments: input }: ToolCall): readonly string[] {
  return [name, input];
}
