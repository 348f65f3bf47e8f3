/**
 * Storage for lightning-fs that can hold a checkout: folders, files, modes and symbolic links in memory, each
 * operation O(depth). The service's own backend has no links, and its `readdir` passes every file there is.
 */

interface Folder {
  readonly type: "dir";
  readonly mode: number;
  readonly children: Map<string, Entry>;
}

interface File {
  readonly type: "file";
  readonly mode: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Link {
  readonly type: "symlink";
  readonly mode: number;
  readonly target: string;
}

type Entry = Folder | File | Link;

type WriteOptions = { readonly mode?: number };
type ReadOptions = string | { readonly encoding?: string };

export function createCheckoutBackend() {
  const root: Folder = { type: "dir", mode: 0o40755, children: new Map() };

  /** The entry at a path, its last part not followed when it is a link. */
  function find(path: string): Entry {
    let entry: Entry = root;
    for (const name of path.split("/")) {
      if (name === "" || name === ".") continue;
      const next: Entry | undefined = entry.type === "dir" ? entry.children.get(name) : undefined;
      if (next === undefined) throw failure("ENOENT", path);
      entry = next;
    }
    return entry;
  }

  function follow(path: string, hops = 0): Entry {
    const entry = find(path);
    if (entry.type !== "symlink") return entry;
    if (hops > 8) throw failure("ELOOP", path);
    const target = entry.target.startsWith("/") ? entry.target : `${parentOf(path)}/${entry.target}`;
    return follow(new URL(`file://${target}`).pathname, hops + 1);
  }

  function folder(path: string): Folder {
    const entry = follow(path);
    if (entry.type !== "dir") throw failure("ENOTDIR", path);
    return entry;
  }

  function remove(path: string): Entry {
    const entry = find(path);
    folder(parentOf(path)).children.delete(nameOf(path));
    return entry;
  }

  return {
    init() {},
    saveSuperblock() {},
    readFile(path: string, options?: ReadOptions): string | Uint8Array<ArrayBuffer> {
      const entry = follow(path);
      if (entry.type !== "file") throw failure("EISDIR", path);
      const encoding = typeof options === "string" ? options : options?.encoding;
      return encoding === "utf8" ? new TextDecoder().decode(entry.bytes) : entry.bytes;
    },
    writeFile(path: string, data: string | Uint8Array, options: WriteOptions = {}) {
      const bytes = typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
      const mode = ((options.mode ?? 0o644) & 0o100) === 0 ? 0o100644 : 0o100755;
      folder(parentOf(path)).children.set(nameOf(path), { type: "file", mode, bytes });
    },
    unlink(path: string) {
      remove(path);
    },
    readdir: (path: string) => [...folder(path).children.keys()],
    mkdir(path: string) {
      const { children } = folder(parentOf(path));
      if (children.has(nameOf(path))) throw failure("EEXIST", path);
      children.set(nameOf(path), { type: "dir", mode: 0o40755, children: new Map() });
    },
    rmdir(path: string) {
      if (folder(path).children.size > 0) throw failure("ENOTEMPTY", path);
      remove(path);
    },
    rename(from: string, to: string) {
      folder(parentOf(to)).children.set(nameOf(to), remove(from));
    },
    symlink(target: string, path: string) {
      folder(parentOf(path)).children.set(nameOf(path), { type: "symlink", mode: 0o120000, target });
    },
    readlink(path: string): string {
      const entry = find(path);
      if (entry.type !== "symlink") throw failure("EINVAL", path);
      return entry.target;
    },
    stat: (path: string) => statOf(follow(path)),
    lstat: (path: string) => statOf(find(path)),
  };
}

function statOf(entry: Entry) {
  const size =
    entry.type === "file" ? entry.bytes.byteLength : entry.type === "symlink" ? entry.target.length : 0;
  return { type: entry.type, mode: entry.mode, size, ino: 0, mtimeMs: 0, ctimeMs: 0, uid: 0, gid: 0, dev: 0 };
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
