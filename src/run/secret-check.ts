/** The last look at the edits before they leave: none may add a secret, the service's own or anybody's. */
import { ServiceError } from "../errors.ts";
import { type FoundSecret, findSecrets } from "../secrets/find-secrets.ts";
import { readingsOf } from "../secrets/readings.ts";
import type { Change, Workspace } from "../workspace/workspace.ts";

const MOST_NAMED = 5;

/** Where a secret is; the words are for people, and name neither the secret nor a file whose name is one. */
export interface SecretPlace {
  readonly change: Change;
  readonly words: string;
  /** True for one of the service's own. */
  readonly own: boolean;
}

/** Throws `secret_in_change`, which says where the secrets are and of what kind, never what they are. */
export async function checkForSecrets(...look: Parameters<typeof secretsIn>): Promise<void> {
  const found = await secretsIn(...look);
  const [first] = found;
  if (first === undefined) return;
  throw first.own ? ownSecret(first.words) : addedSecrets(found);
}

/** One of the service's own alone, when there is one; else the first twenty that the change adds. */
export async function secretsIn(
  workspace: Workspace,
  changes: readonly Change[],
  holdsSecret: (text: string) => boolean,
): Promise<readonly SecretPlace[]> {
  for (const change of changes) {
    if (change.kind === "deleted") continue;
    if (holdsSecret(change.path)) return [{ change, words: "a file", own: true }];
    if (change.kind === "renamed" || !(await isFile(workspace, change.path))) continue;
    for (const text of readingsOf(await workspace.read(change.path))) {
      if (holdsSecret(text)) return [{ change, words: JSON.stringify(change.path), own: true }];
    }
  }
  const found = await findSecrets(workspace, changes);
  const secretNames = new Set(found.filter(({ line }) => line === 0).map(({ path }) => path));
  const byPath = new Map(changes.map((change) => [change.path, change]));
  return found.flatMap((secret) => {
    const change = byPath.get(secret.path);
    return change === undefined ? [] : [{ change, words: wordsFor(secret, secretNames), own: false }];
  });
}

/** At most five places, in words. */
export function placesOf(found: readonly SecretPlace[]): string {
  const more = found.length > MOST_NAMED ? " and in more places" : "";
  return `${found
    .slice(0, MOST_NAMED)
    .map(({ words }) => words)
    .join("; ")}${more}`;
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

function wordsFor({ path, line, kind }: FoundSecret, secretNames: ReadonlySet<string>): string {
  if (line === 0) return `the name of a file (${kind})`;
  return `${secretNames.has(path) ? "that file" : JSON.stringify(path)}, line ${line} (${kind})`;
}

function addedSecrets(found: readonly SecretPlace[]): ServiceError {
  return new ServiceError(
    "secret_in_change",
    `The change adds what looks like a secret, so nothing was pushed: ${placesOf(found)}. Ask for a change that reads it from where the program runs, or has a placeholder in its place.`,
  );
}
