/** Makes what commands changed in a sandbox edits of the workspace, under the same checks as any edit. */
import { ServiceError } from "../errors.ts";
import { isOverBound } from "../workspace/blobs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { ChangedFile, SandboxChanges } from "./read-changes.ts";
import { isSkipped, skippedSentences } from "./skipped.ts";

export interface TakenBack {
  /** Paths that are edited now because of it. */
  readonly changed: readonly string[];
  /** Sentences: what was not taken, and why. */
  readonly refused: readonly string[];
  /** Puts the workspace, or of it only these paths, back to what it was before. */
  undo(only?: ReadonlySet<string>): Promise<void>;
}

/**
 * What is the same in the workspace already is left alone: a sandbox tells its changes again with every command. So is
 * what the sandbox did not have, for which `hadThere` is false: a command that made it did not know what is there.
 *
 * Throws ServiceError when the workspace cannot be read, and has changed nothing then.
 */
export async function takeBack(
  workspace: Workspace,
  { manifest, files }: SandboxChanges,
  hadThere: (path: string) => boolean = () => true,
): Promise<TakenBack> {
  const edited = new Set(workspace.edits().map(({ path }) => path));
  const skipped = new Set(manifest.skipped.map(({ path }) => path));
  const changed: string[] = [];
  const refused = [...skippedSentences(manifest.skipped)];
  const undos: (readonly [path: string, undo: () => Promise<void>])[] = [];
  const undo = async (only?: ReadonlySet<string>): Promise<void> => {
    for (const [path, one] of undos.toReversed()) if (only?.has(path) ?? true) await one();
  };
  const attempt = async (path: string, edit: () => Promise<void>): Promise<void> => {
    const back = await undoOf(workspace, path, edited.has(path));
    try {
      await edit();
    } catch (error) {
      if (!(error instanceof ServiceError) || error.retryAt !== undefined) throw error;
      refused.push(error.message);
      return;
    }
    changed.push(path);
    undos.push([path, back]);
  };

  try {
    // Deletions come first: a file may have taken a folder's place, and the other way round.
    for (const path of manifest.deleted) {
      const isThere = isFile((await workspace.entry(path))?.kind);
      if (isThere && !isSkipped(path, skipped)) await attempt(path, () => workspace.delete(path));
    }
    await workspace.prefetch([...files.keys()].filter((path) => hadThere(path) && !edited.has(path)));
    for (const [path, file] of files) {
      if (!hadThere(path)) {
        refused.push(`${JSON.stringify(path)} was left as it is: the sandbox did not have it.`);
      } else if (!(await isSame(workspace, path, file))) {
        await attempt(path, () => workspace.write(path, file.bytes, { executable: file.executable }));
      }
    }
  } catch (error) {
    await undo();
    throw error;
  }
  return { changed, refused, undo };
}

async function undoOf(workspace: Workspace, path: string, wasEdited: boolean): Promise<() => Promise<void>> {
  if (!wasEdited) return async () => workspace.revert([path]);
  const kind = (await workspace.entry(path))?.kind;
  if (!isFile(kind)) return () => workspace.delete(path);
  const bytes = await workspace.read(path);
  return () => workspace.write(path, bytes, { executable: kind === "executable" });
}

async function isSame(workspace: Workspace, path: string, file: ChangedFile): Promise<boolean> {
  const kind = (await workspace.entry(path))?.kind;
  if (!isFile(kind) || (kind === "executable") !== file.executable) return false;
  const bytes = await workspace.read(path).catch(unlessTooLarge);
  if (bytes === undefined) return false;
  return bytes.byteLength === file.bytes.byteLength && bytes.every((byte, at) => byte === file.bytes[at]);
}

function unlessTooLarge(error: unknown): undefined {
  if (!isOverBound(error)) throw error;
}

function isFile(kind: string | undefined): kind is "file" | "executable" {
  return kind === "file" || kind === "executable";
}
