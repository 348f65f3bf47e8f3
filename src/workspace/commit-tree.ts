/** Turns the edits into a new root tree, rewriting only the folders on the way to them. */
import type { BaseTree } from "./base-tree.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Overlay } from "./overlay.ts";
import { isFolder, serialiseTree, type TreeEntry } from "./tree-codec.ts";

/** What changes inside one folder: names of its own, and folders below it. */
interface FolderEdits {
  readonly files: Map<string, string>;
  readonly folders: Map<string, FolderEdits>;
}

/**
 * Writes the new blobs and trees and returns the root tree's id. Untouched entries are copied as
 * they are, modes and names byte for byte; a folder left empty disappears, as in git.
 */
export async function writeEditedTree(store: ObjectStore, base: BaseTree, overlay: Overlay): Promise<string> {
  const root: FolderEdits = { files: new Map(), folders: new Map() };
  for (const path of overlay.touched()) {
    const names = path.split("/");
    const name = names.pop() ?? "";
    let folder = root;
    for (const part of names) {
      let below = folder.folders.get(part);
      if (below === undefined) {
        below = { files: new Map(), folders: new Map() };
        folder.folders.set(part, below);
      }
      folder = below;
    }
    folder.files.set(name, path);
  }

  async function write(edits: FolderEdits, path: string): Promise<string | undefined> {
    const prefix = path === "" ? "" : `${path}/`;
    const entries = new Map<string, TreeEntry>();
    for (const entry of base.folder(path) ?? []) entries.set(entry.name, entry);
    for (const [name, edited] of edits.files) {
      const file = overlay.get(edited);
      const before = entries.get(name);
      if (file === undefined) {
        // A folder of this name may have taken the deleted file's place.
        if (before !== undefined && !isFolder(before.mode)) entries.delete(name);
        continue;
      }
      const oid =
        "bytes" in file.content
          ? await store.write({ type: "blob", bytes: file.content.bytes })
          : file.content.oid;
      entries.set(name, { mode: file.mode, name, oid });
    }
    for (const [name, below] of edits.folders) {
      const tree = await write(below, prefix + name);
      const before = entries.get(name);
      if (tree !== undefined)
        entries.set(name, { mode: before && isFolder(before.mode) ? before.mode : "40000", name, oid: tree });
      else if (before !== undefined && isFolder(before.mode)) entries.delete(name);
    }
    if (entries.size === 0 && path !== "") return undefined;
    return store.write({ type: "tree", bytes: serialiseTree(entries.values()) });
  }

  return (await write(root, "")) ?? (await store.write({ type: "tree", bytes: new Uint8Array(0) }));
}
