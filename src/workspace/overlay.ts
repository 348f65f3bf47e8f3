/** The edits on top of a base tree: what is at a path now, and which files there are. */
import type { BaseTree } from "./base-tree.ts";
import { comparePaths, isFolder, type TreeEntry } from "./tree-codec.ts";

/** A file as it is now: `bytes` when it was written, else the blob `oid` of the repository. */
export interface OverlayFile {
  readonly mode: string;
  readonly content: { readonly bytes: Uint8Array } | { readonly oid: string };
}

export interface OverlayEntry extends OverlayFile {
  readonly path: string;
}

/**
 * An edit that can be stored: written bytes, a repository's blob under another path or mode, a
 * deletion, or null where an edit was taken back.
 */
export interface SavedEdit {
  readonly path: string;
  readonly file: OverlayFile | "deleted" | null;
}

export interface Overlay {
  get(path: string): OverlayFile | undefined;
  set(path: string, file: OverlayFile): void;
  delete(path: string): void;
  revert(path: string): void;
  /** True when something is below this path. Time: its depth, and the base's entries deleted there. */
  isFolder(path: string): boolean;
  /** Bytes of everything written. */
  readonly writtenBytes: number;
  /** Everything at or below a folder (default: all), in git's order, edits included. */
  entries(path?: string): Generator<OverlayEntry>;
  /** Paths touched by an edit, in git's order. */
  touched(): readonly string[];
  /** Every path whose edit changed since this was last called, as it is now. The bytes are not copied. */
  takeChanged(): readonly SavedEdit[];
  /** Puts saved edits back; they do not count as changed. */
  restore(edits: Iterable<SavedEdit>): void;
  base(path: string): TreeEntry | undefined;
  /** Everything in the base, in git's order, edits left out. */
  baseEntries(): Generator<OverlayEntry>;
}

export function createOverlay(tree: BaseTree): Overlay {
  /** null: deleted. */
  const edits = new Map<string, OverlayFile | null>();
  /** How many edited files that are there lie below each folder. */
  const inFolder = new Map<string, number>();
  const changed = new Set<string>();
  let writtenBytes = 0;

  /** Every change of an edit goes through here or `restore`; undefined takes it back. */
  function change(path: string, edit: OverlayFile | null | undefined): void {
    put(path, edit);
    changed.add(path);
  }

  function put(path: string, edit: OverlayFile | null | undefined): void {
    const before = edits.get(path);
    writtenBytes += sizeOf(edit) - sizeOf(before);
    const step = (edit ? 1 : 0) - (before ? 1 : 0);
    if (step !== 0) {
      for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
        const folder = path.slice(0, at);
        inFolder.set(folder, (inFolder.get(folder) ?? 0) + step);
      }
    }
    if (edit === undefined) edits.delete(path);
    else edits.set(path, edit);
  }

  function base(path: string): TreeEntry | undefined {
    const entry = tree.lookup(path);
    return entry === undefined || isFolder(entry.mode) ? undefined : entry;
  }

  function* entries(path = ""): Generator<OverlayEntry> {
    const inside = path === "" ? "" : `${path}/`;
    const written = [...edits]
      .filter(([edited, file]) => file !== null && (edited === path || edited.startsWith(inside)))
      .map(([edited]) => edited)
      .sort(comparePaths);
    let next = 0;
    function* writtenBefore(limit: string | undefined): Generator<OverlayEntry> {
      for (; next < written.length; next++) {
        const at = written[next];
        if (at === undefined || (limit !== undefined && comparePaths(at, limit) >= 0)) return;
        const file = edits.get(at);
        if (file) yield { path: at, ...file };
      }
    }
    for (const entry of tree.walk(path)) {
      if (next < written.length) yield* writtenBefore(entry.path);
      if (edits.size === 0 || !edits.has(entry.path)) {
        yield { path: entry.path, mode: entry.mode, content: { oid: entry.oid } };
      }
    }
    yield* writtenBefore(undefined);
  }

  return {
    get(path) {
      const edit = edits.get(path);
      if (edit !== undefined) return edit ?? undefined;
      const entry = base(path);
      return entry === undefined ? undefined : { mode: entry.mode, content: { oid: entry.oid } };
    },
    set: change,
    delete(path) {
      change(path, base(path) === undefined ? undefined : null);
    },
    revert(path) {
      change(path, undefined);
    },
    isFolder(path) {
      if ((inFolder.get(path) ?? 0) > 0) return true;
      const entry = tree.lookup(path);
      if (entry === undefined || !isFolder(entry.mode)) return false;
      // Edits that are there were counted above, so only deletions can be in the way.
      for (const { path: inside } of tree.walk(path)) if (!edits.has(inside)) return true;
      return false;
    },
    get writtenBytes() {
      return writtenBytes;
    },
    entries,
    touched: () => [...edits.keys()].sort(comparePaths),
    takeChanged() {
      const taken = [...changed].sort(comparePaths).map((path): SavedEdit => {
        const edit = edits.get(path);
        return { path, file: edit === undefined ? null : (edit ?? "deleted") };
      });
      changed.clear();
      return taken;
    },
    restore(saved) {
      for (const { path, file } of saved) {
        put(path, file === null ? undefined : file === "deleted" ? null : file);
      }
    },
    base,
    *baseEntries() {
      for (const { path, mode, oid } of tree.walk()) yield { path, mode, content: { oid } };
    },
  };
}

function sizeOf(edit: OverlayFile | null | undefined): number {
  return edit && "bytes" in edit.content ? edit.content.bytes.byteLength : 0;
}
