/** What a check changed in its sandbox becomes part of the change, if it may be. */
import { ServiceError } from "../../errors.ts";
import type { Ran } from "../../sandbox/run-sandbox.ts";
import type { Workspace } from "../../workspace/workspace.ts";
import type { RunOutput } from "../checkpoint.ts";
import { settleEdits } from "../edit.ts";
import { checkForSecrets } from "../secret-check.ts";
import type { RunState } from "../state.ts";

/** The patch of the change with it; undefined when there is nothing new. Secrets a command wrote are no reason to fail. */
export async function* takeCommandChanges(
  state: RunState,
  workspace: Workspace,
  { takenBack, notTaken }: Ran,
): AsyncGenerator<RunOutput, { readonly patch: string | undefined } | undefined> {
  const { facts, deps } = state;
  for (const message of [...(notTaken === undefined ? [] : [notTaken]), ...takenBack.refused])
    yield { type: "warning", message, code: "command_changes_left_out" };
  if (takenBack.changed.length === 0) return undefined;
  try {
    await checkForSecrets(workspace, await workspace.changes(), deps.holdsSecret);
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "secret_in_change") throw error;
    await takenBack.undo();
    const message = "What the command changed was left out, because it holds what looks like a secret.";
    yield { type: "warning", message, code: "command_changes_left_out" };
    return undefined;
  }
  const patch = yield* settleEdits(state, workspace);
  const there = facts.changes.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from]));
  const named = new Set([...(facts.verifying?.changed ?? []), ...takenBack.changed]);
  facts.verifying = { ...facts.verifying, changed: there.filter((path) => named.has(path)) };
  return { patch };
}
