/** The step in which the agent works, and what its edits amount to. */
import type { AgentOutcome } from "../agent/agent.ts";
import type { Change, Workspace } from "../workspace/workspace.ts";
import type { RunOutput } from "./checkpoint.ts";
import type { DoneEvent, RunEvent } from "./events.ts";
import { fitsEvent, patchAddress } from "./patch.ts";
import { isProtected } from "./protected-paths.ts";
import { checkpointMark, workspaceOf } from "./resume.ts";
import { checkForSecrets } from "./secret-check.ts";
import { known, nameOf, type RunState } from "./state.ts";
import { type StepOutcome, step } from "./step.ts";

/** Runs the agent and settles what its edits amount to; `facts.nothing` is set when there is nothing to publish. */
export function editStep(state: RunState): AsyncGenerator<RunOutput, void> {
  return step(state, "edit", `The ${state.facts.agent.name} agent starts.`, edit(state));
}

async function* edit(state: RunState): AsyncGenerator<RunOutput, StepOutcome> {
  const { facts } = state;
  const { workspace } = await workspaceOf(state);
  const outcome = yield* agentAtWork(state, workspace);
  delete facts.transcript;
  if (outcome.status === "no_changes") {
    facts.nothing = { reason: outcome.reason, understood: [...outcome.understood] };
    return { message: outcome.reason, result: {} };
  }
  const all = await workspace.changes();
  const changes = (yield* leaveOutProtected(state, workspace, all)) ? await workspace.changes() : all;
  await checkForSecrets(workspace, changes, state.deps.holdsSecret);
  const patch = changes.length === 0 ? facts.leftOut?.patch : await workspace.diff();
  facts.title = outcome.title;
  facts.summary = outcome.summary;
  facts.changes = changes;
  if (patch !== undefined) {
    facts.patchLength = patch.length;
    if (fitsEvent(patch.length)) state.patch = patch;
  }
  for (const change of changes)
    yield { type: "change", message: sentenceFor(change), ...publicChange(change) };
  if (changes.length === 0) facts.nothing = { reason: whyNothing(state) };
  return {
    message: changes.length === 0 ? "Nothing to change is left." : outcome.title,
    result: { title: outcome.title },
    ...(patch === undefined ? {} : { patch }),
  };
}

/** What the agent says, each turn's checkpoint made into the run's. */
async function* agentAtWork(state: RunState, workspace: Workspace): AsyncGenerator<RunOutput, AgentOutcome> {
  const { facts, prompt, signal } = state;
  const events = state.chosen.agent.run({
    prompt,
    repository: nameOf(known(facts.repository, "repository").ref),
    workspace,
    signal,
    ...(facts.transcript === undefined ? {} : { transcript: facts.transcript }),
  });
  let turnEnds = false;
  for (;;) {
    const next = await events.next();
    if (next.done === true) return next.value;
    signal.throwIfAborted();
    const event = next.value;
    if (event.type === "checkpoint") {
      facts.transcript = event.transcript;
      turnEnds = true;
      continue;
    }
    if (event.type === "usage") {
      const { type: _type, message: _message, ...usage } = event;
      facts.usage = usage;
    }
    if (turnEnds) yield checkpointMark(state);
    turnEnds = false;
    yield event.type === "tool" ? { ...event, input: { ...event.input } } : event;
  }
}

/** Takes back edits that need consent and have none; returns whether there were any. */
async function* leaveOutProtected(
  state: RunState,
  workspace: Workspace,
  changes: readonly Change[],
): AsyncGenerator<RunEvent, boolean> {
  if (state.request.allow_workflows) return false;
  const held = changes.filter(
    (change) => isProtected(change.path) || (change.from !== undefined && isProtected(change.from)),
  );
  if (held.length === 0) return false;
  const paths = held.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from]));
  state.facts.leftOut = {
    paths: held.map(({ path }) => path),
    reason: "These files are protected, and the request did not consent to changing them (allow_workflows).",
    patch: await workspace.diff(paths),
  };
  workspace.revert(paths);
  for (const { path } of held) {
    const message = `${JSON.stringify(path)} is protected and was left out. Send "allow_workflows": true to let it be changed.`;
    yield { type: "warning", message, code: "protected_path" };
  }
  return true;
}

function whyNothing({ facts, runId }: RunState): string {
  if (facts.leftOut === undefined) return "The repository already is as asked; nothing was changed.";
  const where = fitsEvent(facts.leftOut.patch.length) ? "in this event" : `at ${patchAddress(runId)}`;
  return `Only protected files would change. Send "allow_workflows": true to consent; the patch is ${where}.`;
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
