/** The story of a run: preflight → clone → analyse → edit → verify → commit → push → pull request. */
import { isAbort, ServiceError } from "../errors.ts";
import { analyseStep, cloneStep, editStep, preflightStep, publicChange } from "./before-push.ts";
import type { RunContext, RunDeps } from "./deps.ts";
import type { DoneEvent, DoneStatus, RunEvent } from "./events.ts";
import { commitStep, pullRequestStep, pushStep } from "./publish.ts";
import type { RunRequest } from "./request.ts";
import { newRunState, type RunState } from "./state.ts";

/**
 * Carries out one request and yields what happens. Ends with exactly one `done` and never throws
 * for anything but a defect: errors become an `error` event, an abort becomes `done cancelled`,
 * running out of time `done limit_reached`. Whatever was edited by then stands in `done.patch`
 * unless it has become a branch.
 */
export async function* run(
  request: RunRequest,
  deps: RunDeps,
  context: RunContext,
): AsyncGenerator<RunEvent> {
  const deadline = AbortSignal.timeout(request.limits.timeout_seconds * 1000);
  const signal = AbortSignal.any([context.signal, deadline]);
  const state = newRunState(request, deps, context.runId, signal);
  try {
    yield* introduction(state);
    const status = yield* story(state);
    yield await done(state, status);
  } catch (error) {
    if (context.signal.aborted) {
      state.ending = "Cancelled. Nothing more is sent.";
      yield await done(state, "cancelled");
    } else if (deadline.aborted) {
      const message = `The run took longer than its limit of ${request.limits.timeout_seconds} s (limits.timeout_seconds).`;
      yield { type: "error", message, code: "timeout", retryable: true };
      state.ending = message;
      yield await done(state, "limit_reached");
    } else if (error instanceof ServiceError) {
      yield { type: "error", message: error.message, code: error.code, retryable: error.retryable };
      state.ending = error.message;
      yield await done(state, "failed");
    } else {
      throw isAbort(error) ? new Error("aborted by nobody", { cause: error }) : error;
    }
  }
}

async function* story(state: RunState): AsyncGenerator<RunEvent, DoneStatus> {
  const { signal } = state;
  yield* preflightStep(state);
  signal.throwIfAborted();
  yield* cloneStep(state);
  signal.throwIfAborted();
  yield* analyseStep(state);
  signal.throwIfAborted();
  if (!(yield* editStep(state))) return "no_changes";
  signal.throwIfAborted();
  yield* verification(state);
  if (state.mode === "patch") return "succeeded";
  yield* commitStep(state);
  signal.throwIfAborted();
  yield* pushStep(state);
  if (state.mode === "branch") return "succeeded";
  signal.throwIfAborted();
  yield* pullRequestStep(state);
  return "succeeded";
}

function* introduction(state: RunState): Generator<RunEvent> {
  const { request, chosen } = state;
  yield {
    type: "info",
    message: `Working on ${request.repo.owner}/${request.repo.name} with the ${chosen.agent.name} agent.`,
    run_id: state.runId,
    request: {
      repoUrl: request.repoUrl,
      prompt: state.prompt,
      use_llm: request.use_llm,
      llm_provider: request.llm_provider,
      ...(request.llm_model === undefined ? {} : { llm_model: request.llm_model }),
      use_cloud_sandbox: request.use_cloud_sandbox,
      sandbox_provider: request.sandbox_provider,
      ...(request.base_branch === undefined ? {} : { base_branch: request.base_branch }),
      ...(request.test_command === undefined ? {} : { test_command: request.test_command }),
      draft: request.draft,
      mode: request.mode,
      allow_workflows: request.allow_workflows,
      limits: { ...request.limits },
    },
    agent: chosen.agent.name,
    agent_reason: chosen.reason,
  };
  if (chosen.fallback) yield { type: "warning", message: chosen.reason, code: "agent_fallback" };
}

/** There is no sandbox to run commands in, and the caller is told so. */
function* verification(state: RunState): Generator<RunEvent> {
  const { use_cloud_sandbox, sandbox_provider } = state.request;
  state.verification = use_cloud_sandbox
    ? `No command was run on the change: the request asked for the ${sandbox_provider} sandbox, which this service does not have yet.`
    : "No command was run on the change: this service has no sandbox yet.";
  yield { type: "warning", message: `Not verified. ${state.verification}`, code: "not_verified" };
}

async function done(state: RunState, status: DoneStatus): Promise<DoneEvent> {
  const patch = await keptPatch(state);
  return {
    type: "done",
    message: state.ending ?? endingOf(state, status),
    status,
    pr_url: state.pullRequest?.url ?? null,
    branch: state.branch ?? null,
    commit: state.pushedCommit ?? null,
    changes: state.changes.map(publicChange),
    agent: state.chosen.agent.name,
    usage: state.usage,
    ...(patch === undefined ? {} : { patch }),
    ...(state.understood === undefined ? {} : { understood: state.understood }),
  };
}

/** Nothing that was edited gets lost: what did not become a branch is handed over as a patch. */
async function keptPatch(state: RunState): Promise<string | undefined> {
  if (state.patch !== undefined) return state.patch;
  if (state.pushedCommit !== undefined || state.changes.length === 0) return undefined;
  try {
    return await state.opened?.workspace.diff();
  } catch (error) {
    // The patch may need a file that an aborted or refused request can no longer bring.
    if (error instanceof ServiceError || isAbort(error)) return undefined;
    throw error;
  }
}

function endingOf(state: RunState, status: DoneStatus): string {
  const count = state.changes.length === 1 ? "1 file" : `${state.changes.length} files`;
  if (status === "no_changes") return "Nothing was changed.";
  if (state.pullRequest !== undefined)
    return `Done: ${count} changed, pull request at ${state.pullRequest.url}.`;
  if (state.branch !== undefined) return `Done: ${count} changed on branch ${state.branch}.`;
  return `Done: ${count} changed; the patch is in this event, apply it with git apply.`;
}
