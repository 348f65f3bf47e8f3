/** What the loop says to the model between turns, as user messages. */
import type { Feedback } from "../../agent.ts";
import { fenced } from "./fence.ts";
import { shownPath } from "./shown.ts";

const MOST_PATHS = 30;
const MOST_COMMAND = 500;

interface Place {
  readonly path: string;
  readonly line: number;
  readonly kind: string;
}

export const nudges = {
  /** The model answered without a call. */
  noCall: (): string =>
    "You made no tool call, so nothing happened. If the task is done, or cannot be done, call finish. Otherwise go on with the next call.",

  /** The same call with the same arguments came `times` times. */
  repeated: ({ name, times }: { readonly name: string; readonly times: number }): string =>
    `You made the same ${shownPath(name)} call ${times} times, and its result will not change. Use what it told you and do something else: another search, another file, an edit, or finish.`,

  /** There is no edit yet, after many turns. */
  noEdits: ({ turns }: { readonly turns: number }): string =>
    `After ${turns} turns nothing has been edited. You have probably seen enough: make the change now. If there is nothing to change, call finish and say why.`,

  /** A budget is almost used. */
  almostSpent: ({
    what,
    turnsLeft,
  }: {
    readonly what: "turns" | "tokens" | "cost" | "time";
    /** Turns that are certain to be left, this one included. */
    readonly turnsLeft?: number;
  }): string => {
    const left =
      turnsLeft === undefined ? "" : ` You have ${turnsLeft} ${turnsLeft === 1 ? "turn" : "turns"} left.`;
    return `The run's budget of ${BUDGETS[what]} is almost used.${left} Bring the edits to a state that works, then call finish and say in the summary what is missing. Start nothing new.`;
  },

  /** The answer was cut at the output limit; its last call was not carried out. */
  answerCut: (): string =>
    "Your answer was cut at the output limit, and a call that was not complete was not carried out. Go on in smaller steps: several edit_file calls instead of one long write_file, and few words between calls.",

  /** It called finish, and nothing is edited. */
  nothingChanged: (): string =>
    "Not finished: nothing in the repository has been changed. If the task needs a change, make it now. If it needs none, call finish again and say why in the summary.",

  /** It called finish, and the edits add what looks like secrets: nothing could be published. Line 0 is the path itself. */
  secrets: (found: readonly Place[]): string => {
    const places = found.map(({ path, line, kind }) => {
      return `${shownPath(path)} ${line === 0 ? "by its name" : `line ${line}`} (${kind})`;
    });
    return `Not finished: the edits add what looks like a secret, and nothing with a secret is published: ${places.join(", ")}. Take it out (read it from the environment, or write an obvious placeholder), then call finish again.`;
  },

  /** The repository's check failed behind a finish. */
  checkFailed: ({ command, ending, output, failedBefore }: Feedback): string => {
    const before = failedBefore === undefined ? "" : BEFORE[failedBefore ? "failed" : "passed"];
    const shown = output === "" ? " It printed nothing." : ` The end of what it printed:\n${fenced(output)}`;
    return `Your work was checked in a sandbox with ${shownPath(command, MOST_COMMAND)}. ${ending}${before} Repair it, then call finish again with a title and summary of the whole change. If it cannot or should not be repaired, call finish and say so in the summary. Do not weaken or skip a check to make it pass.${shown}`;
  },

  /** Another model goes on with the conversation. `changed`: the paths edited so far. */
  handover: ({ changed }: { readonly changed: readonly string[] }): string => {
    const shown = changed.slice(0, MOST_PATHS).map((path) => shownPath(path));
    const more = changed.length - shown.length;
    const edits =
      shown.length === 0
        ? "Nothing has been edited yet."
        : `Edited so far: ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
    return `You take over from another model; what it said and did is above. ${edits} These edits are in the repository as you see it. Go on from there, with the task of the first message: do not start again, and do not take over a mistake only because it is there.`;
  },
} as const;

const BEFORE = {
  failed:
    " It failed on the repository as it was before your edits too, so not all of it need be your doing: repair what your edits broke or the task is about, and leave the rest.",
  passed: " It did not fail on the repository as it was before your edits, so they are the likely cause.",
} as const;
const BUDGETS = { turns: "turns", tokens: "tokens", cost: "money", time: "time" } as const;
