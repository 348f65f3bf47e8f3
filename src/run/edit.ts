/** The step in which the agent works, and what its edits amount to. */
import type { AgentOutcome } from "../agent/agent.ts";
import { hideSecrets } from "../secrets/hide-secrets.ts";
import type { Change, Workspace } from "../workspace/workspace.ts";
import { agentAtWork } from "./agent-at-work.ts";
import type { RunOutput } from "./checkpoint.ts";
import type { DoneEvent, RunEvent } from "./events.ts";
import { leaveOutProtected } from "./left-out.ts";
import { fitsEvent, patchAddress } from "./patch.ts";
import { workspaceOf } from "./resume.ts";
import { checkForSecrets } from "./secret-check.ts";
import type { RunState } from "./state.ts";
import { type StepOutcome, step } from "./step.ts";

/** Runs the agent and settles what its edits amount to; `facts.nothing` is set when there is nothing to publish. */
export function editStep(state: RunState): AsyncGenerator<RunOutput, void> {
  return step(state, "edit", `The ${state.facts.agent.name} agent starts.`, edit(state));
}

async function* edit(state: RunState): AsyncGenerator<RunOutput, StepOutcome> {
  const { facts } = state;
  const { workspace } = await workspaceOf(state);
  const outcome = yield* agentAtWork(state, workspace);
  await takeWords(state, outcome);
  if (outcome.status === "no_changes") {
    facts.nothing = { reason: await hideSecrets(outcome.reason), understood: [...outcome.understood] };
    return { message: facts.nothing.reason, result: {} };
  }
  const patch = yield* settleEdits(state, workspace);
  return {
    message: facts.nothing === undefined ? facts.title : "Nothing to change is left.",
    result: { title: facts.title },
    ...(patch === undefined ? {} : { patch }),
  };
}

/**
 * What the edits amount to, after the last checks of them; `facts.nothing` is set when nothing is left. Returns the
 * patch. Changes that have been told are not told again. Throws `secret_in_change`.
 */
export async function* settleEdits(
  state: RunState,
  workspace: Workspace,
): AsyncGenerator<RunEvent, string | undefined> {
  const { facts } = state;
  const all = await workspace.changes();
  await checkForSecrets(workspace, all, state.deps.holdsSecret);
  const changes = (yield* leaveOutProtected(state, workspace, all)) ? await workspace.changes() : all;
  const patch = changes.length === 0 ? facts.leftOut?.patch : await workspace.diff();
  const told = new Set(facts.changes.map((change) => JSON.stringify(publicChange(change))));
  facts.changes = changes;
  delete state.patch;
  if (patch !== undefined) {
    facts.patchLength = patch.length;
    if (fitsEvent(patch.length)) state.patch = patch;
  }
  for (const change of changes) {
    const shown = publicChange(change);
    if (!told.has(JSON.stringify(shown))) yield { type: "change", message: sentenceFor(change), ...shown };
  }
  if (changes.length === 0) facts.nothing = { reason: whyNothing(state) };
  return patch;
}

/**
 * The agent's own words, as they are published. Secrets go before anything is done to the words: what is cut, or
 * broken so that it does not act, is not found any more.
 */
export async function takeWords({ deps, facts }: RunState, outcome: AgentOutcome): Promise<void> {
  if (outcome.status === "no_changes") return;
  const hide = (text: string) => hideSecrets(deps.redact(text));
  const hidden = (texts: readonly string[]) => Promise.all(texts.map(hide));
  facts.title = await hide(outcome.title);
  facts.summary = await hidden(outcome.summary);
  if (outcome.status === "edited") return;
  facts.unfinished = { reason: await hide(outcome.reason), missing: await hidden(outcome.missing) };
}

function whyNothing({ facts, runId }: RunState): string {
  const { leftOut, unfinished } = facts;
  if (leftOut === undefined) {
    return unfinished === undefined
      ? "The repository already is as asked; nothing was changed."
      : `${unfinished.reason} Nothing was changed.`;
  }
  const where = fitsEvent(leftOut.patch.length) ? "in this event" : `at ${patchAddress(runId)}`;
  const why = `Only protected files would change. Send "allow_workflows": true to consent; the patch is ${where}.`;
  return unfinished === undefined ? why : `${unfinished.reason} ${why}`;
}

/** A change as readers see it. */
export function publicChange({
  path,
  kind,
  from,
  additions,
  deletions,
}: Change): DoneEvent["changes"][number] {
  return { path, kind, ...(from === undefined ? {} : { from }), additions, deletions };
}

function sentenceFor({ path, kind, from, additions, deletions }: Change): string {
  if (kind === "renamed") return `renamed ${from} to ${path}`;
  return `${kind} ${path} (+${additions} -${deletions})`;
}
