/** Runs the check once, on the change or on the repository as it was, and makes of it what a run needs to know. */
import { commandSentences, endingWords, ranOutOfRunTime } from "../../sandbox/ending-words.ts";
import type { Ran, RunSandbox } from "../../sandbox/run-sandbox.ts";
import { SandboxError } from "../../sandbox/sandbox-error.ts";
import type { Workspace } from "../../workspace/workspace.ts";
import type { RunEvent } from "../events.ts";
import { baseSandbox } from "../sandbox-of.ts";
import { known, type RunState, type Verifying } from "../state.ts";
import type { CheckPlan } from "./plan.ts";
import { createTail, type Tail } from "./tail.ts";

export interface Check {
  readonly ran: Ran;
  readonly passed: boolean;
  /** What goes behind the command: "ended with exit code 1". */
  readonly words: string;
  /** Sentences about what else there is to know. */
  readonly notes: readonly string[];
  /** One of them, which explains what fails: that dependencies were not installed. */
  readonly notInstalled: string | undefined;
  /** True when it was ended because the run has no more time for it. */
  readonly outOfTime: boolean;
  readonly tail: Tail;
}

/** A plan that says what to run. */
export type CheckToRun = Pick<CheckPlan, "needsNetwork"> & {
  readonly test: NonNullable<CheckPlan["test"]>;
};

/** Yields what is printed. Throws SandboxError when it cannot be run. */
export async function* runCheck(
  sandbox: RunSandbox,
  { test, needsNetwork }: CheckToRun,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, Check> {
  const tail = createTail();
  const running = sandbox.execute(test.command, signal);
  for (;;) {
    const next = await running.next();
    if (next.done === true) return checkOf(next.value, tail, needsNetwork);
    tail.push(next.value.data);
    yield next.value;
  }
}

/** How the same goes on the repository without the change; null when that cannot be found out. Prints nothing. */
export async function checkBefore(
  state: RunState,
  workspace: Workspace,
  check: CheckToRun,
): Promise<NonNullable<Verifying["before"]> | null> {
  const sandbox = baseSandbox(state, workspace, known(state.sandbox, "sandbox"));
  if (sandbox === undefined) return null;
  try {
    const running = runCheck(sandbox, check, state.signal);
    for (;;) {
      const next = await running.next();
      if (next.done !== true) continue;
      const { ran, passed, outOfTime } = next.value;
      if (outOfTime) return null;
      return { phase: ran.phase, failed: !passed, exitCode: ran.end.exit_code };
    }
  } catch (error) {
    if (error instanceof SandboxError) return null;
    throw error;
  } finally {
    await sandbox.close();
  }
}

function checkOf(ran: Ran, tail: Tail, needsNetwork: string | undefined): Check {
  const { end, description, leftOut, takenBack, notTaken } = ran;
  const passed = ran.phase === "command" && end.ending === "exited" && end.exit_code === 0;
  const { links, names, large } = leftOut;
  const missing = [
    ...(links === 0 ? [] : [`${links} ${links === 1 ? "link or submodule" : "links and submodules"}`]),
    ...(names === 0 ? [] : [`${names} with names that cannot be had there`]),
    ...(large === 0 ? [] : [`${large} too large`]),
  ];
  const notInstalled =
    needsNetwork === undefined || description.network !== "none"
      ? undefined
      : `Its dependencies were not installed (${needsNetwork}): the sandbox has no network.`;
  const outOfTime = ranOutOfRunTime(end, description.limits);
  return {
    ran,
    passed,
    notInstalled,
    outOfTime,
    words: endingWords(end, description.limits),
    notes: [
      ...(outOfTime ? ["The run had no more time for it (limits.timeout_seconds)."] : []),
      ...(notInstalled === undefined ? [] : [notInstalled]),
      ...commandSentences(end),
      ...(missing.length === 0
        ? []
        : [`The sandbox did not have all of the repository: ${missing.join(", ")}.`]),
      ...(notTaken === undefined ? [] : [notTaken]),
      ...takenBack.refused,
    ],
    tail,
  };
}
