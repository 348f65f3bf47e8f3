/** Takes back what a prompt has changed so far, and only that, when one of its instructions cannot be carried out. */
import type { Change, EntryKind, Workspace } from "../../workspace/workspace.ts";

interface Kept {
  readonly change: Change;
  readonly kind: EntryKind | undefined;
  /** Undefined for deletions, and for links and submodules, which no rule can write. */
  readonly bytes: Uint8Array | undefined;
}

/** Remembers the edits the workspace holds now; the returned function goes back to them. */
export async function createUndo(workspace: Workspace): Promise<() => Promise<void>> {
  const kept = await Promise.all((await workspace.changes()).map((change) => keep(workspace, change)));
  return async () => {
    const touched = [...kept.map(({ change }) => change), ...(await workspace.changes())];
    workspace.revert(touched.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from])));
    for (const one of kept) await restore(workspace, one);
  };
}

async function keep(workspace: Workspace, change: Change): Promise<Kept> {
  const entry = await workspace.entry(change.path);
  const readable = entry?.kind === "file" || entry?.kind === "executable";
  return { change, kind: entry?.kind, bytes: readable ? await workspace.read(change.path) : undefined };
}

async function restore(workspace: Workspace, { change, kind, bytes }: Kept): Promise<void> {
  if (change.kind === "deleted") return workspace.delete(change.path);
  if (change.from !== undefined) await workspace.move(change.from, change.path);
  if (bytes !== undefined) await workspace.write(change.path, bytes, { executable: kind === "executable" });
}
