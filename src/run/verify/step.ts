/** The verify step: runs the repository's own checks on the change, and lets the agent repair what they find. */

import { SandboxError } from "../../sandbox/sandbox-error.ts";
import { hideSecrets } from "../../secrets/hide-secrets.ts";
import type { PathEdit, Workspace } from "../../workspace/workspace.ts";
import type { RunOutput } from "../checkpoint.ts";
import type { RunEvent } from "../events.ts";
import { checkpointMark, workspaceOf } from "../resume.ts";
import { sandboxOf, whyNoSandbox } from "../sandbox-of.ts";
import { known, type RunState, type Verification } from "../state.ts";
import { type StepOutcome, step } from "../step.ts";
import { type Check, type CheckToRun, checkBefore, runCheck } from "./check.ts";
import { takeCommandChanges } from "./command-changes.ts";
import { named } from "./named.ts";
import { whyNoVerdict } from "./no-verdict.ts";
import { ownSay } from "./own-say.ts";
import type { CheckPlan } from "./plan.ts";
import { feedbackOf, mayTryAgain, tryAgain } from "./try-again.ts";
import { noVerdict, publicVerification, verdictOf, withNotes } from "./verdict.ts";

/** Sets `facts.verification`. Without a sandbox that is all there is to say, and it is no step. */
export async function* verifyStep(state: RunState): AsyncGenerator<RunOutput, void> {
  const { facts } = state;
  const why = whyNoSandbox(state);
  if (why !== undefined) {
    facts.verification = { status: "not_verified", message: why };
    facts.finished = [...facts.finished, "verify"];
    delete facts.transcript;
    yield checkpointMark(state);
    yield notVerifiedWarning(why);
    return;
  }
  yield* step(state, "verify", "Looking for how the repository is checked.", verify(state));
}

async function* verify(state: RunState): AsyncGenerator<RunOutput, StepOutcome> {
  const { facts } = state;
  const { workspace } = await workspaceOf(state);
  const { plan } = known(await sandboxOf(state, workspace), "sandbox");
  // Said with the first checkpoint of this step, if there was one.
  for (const message of facts.verifying === undefined ? plan.problems : [])
    yield { type: "warning", message, code: "settings_ignored" };
  let patch: string | undefined;
  const checked = yield* checks(state, workspace, plan, (changed) => {
    patch = changed;
  });
  const say = checked.command === undefined ? [] : await ownSay(state, checked.command);
  const verdict = await withNotes(state, checked, [...plan.problems, ...say]);
  delete facts.transcript;
  delete facts.verifying;
  facts.verification = verdict;
  if (verdict.status === "not_verified" && facts.nothing === undefined)
    yield notVerifiedWarning(verdict.message);
  if (verdict.status === "failed")
    yield { type: "warning", message: verdict.message, code: "verification_failed" };
  return {
    message: facts.nothing?.reason ?? verdict.message,
    result: { verification: publicVerification(verdict) },
    ...(patch === undefined ? {} : { patch }),
  };
}

/** Checks until one passes, or nobody is left to repair what fails. `onPatch` is told of a change of the change. */
async function* checks(
  state: RunState,
  workspace: Workspace,
  plan: CheckPlan,
  onPatch: (patch: string | undefined) => void,
): AsyncGenerator<RunOutput, Verification> {
  const { facts, signal } = state;
  const { commands } = known(state.sandbox, "sandbox");
  const { test } = plan;
  if (test === undefined) return nothingToRun();
  const toRun = { ...plan, test };
  const name = await named(state, test.command);
  facts.verifying ??= {};
  let told: { readonly check: Check; readonly edits: readonly PathEdit[] } | undefined;
  for (;;) {
    const { feedback, atWork } = facts.verifying;
    if (feedback !== undefined && atWork === true) {
      onPatch(yield* tryAgain(state, workspace, feedback));
      if (facts.nothing !== undefined) return nothingLeft(facts.nothing.reason);
      // What has not changed need not be checked once more.
      if (told !== undefined && areSame(told.edits, workspace.edits())) {
        const reason = facts.verifying.stopped ?? "The agent changed nothing more.";
        return await verdictOf(state, told.check, reason);
      }
    }
    let check: Check;
    try {
      yield { type: "progress", step: "verify", message: announcement(toRun, name) };
      // What another command left where git ignores it would speak for a change that does not have it.
      await commands.close();
      check = yield* runCheck(commands, toRun, signal);
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error;
      const earlier = feedback === undefined ? "" : " It had failed before the agent's last repair.";
      const message = `${name} was not run to its end. ${error.message}${earlier}`;
      return await notVerified(state, message);
    } finally {
      // A run that kept it while it asks for another one could wait for itself: runners bound how many there are.
      await commands.close();
    }
    const taken = yield* takeCommandChanges(state, workspace, check.ran);
    check = { ...check, notes: [...check.notes, ...taken.notes] };
    if (taken.patch !== undefined) onPatch(taken.patch);
    if (facts.nothing !== undefined) return nothingLeft(facts.nothing.reason);
    if (check.passed) return await verdictOf(state, check);
    if (facts.verifying.before === undefined && !check.outOfTime) {
      const message = "The check failed; seeing whether it did before the change.";
      yield { type: "progress", step: "verify", message };
      const before = await checkBefore(state, workspace, toRun);
      facts.verifying = { ...facts.verifying, before };
    }
    const why = whyNoVerdict(check, facts.verifying.before, await named(state, check.ran.command));
    if (why !== undefined) return await noVerdict(state, check, why);
    if (check.outOfTime || !mayTryAgain(state)) return await verdictOf(state, check, facts.verifying.stopped);
    told = { check, edits: workspace.edits() };
    yield* feedbackOf(state, check);
  }
}

function areSame(before: readonly PathEdit[], after: readonly PathEdit[]): boolean {
  const stamps = new Map(before.map(({ path, stamp }) => [path, stamp]));
  const same = ({ path, stamp }: PathEdit) => stamps.has(path) && stamps.get(path) === stamp;
  return before.length === after.length && after.every(same);
}

/** The sentence that says what is run, why this, and whether dependencies are installed for it. */
function announcement({ needsNetwork, test }: CheckToRun, name: string): string {
  const install =
    needsNetwork === undefined
      ? ""
      : ` Its dependencies are installed with ${JSON.stringify(needsNetwork)} first where the sandbox has a network.`;
  return `Running ${name}, since ${test.because}.${install}`;
}

function nothingToRun(): Verification {
  const message =
    "No command was run on the change: neither the request (test_command) nor the repository says how it is tested.";
  return { status: "not_verified", message };
}

function nothingLeft(reason: string): Verification {
  return { status: "not_verified", message: reason };
}

async function notVerified({ deps }: RunState, message: string): Promise<Verification> {
  return { status: "not_verified", message: await hideSecrets(deps.redact(message)) };
}

function notVerifiedWarning(message: string): RunEvent {
  return { type: "warning", message: `Not verified. ${message}`, code: "not_verified" };
}
