/** Takes back what a prompt has changed so far, and only that, when one of its instructions cannot be carried out. */
import * as z from "zod";
import type { Change, Workspace } from "../../workspace/workspace.ts";

/** An edit as it was, in JSON. */
const keptEdit = z.object({
  path: z.string(),
  /** The former path of a rename. */
  from: z.string().optional(),
  deleted: z.boolean(),
  executable: z.boolean(),
  /** In base64; absent for deletions, and for links and submodules, which no rule can write. */
  content: z.string().optional(),
});
type KeptEdit = z.infer<typeof keptEdit>;

export const keptEdits = z.array(keptEdit);

/** The edits the workspace holds now, for `undoTo`. Costs a request when one of them was not read before. */
export async function keepEdits(workspace: Workspace): Promise<readonly KeptEdit[]> {
  return await Promise.all((await workspace.changes()).map((change) => keep(workspace, change)));
}

/** Goes back to the edits that were kept. */
export async function undoTo(workspace: Workspace, kept: readonly KeptEdit[]): Promise<void> {
  const touched = [...kept, ...(await workspace.changes())];
  workspace.revert(touched.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from])));
  for (const edit of kept) await restore(workspace, edit);
}

async function keep(workspace: Workspace, { path, from, kind }: Change): Promise<KeptEdit> {
  const entry = await workspace.entry(path);
  const readable = entry?.kind === "file" || entry?.kind === "executable";
  return {
    path,
    ...(from === undefined ? {} : { from }),
    deleted: kind === "deleted",
    executable: entry?.kind === "executable",
    ...(readable ? { content: toBase64(await workspace.read(path)) } : {}),
  };
}

async function restore(
  workspace: Workspace,
  { path, from, deleted, executable, content }: KeptEdit,
): Promise<void> {
  if (deleted) return workspace.delete(path);
  if (from !== undefined) await workspace.move(from, path);
  if (content !== undefined) await workspace.write(path, fromBase64(content), { executable });
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
