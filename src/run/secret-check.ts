/** The last look at the edits before they leave: none may add a secret, the service's own or anybody's. */
import { ServiceError } from "../errors.ts";
import { type FoundSecret, findSecrets } from "../secrets/find-secrets.ts";
import { readingsOf } from "../secrets/readings.ts";
import type { Change, Workspace } from "../workspace/workspace.ts";

const MOST_NAMED = 5;

/**
 * Throws `secret_in_change`, which says where the secrets are and of what kind, never what they are; a file
 * whose name is what holds one is not named.
 */
export async function checkForSecrets(
  workspace: Workspace,
  changes: readonly Change[],
  holdsSecret: (text: string) => boolean,
): Promise<void> {
  for (const change of changes) {
    if (change.kind === "deleted") continue;
    if (holdsSecret(change.path)) throw ownSecret("a file");
    if (change.kind === "renamed" || !(await isFile(workspace, change.path))) continue;
    for (const text of readingsOf(await workspace.read(change.path))) {
      if (holdsSecret(text)) throw ownSecret(JSON.stringify(change.path));
    }
  }
  const found = await findSecrets(workspace, changes);
  if (found.length > 0) throw addedSecrets(found);
}

/** A link that was moved has no content to look at. */
async function isFile(workspace: Workspace, path: string): Promise<boolean> {
  const kind = (await workspace.entry(path))?.kind;
  return kind === "file" || kind === "executable";
}

function ownSecret(what: string): ServiceError {
  return new ServiceError(
    "secret_in_change",
    `The change to ${what} contains a secret of this service, so nothing was pushed. Take it out of the prompt.`,
  );
}

function addedSecrets(found: readonly FoundSecret[]): ServiceError {
  const secretNames = new Set(found.filter(({ line }) => line === 0).map(({ path }) => path));
  const places = found.slice(0, MOST_NAMED).map(({ path, line, kind }) => {
    if (line === 0) return `the name of a file (${kind})`;
    const file = secretNames.has(path) ? "that file" : JSON.stringify(path);
    return `${file}, line ${line} (${kind})`;
  });
  const more = found.length > MOST_NAMED ? " and in more places" : "";
  return new ServiceError(
    "secret_in_change",
    `The change adds what looks like a secret, so nothing was pushed: ${places.join("; ")}${more}. Ask for a change that reads it from where the program runs, or has a placeholder in its place.`,
  );
}
