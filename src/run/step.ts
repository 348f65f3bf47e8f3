/** One step: a `progress` when it starts, more while it runs, a `success` with its result and time. */
import type { ForgeCall } from "../forge/forge.ts";
import type { RunOutput } from "./checkpoint.ts";
import type { RunEvent, Step } from "./events.ts";
import { checkpointMark } from "./resume.ts";
import type { RunState } from "./state.ts";

export interface StepOutcome {
  readonly message: string;
  readonly result: Extract<RunEvent, { type: "success" }>["result"];
  readonly prUrl?: string;
  /** The change as a patch, once it is known. */
  readonly patch?: string;
}

export type Emit = (event: RunEvent) => void;

/** Runs `work` as a step. The step counts as finished in the checkpoint that comes with its `success`. */
export async function* step(
  state: RunState,
  name: Step,
  message: string,
  work: AsyncGenerator<RunOutput, StepOutcome>,
): AsyncGenerator<RunOutput, void> {
  const started = state.deps.now().getTime();
  if (state.facts.begun !== name) yield { type: "progress", step: name, message };
  state.facts.begun = name;
  const outcome = yield* work;
  state.facts.finished = [...state.facts.finished, name];
  yield checkpointMark(state, outcome);
  yield {
    type: "success",
    step: name,
    message: outcome.message,
    result: outcome.result,
    duration_ms: Math.max(0, state.deps.now().getTime() - started),
    ...(outcome.prUrl === undefined ? {} : { pr_url: outcome.prUrl }),
  };
}

/** How forge calls are made inside a step: with the run's signal, and waits shown to the reader. */
export function callWith(state: RunState, emit: Emit): ForgeCall {
  return {
    signal: state.signal,
    onWait: ({ reason, milliseconds }) => {
      const message = `${reason}; trying again in ${Math.ceil(milliseconds / 1000)} s.`;
      emit({ type: "warning", message, code: "waiting" });
    },
  };
}
