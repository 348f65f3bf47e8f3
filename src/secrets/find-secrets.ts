/** Finds the secrets that edits add to a repository, whoever made them. */
import { ServiceError } from "../errors.ts";
import type { Change, Workspace } from "../workspace/workspace.ts";
import { readingsOf } from "./readings.ts";
import { scanText } from "./scan-text.ts";

export interface FoundSecret {
  readonly path: string;
  /** 1-based; 0 when it is the path itself that holds the secret. */
  readonly line: number;
  /** In words: "GitHub Token". */
  readonly kind: string;
}

/** More are not looked for. */
const MOST = 20;

/** A name or content that the edits may have added something to. */
interface Place {
  readonly path: string;
  readonly isName: boolean;
}

/**
 * What looks like a secret in the names and contents of changed files, and was not there before: neither
 * in that file nor in another one that is changed or deleted, so that code which has one may be edited and
 * moved. Binary files are looked into as well, as far as plain text stands in them. Reads what was there
 * before only when something was found.
 * `known` are the workspace's changes, for callers who have them.
 */
export async function findSecrets(
  workspace: Workspace,
  known?: readonly Change[],
): Promise<readonly FoundSecret[]> {
  const changes = known ?? (await workspace.changes());
  const suspects: Place[] = [];
  for (const place of changes.flatMap(placesOf)) {
    let found = false;
    for (const text of await readingsAt(workspace, place)) {
      await scanText(text, place.path, () => {
        found = true;
        return false;
      });
      if (found) break;
    }
    if (found) suspects.push(place);
  }
  if (suspects.length === 0) return [];

  const before = await secretsBefore(workspace, changes);
  const added: FoundSecret[] = [];
  for (const { path, isName } of suspects) {
    // What several readings of a file have is told once.
    const earlier = new Set(before);
    for (const text of await readingsAt(workspace, { path, isName })) {
      const values: string[] = [];
      await scanText(text, path, ({ kind, start, end }) => {
        const value = packed(text.slice(start, end));
        values.push(value);
        if (!earlier.has(value)) added.push({ path, line: isName ? 0 : lineAt(text, start), kind });
        return added.length < MOST;
      });
      if (added.length >= MOST) return added;
      for (const value of values) earlier.add(value);
    }
  }
  return added;
}

function placesOf({ path, kind }: Change): readonly Place[] {
  const name = { path, isName: true };
  const content = { path, isName: false };
  if (kind === "deleted") return [];
  if (kind === "renamed") return [name];
  return kind === "added" ? [name, content] : [content];
}

async function readingsAt(workspace: Workspace, { path, isName }: Place): Promise<Iterable<string>> {
  if (isName) return [path];
  const kind = (await workspace.entry(path))?.kind;
  return kind === "file" || kind === "executable" ? readingsOf(await workspace.read(path)) : [];
}

async function secretsBefore(workspace: Workspace, changes: readonly Change[]): Promise<ReadonlySet<string>> {
  const values = new Set<string>();
  const paths = changes.filter(({ kind }) => kind !== "added").map(({ path, from }) => from ?? path);
  for (const path of paths) {
    for (const texts of [[path], await readingsBefore(workspace, path)]) {
      for (const text of texts) {
        await scanText(text, path, ({ start, end }) => {
          values.add(packed(text.slice(start, end)));
          return true;
        });
      }
    }
  }
  return values;
}

async function readingsBefore(workspace: Workspace, path: string): Promise<Iterable<string>> {
  try {
    const bytes = await workspace.readBase(path);
    return bytes === undefined ? [] : readingsOf(bytes);
  } catch (error) {
    // A file that is too large to read may be deleted all the same.
    if (error instanceof ServiceError && error.code === "object_too_large") return [];
    throw error;
  }
}

/** A key's lines may have been indented anew. */
function packed(secret: string): string {
  return secret.replace(/\s+/g, "");
}

function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < index; at = text.indexOf("\n", at + 1)) line++;
  return line;
}
