/**
 * lightning-fs's storage as one Map. Its own in-memory backend waits for a lock that workerd does
 * not have, and scans every inode for each new file.
 */

interface Stat {
  readonly type: "file" | "dir";
  readonly mode: number;
  readonly size: number;
  readonly ino: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly uid: number;
  readonly gid: number;
  readonly dev: number;
}

/** The operations isomorphic-git performs on a bare object store; each O(1) but `readdir`, O(files). */
export interface MemoryBackend {
  init(): void;
  saveSuperblock(): void;
  readFile(path: string, options?: { encoding?: string }): string | ArrayBuffer;
  writeFile(path: string, data: string | Uint8Array): void;
  readdir(path: string): string[];
  mkdir(path: string): void;
  stat(path: string): Stat;
  lstat(path: string): Stat;
}

export function createMemoryBackend(): MemoryBackend {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const folders = new Set<string>(["/"]);

  function stat(path: string): Stat {
    const file = files.get(path);
    if (file === undefined && !folders.has(path)) throw missing(path);
    return {
      type: file === undefined ? "dir" : "file",
      mode: file === undefined ? 0o40755 : 0o100644,
      size: file?.byteLength ?? 0,
      ino: 0,
      mtimeMs: 0,
      ctimeMs: 0,
      uid: 0,
      gid: 0,
      dev: 0,
    };
  }

  return {
    init() {},
    saveSuperblock() {},
    readFile(path, options) {
      const file = files.get(path);
      if (file === undefined) throw missing(path);
      // A whole ArrayBuffer becomes a Buffer without a copy; a view of one would be copied.
      return options?.encoding === "utf8" ? new TextDecoder().decode(file) : file.buffer;
    },
    writeFile(path, data) {
      if (!folders.has(parentOf(path))) throw missing(path);
      files.set(path, exact(typeof data === "string" ? new TextEncoder().encode(data) : data));
    },
    readdir(path) {
      if (!folders.has(path)) throw missing(path);
      const inside = path === "/" ? "/" : `${path}/`;
      const names: string[] = [];
      for (const known of [...folders, ...files.keys()]) {
        if (known.startsWith(inside) && known.length > inside.length && !known.includes("/", inside.length)) {
          names.push(known.slice(inside.length));
        }
      }
      return names;
    },
    mkdir(path) {
      if (folders.has(path) || files.has(path)) throw failure("EEXIST", path);
      if (!folders.has(parentOf(path))) throw missing(path);
      folders.add(path);
    },
    stat,
    lstat: stat,
  };
}

/** The same bytes in a buffer of exactly their length; no copy when they already are. */
function exact(data: Uint8Array): Uint8Array<ArrayBuffer> {
  if (data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength) {
    return new Uint8Array(data.buffer);
  }
  return new Uint8Array(data);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

function missing(path: string): Error {
  return failure("ENOENT", path);
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
