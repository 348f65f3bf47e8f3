/** The base commit's tree, kept as git's own bytes (about 60 a path) and parsed where it is looked at. */
import { ServiceError } from "../errors.ts";
import type { ObjectStore } from "./object-store.ts";
import { countTree, isFolder, parseTree, type TreeEntry } from "./tree-codec.ts";

export interface FileEntry {
  readonly path: string;
  readonly mode: string;
  readonly oid: string;
}

export interface BaseTree {
  readonly oid: string;
  /** Paths below the root, folders not counted. */
  readonly fileCount: number;
  /** What is at a path, a folder included. Time: its depth, once the folders on the way have been looked into. */
  lookup(path: string): TreeEntry | undefined;
  /** The entries of a folder's own tree object; undefined when there is no such folder. */
  folder(path: string): readonly TreeEntry[] | undefined;
  /** Calls back with the name, without its folders, of every file, link and submodule. */
  eachName(visit: (name: string) => void): void;
  /** Every file, link and submodule at or below a folder, in git's order. */
  walk(path?: string): Generator<FileEntry>;
}

/** Folders in folders; git itself stops at 2,048 (`core.maxTreeDepth`). */
const DEEPEST = 2048;

/**
 * Loads every tree object once and counts paths without walking them, so that a tree that repeats
 * itself into a billion paths is refused at the cost of its few objects.
 * Throws `tree_too_large`, or `git_protocol_error` when a tree is missing.
 */
export async function loadBaseTree(store: ObjectStore, root: string, maxPaths: number): Promise<BaseTree> {
  const trees = new Map<string, Uint8Array>();
  const counts = new Map<string, number>();

  async function load(oid: string, depth: number): Promise<number> {
    const known = counts.get(oid);
    if (known !== undefined) return known;
    if (depth > DEEPEST) throw tooLarge(`is nested more than ${DEEPEST} folders deep`);
    const raw = await store.read(oid, "tree");
    trees.set(oid, raw);
    const folders: string[] = [];
    let count = countTree(raw, folders);
    for (const folder of folders) {
      if (count > maxPaths) break;
      count += await load(folder, depth + 1);
    }
    if (count > maxPaths) throw tooLarge(`has more than ${maxPaths} files`);
    counts.set(oid, count);
    return count;
  }

  const fileCount = await load(root, 0);

  function rawOf(oid: string): Uint8Array {
    const raw = trees.get(oid);
    if (raw === undefined) throw new Error(`tree ${oid} was not loaded`);
    return raw;
  }

  const indexes = new Map<string, ReadonlyMap<string, TreeEntry>>();

  /** A folder's entries by name, made when it is first looked into: edits come back to the same folders. */
  function namesIn(oid: string): ReadonlyMap<string, TreeEntry> {
    let names = indexes.get(oid);
    if (names === undefined) {
      names = indexByName(parseTree(rawOf(oid)));
      indexes.set(oid, names);
    }
    return names;
  }

  function lookup(path: string): TreeEntry | undefined {
    let oid = root;
    const names = path.split("/");
    for (const [i, name] of names.entries()) {
      const entry = namesIn(oid).get(name);
      if (entry === undefined || i === names.length - 1) return entry;
      if (!isFolder(entry.mode)) return undefined;
      oid = entry.oid;
    }
    return undefined;
  }

  function* walkTree(oid: string, prefix: string): Generator<FileEntry> {
    for (const { mode, name, oid: child } of parseTree(rawOf(oid))) {
      if (isFolder(mode)) yield* walkTree(child, `${prefix}${name}/`);
      else yield { path: prefix + name, mode, oid: child };
    }
  }

  function visitNames(oid: string, visit: (name: string) => void): void {
    for (const entry of parseTree(rawOf(oid))) {
      if (isFolder(entry.mode)) visitNames(entry.oid, visit);
      else visit(entry.name);
    }
  }

  return {
    oid: root,
    fileCount,
    eachName: (visit) => visitNames(root, visit),
    lookup,
    folder(path) {
      if (path === "") return [...parseTree(rawOf(root))];
      const entry = lookup(path);
      return entry !== undefined && isFolder(entry.mode) ? [...parseTree(rawOf(entry.oid))] : undefined;
    },
    *walk(path = "") {
      if (path === "") return yield* walkTree(root, "");
      const entry = lookup(path);
      if (entry === undefined) return;
      if (isFolder(entry.mode)) yield* walkTree(entry.oid, `${path}/`);
      else yield { path, mode: entry.mode, oid: entry.oid };
    },
  };
}

/** Of entries with one name, which git never makes, the first counts, as in git's own search. */
function indexByName(entries: Iterable<TreeEntry>): ReadonlyMap<string, TreeEntry> {
  const names = new Map<string, TreeEntry>();
  for (const entry of entries) if (!names.has(entry.name)) names.set(entry.name, entry);
  return names;
}

function tooLarge(what: string): ServiceError {
  return new ServiceError("tree_too_large", `The repository is too large to work on: its tree ${what}.`);
}
