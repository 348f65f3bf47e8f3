/** Makes what commands changed in a sandbox edits of the workspace, under the same checks as any edit. */
import { ServiceError } from "../errors.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { ChangedFile, SandboxChanges } from "./read-changes.ts";

export interface TakenBack {
  /** Paths that are edited now because of it. */
  readonly changed: readonly string[];
  /** Sentences: what was not taken, and why. */
  readonly refused: readonly string[];
  /** Puts the workspace, or of it only these paths, back to what it was before. */
  undo(only?: ReadonlySet<string>): Promise<void>;
}

/** What is the same in the workspace already is left alone: a sandbox tells its changes again with every command. */
export async function takeBack(
  workspace: Workspace,
  { manifest, files }: SandboxChanges,
): Promise<TakenBack> {
  const edited = new Set(workspace.edits().map(({ path }) => path));
  const changed: string[] = [];
  const refused: string[] = [];
  const undos: (readonly [path: string, undo: () => Promise<void>])[] = [];
  const attempt = async (path: string, edit: () => Promise<void>): Promise<void> => {
    const undo = await undoOf(workspace, path, edited.has(path));
    try {
      await edit();
    } catch (error) {
      if (!(error instanceof ServiceError) || error.retryAt !== undefined) throw error;
      refused.push(error.message);
      return;
    }
    changed.push(path);
    undos.push([path, undo]);
  };

  // Deletions come first: a file may have taken a folder's place, and the other way round.
  for (const path of manifest.deleted) {
    if (isFile((await workspace.entry(path))?.kind)) await attempt(path, () => workspace.delete(path));
  }
  await workspace.prefetch([...files.keys()].filter((path) => !edited.has(path)));
  for (const [path, file] of files) {
    if (await isSame(workspace, path, file)) continue;
    await attempt(path, () => workspace.write(path, file.bytes, { executable: file.executable }));
  }
  return {
    changed,
    refused,
    async undo(only) {
      for (const [path, undo] of undos.toReversed()) if (only?.has(path) ?? true) await undo();
    },
  };
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
  if (error instanceof ServiceError && error.code === "object_too_large") return undefined;
  throw error;
}

function isFile(kind: string | undefined): kind is "file" | "executable" {
  return kind === "file" || kind === "executable";
}
