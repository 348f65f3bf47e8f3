/** A conversation as it is sent: what a compaction has left out is replaced by stubs and a note. */
import type { Message, ToolCall } from "../model.ts";
import { callsBefore, changedBy } from "./calls.ts";
import { shownPath } from "./shown.ts";
import { assistantStub, clipped, noteStub, resultStub } from "./stubs.ts";
import { supersededReads } from "./superseded.ts";

/** How much of a conversation is left out: plain JSON, to be kept with checkpoints. */
export interface Compaction {
  /** Messages before this one are stubs; never goes back. */
  readonly elidedBefore: number;
  /** Messages before this one, but the first, are gone, and a note stands for them; never goes back. */
  readonly droppedBefore: number;
  /** How many messages there were at the last compaction. */
  readonly seen: number;
  /** Tokens that the last compaction left, as guessed, without a factor. */
  readonly left: number;
  /** Characters of a result, for messages before `seen`. */
  readonly resultsCut?: number;
  /** Characters of the first message. */
  readonly firstCut?: number;
}

export const NOT_COMPACTED: Compaction = { elidedBefore: 0, droppedBefore: 0, seen: 0, left: 0 };

/** Turns at the end whose reads are not superseded, and which are elided last. */
const RECENT_TURNS = 3;
const NAMED_PATHS = 20;
/** Characters of the note that stands for turns. */
const LONGEST_NOTE = 600;

/**
 * Follows from the messages before `seen` and the compaction alone, then from each message alone: while the
 * compaction stays, a longer conversation's view begins with a shorter one's, and vendors' caches hold.
 */
export function viewOf(messages: readonly Message[], compaction: Compaction): readonly Message[] {
  const {
    elidedBefore,
    droppedBefore,
    seen,
    resultsCut: longest = Number.POSITIVE_INFINITY,
    firstCut,
  } = compaction;
  if (seen === 0) return messages;
  const calls = new Map(callsBefore(messages, seen).map(({ call }) => [call.id, call]));
  const superseded = supersededReads(messages, seen);
  const recent = recentTurn(turnStarts(messages, seen));
  const view: Message[] = [];
  for (const [index, message] of messages.entries()) {
    if (index === 0) {
      view.push(
        message.role === "user" && firstCut !== undefined ? cutFirst(message.text, firstCut) : message,
      );
      if (droppedBefore > 1) view.push({ role: "user", text: droppedNote(messages, droppedBefore) });
      continue;
    }
    if (index < droppedBefore) continue;
    if (index < elidedBefore) {
      const stub = elided(message, calls);
      if (stub !== undefined) view.push(stub);
    } else if (index < seen && message.role === "tool") {
      const results = message.results.map((result) => {
        if (index < recent && superseded.has(result.callId))
          return resultStub(result, calls.get(result.callId));
        return result.text.length > longest ? { ...result, text: clipped(result.text, longest) } : result;
      });
      view.push(
        results.every((result, i) => result === message.results[i]) ? message : { role: "tool", results },
      );
    } else {
      view.push(message);
    }
  }
  return view;
}

/** The indexes before `end` at which turns begin: an answer, its results, and what was said behind them. */
export function turnStarts(messages: readonly Message[], end = messages.length): readonly number[] {
  const starts: number[] = [];
  for (let index = 1; index < end; index++) if (messages[index]?.role === "assistant") starts.push(index);
  return starts;
}

/** Where the last few turns begin; 0 when there are no more than these. */
export function recentTurn(starts: readonly number[], turns = RECENT_TURNS): number {
  return starts.at(-turns) ?? 0;
}

function elided(message: Message, calls: ReadonlyMap<string, ToolCall>): Message | undefined {
  switch (message.role) {
    case "assistant":
      return assistantStub(message);
    case "user":
      return noteStub(message.text);
    case "tool":
      return {
        role: "tool",
        results: message.results.map((result) => resultStub(result, calls.get(result.callId))),
      };
  }
}

/** The task stands at the end of the first message, so more of the end is kept. */
function cutFirst(text: string, max: number): Message {
  return { role: "user", text: clipped(text, max, 0.3) };
}

function droppedNote(messages: readonly Message[], end: number): string {
  const turns = turnStarts(messages, end).length;
  const made = callsBefore(messages, end).filter(({ ok }) => ok);
  const changed = [...new Set(made.flatMap(({ call }) => changedBy(call)))];
  const head = `[${turns} earlier ${turns === 1 ? "turn was" : "turns were"} taken out to save space.`;
  if (changed.length === 0) return `${head} Nothing was edited in them.]`;
  const shown: string[] = [];
  let length = 0;
  for (const path of changed.slice(0, NAMED_PATHS)) {
    const name = shownPath(path, 80);
    length += name.length + 2;
    if (length > LONGEST_NOTE) break;
    shown.push(name);
  }
  const more = changed.length - shown.length;
  return `${head} Their edits are in the repository as you see it. They changed ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}.]`;
}
