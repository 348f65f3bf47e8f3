/** The least that can host a run: a log kept together with checkpoints, and processes that die where a test wants. */
import { isDeepStrictEqual } from "node:util";
import type { Checkpoint, Resume, RunOutput } from "../../src/run/checkpoint.ts";
import type { RunContext, RunDeps } from "../../src/run/deps.ts";
import type { RunEvent } from "../../src/run/events.ts";
import { introduction } from "../../src/run/introduction.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { run } from "../../src/run/run.ts";
import type { SavedEdit } from "../../src/workspace/overlay.ts";

export interface Kill {
  /** Which output of the attempt is the last, from 0. */
  readonly at: number;
  /** Whether that output was kept, or the process died before it could be. */
  readonly kept: boolean;
}

export interface AttemptOptions {
  readonly kill?: Kill;
  /** Kills the process when it settles, whatever it is doing. */
  readonly killWhen?: Promise<unknown>;
  readonly context?: Partial<RunContext>;
}

export interface Journal {
  /** What readers see. */
  readonly events: readonly RunEvent[];
  /** How many outputs the attempts gave, in order. */
  readonly outputs: readonly number[];
  /** What the next attempt gets. */
  readonly resume: Resume | undefined;
  readonly patch: string | undefined;
  /** Set by an attempt that asked to be suspended. */
  readonly until: number | undefined;
  /** Runs the story from the last checkpoint to its end or its death; true when `done` is in the log. */
  attempt(deps: RunDeps, options?: AttemptOptions): Promise<boolean>;
}

/** Keeps one run. Throws from `attempt` when an attempt says something else than what the log has already. */
export function createJournal(
  request: RunRequest,
  deps: Pick<RunDeps, "chooseAgent" | "redact">,
  runId: string,
): Journal {
  const events = introduction(request, deps, runId);
  const outputs: number[] = [];
  const edits = new Map<string, SavedEdit>();
  const entries: unknown[] = [];
  let checkpoint: Checkpoint | undefined;
  let kept = events.length;
  let patch: string | undefined;
  let until: number | undefined;

  /** Takes an attempt's outputs, leaving out what the log has behind the checkpoint. */
  function keeper(): (output: RunOutput) => void {
    const again = events.slice(kept).filter((event) => !isWaiting(event));
    let mark: Extract<RunOutput, { type: "checkpoint" }> | undefined;
    return (output) => {
      if (output.type === "suspend") {
        until = output.until;
      } else if (output.type === "checkpoint") {
        mark = output;
      } else if (again.length > 0 && !isWaiting(output)) {
        const said = again.shift();
        if (mark !== undefined || !isDeepStrictEqual(timeless(output), timeless(said))) {
          throw new Error(`${JSON.stringify(output)} instead of ${JSON.stringify(said)}`);
        }
      } else {
        events.push(output);
        if (mark === undefined) return;
        checkpoint = JSON.parse(JSON.stringify(mark.checkpoint));
        for (const edit of structuredClone(mark.edits)) edits.set(edit.path, edit);
        entries.push(...JSON.parse(JSON.stringify(mark.append ?? [])));
        patch = mark.patch ?? patch;
        kept = events.length;
        mark = undefined;
      }
    };
  }

  return {
    events,
    outputs,
    get resume() {
      if (checkpoint === undefined) return undefined;
      return { checkpoint, edits: [...edits.values()], entries: [...entries] };
    },
    get patch() {
      return patch;
    },
    get until() {
      return until;
    },
    async attempt(parts, { kill, killWhen, context } = {}) {
      const process = new AbortController();
      const { resume } = this;
      const story = run(request, parts, {
        runId,
        signal: process.signal,
        introduced: true,
        ...(resume === undefined ? {} : { resume }),
        ...context,
      });
      const keep = keeper();
      const killed = killWhen?.then(() => "killed" as const);
      const die = async (pending?: Promise<unknown>): Promise<false> => {
        process.abort();
        await pending?.catch(() => undefined);
        await story.return(undefined);
        return false;
      };
      outputs.push(0);
      until = undefined;
      for (let count = 0; ; count++) {
        const pending = story.next();
        const next = await (killed === undefined ? pending : Promise.race([pending, killed]));
        if (next === "killed") return await die(pending);
        if (next.done === true) return events.at(-1)?.type === "done";
        outputs[outputs.length - 1] = count + 1;
        if (kill?.at === count && !kill.kept) return await die();
        keep(next.value);
        if (kill?.at === count) return await die();
      }
    },
  };
}

function isWaiting(event: RunEvent): boolean {
  return event.type === "warning" && event.code === "waiting";
}

function timeless(event: RunEvent | undefined): unknown {
  return event?.type === "success" ? { ...event, duration_ms: 0 } : event;
}
