/** What goes wrong in the wire-fault runs, where and how often, and how the service promises that each of them ends. */
import type { ModelFailure } from "../../src/agent/llm/model.ts";
import type { Fault } from "../support/models/fault.ts";
import { faultsOf } from "../support/models/faults.ts";
import { PROTOCOLS, type Protocol } from "../support/models/turn.ts";
import type { Random } from "../support/random.ts";

export interface FaultCase {
  readonly name: string;
  /** Of the vendor that is asked for, and goes wrong. */
  readonly protocol: Protocol;
  readonly fault: Fault;
  /** The answer that goes wrong: the first one, or one after edits were made. */
  readonly at: "first" | "later";
  readonly times: "once" | "always";
  /** Whether there is a key for the other vendor, who is well. */
  readonly other: boolean;
}

/**
 * - `undisturbed`: nobody noticed
 * - `recovered`: the same model went on after it was asked again
 * - `other model`: the other vendor's did
 * - `rules`: nothing was edited yet, and the rules did what was asked
 * - `draft`: what was edited by then was published as unfinished
 */
export const ENDINGS = ["undisturbed", "recovered", "other model", "rules", "draft"] as const;
export type Ending = (typeof ENDINGS)[number];

interface Promised {
  /** How often the model is asked again before it is given up. */
  readonly again: number;
  /** What readers and reviewers are told was wrong. */
  readonly says: RegExp;
}

const PROMISES: Readonly<Record<ModelFailure, Promised>> = {
  unauthorized: { again: 0, says: /refused the API key/ },
  quota_exceeded: { again: 0, says: /has no credit left/ },
  rate_limited: { again: 3, says: /asked for fewer requests/ },
  overloaded: { again: 2, says: /is overloaded/ },
  server_error: { again: 2, says: /failed to answer/ },
  unreachable: { again: 2, says: /could not be reached/ },
  timeout: { again: 1, says: /sent nothing for 8 s|did not finish its answer within 16 s/ },
  broken_stream: {
    again: 2,
    says: /ended before the answer was complete|is not as its protocol has it|sent a tool call without a name/,
  },
  empty_answer: { again: 2, says: /answered with neither words nor tool calls/ },
  answer_too_long: { again: 1, says: /sent an answer without end/ },
  context_too_long: { again: 3, says: /has no room for the conversation/ },
  request_refused: { again: 0, says: /refused the request|does not know the model/ },
  content_refused: { again: 0, says: /would not answer for reasons of content/ },
};
/** A vendor who wants to be left alone for longer is. */
const LONGEST_WAIT_MS = 60_000;

/** What is to come of a case. */
export interface Expected {
  readonly ending: Ending;
  /** Requests that meet the fault. */
  readonly faulty: number;
  readonly says: RegExp;
}

export function expectedOf({ fault, at, times, other }: FaultCase): Expected {
  if (fault.expects === "answer") return { ending: "undisturbed", faulty: 1, says: NOTHING };
  const { says, again } = PROMISES[fault.expects];
  const patience = (fault.retryAfterMs ?? 0) > LONGEST_WAIT_MS ? 0 : again;
  if (times === "once" && patience > 0) return { ending: "recovered", faulty: 1, says };
  const without = at === "first" ? "rules" : "draft";
  return { ending: other ? "other model" : without, faulty: 1 + patience, says };
}

const NOTHING = /^$/;

/** Every fault of every protocol, everywhere. */
export function allCases(): readonly FaultCase[] {
  return PROTOCOLS.flatMap((protocol) =>
    faultsOf(protocol).flatMap((fault) =>
      PLACES.map((place) => ({ protocol, fault, ...place, name: nameOf(protocol, fault, place) })),
    ),
  );
}

/** Every fault of every protocol once, somewhere. */
export function sampleCases(random: Random): readonly FaultCase[] {
  return PROTOCOLS.flatMap((protocol) =>
    faultsOf(protocol).map((fault) => {
      const place = random.pick(PLACES);
      return { protocol, fault, ...place, name: nameOf(protocol, fault, place) };
    }),
  );
}

type Place = Pick<FaultCase, "at" | "times" | "other">;

const PLACES: readonly Place[] = (["first", "later"] as const).flatMap((at) =>
  (["once", "always"] as const).flatMap((times) => [true, false].map((other) => ({ at, times, other }))),
);

function nameOf(protocol: Protocol, { name }: Fault, { at, times, other }: Place): string {
  return `${protocol}, ${name}, on the ${at} answer, ${times}, ${other ? "with another vendor" : "alone"}`;
}
