/** A run's sandbox: whether it has one, and where this process keeps it. */

import type { RunnerClient } from "../sandbox/client.ts";
import { createRunSandbox, type RunSandbox } from "../sandbox/run-sandbox.ts";
import type { RunnerProvider } from "../sandbox/wire.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { RunState } from "./state.ts";
import { planChecks } from "./verify/plan.ts";

/** A sentence: why the run has no sandbox; undefined when it has one. */
export function whyNoSandbox({ request, deps }: Pick<RunState, "request" | "deps">): string | undefined {
  if (!request.use_cloud_sandbox) {
    return "No command was run on the change: the request asked for no sandbox.";
  }
  if (deps.runner === undefined) {
    return "No command was run on the change: this service has no sandbox-runner (SANDBOX_RUNNER_URL).";
  }
  return request.sandbox_provider === "local"
    ? "No command was run on the change: the sandbox 'local' edits files and runs nothing (sandbox_provider)."
    : undefined;
}

/** The sandbox and the commands for it, once for each process; nothing is sent before the first command. */
export async function sandboxOf(
  state: RunState,
  workspace: Workspace,
): Promise<NonNullable<RunState["sandbox"]> | undefined> {
  const where = placeOf(state);
  if (where === undefined) return undefined;
  if (state.sandbox === undefined) {
    const plan = await planChecks(state.request, workspace);
    state.sandbox = { plan, commands: createSandbox(state, workspace, where, plan.setupFor) };
  }
  return state.sandbox;
}

/** A sandbox of its own with the repository as the base commit has it; for whoever closes it. */
export function baseSandbox(
  state: RunState,
  workspace: Workspace,
  { plan }: NonNullable<RunState["sandbox"]>,
): RunSandbox | undefined {
  const where = placeOf(state);
  return where === undefined ? undefined : createSandbox(state, workspace, where, plan.setupFor, true);
}

interface Place {
  readonly client: RunnerClient;
  readonly provider: RunnerProvider;
}

function placeOf(state: RunState): Place | undefined {
  const { sandbox_provider: provider } = state.request;
  const { runner: client } = state.deps;
  if (whyNoSandbox(state) !== undefined || client === undefined || provider === "local") return undefined;
  return { client, provider };
}

function createSandbox(
  { deps, agentDeadline, agentTimeLeft }: RunState,
  workspace: Workspace,
  place: Place,
  setupFor: Parameters<typeof createRunSandbox>[0]["setupFor"],
  base = false,
): RunSandbox {
  const { holdsSecret } = deps;
  const time = { deadline: agentDeadline, timeLeft: agentTimeLeft };
  return createRunSandbox({ ...place, workspace, base, setupFor, holdsSecret, ...time });
}
