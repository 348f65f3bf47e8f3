/** What all protocols' streams are made of, and what every one of them is told of the answer to send. */
import type { Random } from "../random.ts";
import type { Turn, TurnUsage } from "./turn.ts";

/** One event of a stream. */
export interface Frame {
  /** What kind of event it is, to cut the stream behind: its `type`, its delta's, or what a chat chunk carries. */
  readonly kind: string;
  /** The SSE field `event`, where the protocol has it. */
  readonly event?: string;
  /** JSON as an object; a text is sent as it is. */
  readonly data: object | string;
}

export interface Answer {
  readonly turn: Turn;
  readonly model: string;
  /** Hexadecimal digits that differ with the request: ids are made from it. */
  readonly id: string;
  readonly usage: TurnUsage;
  readonly random: Random;
  /** Whether the request asked for reasoning that can be sent back, or to be shown it. */
  readonly reasoning: boolean;
  /** A signature for reasoning that is going to be sent back. */
  sign(content: string): string;
}

/** One frame of each list at a time until all are through. */
export function interleave(lists: readonly (readonly Frame[])[]): Frame[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, index) => lists.flatMap((list) => list[index] ?? [])).flat();
}

export function argumentsOf(call: NonNullable<Turn["calls"]>[number]): string {
  return typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments);
}

export function stopOf(turn: Turn): NonNullable<Turn["stop"]> {
  return turn.stop ?? ((turn.calls ?? []).length > 0 ? "calls" : "end");
}
