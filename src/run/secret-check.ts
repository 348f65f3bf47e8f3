/** The last look at the edits before they leave: none may carry one of the service's own secrets. */
import { ServiceError } from "../errors.ts";
import type { Change, Workspace } from "../workspace/workspace.ts";

/** Throws `secret_in_change`, naming the file unless its name is what holds the secret. */
export async function checkForSecrets(
  workspace: Workspace,
  changes: readonly Change[],
  holdsSecret: (text: string) => boolean,
): Promise<void> {
  for (const change of changes) {
    if (change.kind === "deleted") continue;
    if (holdsSecret(change.path)) throw refusal("a file");
    if (change.kind === "renamed") continue;
    const text = new TextDecoder("latin1").decode(await workspace.read(change.path));
    if (holdsSecret(text)) throw refusal(JSON.stringify(change.path));
  }
}

function refusal(what: string): ServiceError {
  return new ServiceError(
    "secret_in_change",
    `The change to ${what} contains a secret of this service, so nothing was pushed. Take it out of the prompt.`,
  );
}
