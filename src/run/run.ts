/** The story of a run: preflight → clone → analyse → edit → verify → commit → push → pull request. */
import { isAbort, ServiceError } from "../errors.ts";
import { analyseStep, cloneStep, preflightStep } from "./before-push.ts";
import type { RunOutput } from "./checkpoint.ts";
import { commitStep } from "./commit.ts";
import { agentTime } from "./deadline.ts";
import type { RunContext, RunDeps } from "./deps.ts";
import { done } from "./done.ts";
import { editStep } from "./edit.ts";
import type { DoneStatus, Step } from "./events.ts";
import { introduce } from "./introduction.ts";
import { pullRequestStep, pullRequestUnderWay } from "./pull-request.ts";
import { pushStep, pushUnderWay } from "./push.ts";
import type { RunRequest } from "./request.ts";
import { takeUp } from "./resume.ts";
import { newRunState, type RunState, type UnderWay } from "./state.ts";
import { verifyStep } from "./verify/step.ts";

/**
 * Carries out one request, or goes on with it from a checkpoint, and yields what happens. Ends with
 * exactly one `done`, or with a suspension, and never throws for anything but a defect: errors
 * become an `error` event, an abort becomes `done cancelled`, running out of time `done
 * limit_reached`. An agent that stops before it is done ends as `limit_reached` too, after what it did
 * was published. Whatever was edited by then stands in `done.patch` unless it has become a branch.
 */
export async function* run(
  request: RunRequest,
  deps: RunDeps,
  context: RunContext,
): AsyncGenerator<RunOutput> {
  const limit = request.limits.timeout_seconds * 1000;
  const startedAt = performance.now();
  const timeFor = (time: number) => Math.max(0, time - (context.activeMs ?? 0));
  const endOf = (time: number) => AbortSignal.timeout(timeFor(time));
  const deadline = endOf(limit);
  const signal = AbortSignal.any([context.signal, deadline]);
  const agentDeadline = endOf(agentTime(limit));
  const agentTimeLeft = () => timeFor(agentTime(limit)) - (performance.now() - startedAt);
  const state = newRunState(request, deps, context.runId, { signal, agentDeadline, agentTimeLeft });
  try {
    if (context.resume !== undefined) takeUp(state, context.resume);
    else if (context.introduced !== true)
      yield* introduce(request, state.chosen, state.prompt, context.runId);
    state.underWay = leftUnderWay(state);
    const status = yield* story(state);
    yield await done(state, status);
  } catch (error) {
    if (context.signal.aborted) {
      const { underWay } = state;
      const message =
        underWay === undefined ? "Cancelled." : `Cancelled while ${underWay.doing}; ${underWay.effect}.`;
      yield await done(state, "cancelled", `${message} Nothing more is sent.`);
    } else if (deadline.aborted) {
      const { underWay } = state;
      const late = `The run took longer than its limit of ${request.limits.timeout_seconds} s (limits.timeout_seconds).`;
      const message = underWay === undefined ? late : `${late} It was ${underWay.doing}; ${underWay.effect}.`;
      yield { type: "error", message, code: "timeout", retryable: true };
      yield await done(state, "limit_reached", message);
    } else if (error instanceof ServiceError) {
      const until = suspension(error, deps, context);
      if (until !== undefined) {
        const message = `A rate limit is used up; the run goes on by itself after ${new Date(until).toISOString()}.`;
        yield { type: "warning", message, code: "waiting" };
        yield { type: "suspend", until };
        return;
      }
      yield { type: "error", message: error.message, code: error.code, retryable: error.retryable };
      yield await done(state, "failed", error.message);
    } else {
      throw isAbort(error) ? new Error("aborted by nobody", { cause: error }) : error;
    }
  } finally {
    await state.sandbox?.commands.close();
  }
}

async function* story(state: RunState): AsyncGenerator<RunOutput, DoneStatus> {
  const { facts } = state;
  const unfinished = (step: Step): boolean => {
    if (facts.finished.includes(step)) return false;
    state.signal.throwIfAborted();
    return true;
  };
  if (unfinished("preflight")) yield* preflightStep(state);
  if (unfinished("clone")) yield* cloneStep(state);
  if (unfinished("analyse")) yield* analyseStep(state);
  if (unfinished("edit")) yield* editStep(state);
  const published = facts.unfinished === undefined ? "succeeded" : "limit_reached";
  const nothing = facts.unfinished === undefined ? "no_changes" : published;
  if (facts.nothing !== undefined) return nothing;
  if (unfinished("verify")) yield* verifyStep(state);
  if (facts.nothing !== undefined) return nothing;
  if (facts.mode === "patch") return published;
  if (unfinished("commit")) yield* commitStep(state);
  if (unfinished("push")) yield* pushStep(state);
  if (facts.mode === "branch") return published;
  if (unfinished("pull_request")) yield* pullRequestStep(state);
  return published;
}

/** What an attempt before this one may have sent without hearing the end of it. */
function leftUnderWay(state: RunState): UnderWay | undefined {
  if (state.resumedAfter === "commit") return pushUnderWay(state);
  const opens = state.resumedAfter === "push" && state.facts.mode === "pull_request";
  return opens ? pullRequestUnderWay(state) : undefined;
}

/** When to go on, for an error that waiting cures, if the run may be suspended for so long. */
function suspension(error: ServiceError, deps: RunDeps, context: RunContext): number | undefined {
  if (error.retryAt === undefined) return undefined;
  return error.retryAt - deps.now().getTime() <= (context.maxSuspendMs ?? 0) ? error.retryAt : undefined;
}
