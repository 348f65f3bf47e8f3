/** What a check changed in its sandbox becomes part of the change, if it may be. */
import type { Ran } from "../../sandbox/run-sandbox.ts";
import type { TakenBack } from "../../sandbox/take-back.ts";
import type { Workspace } from "../../workspace/workspace.ts";
import type { RunOutput } from "../checkpoint.ts";
import { settleEdits } from "../edit.ts";
import { placesOf, secretsIn } from "../secret-check.ts";
import type { RunState } from "../state.ts";

export interface TakenChanges {
  /** Of the change with them; undefined when there is nothing new. */
  readonly patch: string | undefined;
  /** Sentences about what was taken back out, although the check ran with it. */
  readonly notes: readonly string[];
}

/** Secrets a command wrote are no reason to fail: what it changed there is left out, and said to be. */
export async function* takeCommandChanges(
  state: RunState,
  workspace: Workspace,
  { takenBack, notTaken }: Ran,
): AsyncGenerator<RunOutput, TakenChanges> {
  const { facts } = state;
  for (const message of [...(notTaken === undefined ? [] : [notTaken]), ...takenBack.refused])
    yield { type: "warning", message, code: "command_changes_left_out" };
  if (takenBack.changed.length === 0) return { patch: undefined, notes: [] };
  const { taken, notes } = await withoutSecrets(state, workspace, takenBack);
  for (const message of notes) yield { type: "warning", message, code: "command_changes_left_out" };
  if (taken.length === 0) return { patch: undefined, notes };
  const patch = yield* settleEdits(state, workspace);
  const there = facts.changes.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from]));
  const named = new Set([...(facts.verifying?.changed ?? []), ...taken]);
  facts.verifying = { ...facts.verifying, changed: there.filter((path) => named.has(path)) };
  return { patch, notes };
}

async function withoutSecrets(
  { deps }: RunState,
  workspace: Workspace,
  takenBack: TakenBack,
): Promise<{ readonly taken: readonly string[]; readonly notes: readonly string[] }> {
  const look = async () => await secretsIn(workspace, await workspace.changes(), deps.holdsSecret);
  const found = await look();
  if (found.length === 0) return { taken: takenBack.changed, notes: [] };
  const places = placesOf(found);
  const out = new Set(found.flatMap(({ change }) => [change.path, change.from ?? change.path]));
  await takenBack.undo(out);
  const rest = takenBack.changed.filter((path) => !out.has(path));
  const left = "was left out, because it looks like a secret. The check ran with it.";
  // One look finds so many, and what moved to where it is with the rest of the changes is new without them.
  if ((await look()).length === 0)
    return { taken: rest, notes: [`What the command changed in ${places} ${left}`] };
  await takenBack.undo(new Set(rest));
  return { taken: [], notes: [`All that the command changed, in ${places} and elsewhere, ${left}`] };
}
