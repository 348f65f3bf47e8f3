/** A whole workspace in memory, for tests of what is built on the port: no git, no requests, the same refusals. */
import { createTwoFilesPatch, diffLines } from "diff";
import picomatch from "picomatch";
import { ServiceError } from "../../src/errors.ts";
import type {
  Change,
  Entry,
  EntryKind,
  ListOptions,
  SearchMatch,
  SearchOptions,
  SearchResult,
  Workspace,
} from "../../src/workspace/workspace.ts";

export interface MemoryFile {
  readonly content: string | Uint8Array;
  readonly kind?: EntryKind;
}

interface Stored {
  readonly bytes: Uint8Array;
  readonly kind: EntryKind;
}

export interface MemoryWorkspaceOptions {
  /** Files larger than this are refused by `write`. */
  readonly maxFileBytes?: number;
  /** Files larger than this cannot be read, as blobs over the bound for one file cannot. */
  readonly maxReadBytes?: number;
}

export interface MemoryWorkspace extends Workspace {
  /** Paths read although they were not fetched ahead; each costs the real workspace a request. */
  readonly unfetched: readonly string[];
  /** How often `prefetch` was called. */
  readonly prefetches: number;
  /** Every file's text, for assertions. Bytes that are not UTF-8 come out as U+FFFD. */
  snapshot(): Readonly<Record<string, string>>;
}

const utf8 = new TextEncoder();

/** A workspace whose base commit holds these files. */
export function createMemoryWorkspace(
  files: Readonly<Record<string, string | Uint8Array | MemoryFile>> = {},
  { maxFileBytes = 10_000_000, maxReadBytes = 10_000_000 }: MemoryWorkspaceOptions = {},
): MemoryWorkspace {
  const base = new Map<string, Stored>();
  for (const [path, file] of Object.entries(files)) base.set(path, stored(file));
  const now = new Map(base);
  const fetched = new Set<string>();
  const unfetched: string[] = [];
  let prefetches = 0;

  const fileAt = (path: string): Stored => {
    const file = now.get(path);
    if (file === undefined) {
      const folder = below(now, path).length > 0;
      throw folder
        ? new ServiceError("not_a_file", `"${path}" is a folder.`)
        : new ServiceError("file_not_found", `"${path}" is not in the repository.`);
    }
    if (file.kind === "symlink" || file.kind === "submodule") {
      throw new ServiceError("not_a_file", `"${path}" is a ${file.kind}.`);
    }
    return file;
  };
  const isFetched = (path: string): boolean => fetched.has(path) || now.get(path) !== base.get(path);

  const workspace: MemoryWorkspace = {
    unfetched,
    get prefetches() {
      return prefetches;
    },
    snapshot() {
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      return Object.fromEntries(sorted(now).map(([path, { bytes }]) => [path, decoder.decode(bytes)]));
    },
    list: (options = {}) =>
      Promise.resolve(
        sorted(now)
          .map(([path, { kind }]): Entry => ({ path, kind }))
          .filter(matcher(options)),
      ),
    entry(path) {
      const file = now.get(path);
      return Promise.resolve(file === undefined ? undefined : { path, kind: file.kind });
    },
    prefetch(paths) {
      prefetches += 1;
      for (const path of paths) fetched.add(path);
      return Promise.resolve();
    },
    read: async (path) => {
      const { bytes } = fileAt(path);
      if (bytes.length > maxReadBytes)
        throw new ServiceError("object_too_large", `"${path}" is over the limit of ${maxReadBytes} bytes.`);
      if (!isFetched(path)) unfetched.push(path);
      fetched.add(path);
      return bytes;
    },
    readText: async (path) => {
      const text = decode(await workspace.read(path));
      if (text === undefined) throw new ServiceError("not_text", `"${path}" is not a text file.`);
      return text;
    },
    readBase: (path) => {
      const file = base.get(path);
      const isFile = file?.kind === "file" || file?.kind === "executable";
      return Promise.resolve(isFile ? file.bytes : undefined);
    },
    readAll: async function* ({ base: atBase = false } = {}) {
      for (const [path, { bytes, kind }] of sorted(atBase ? base : now)) {
        if (kind === "file" || kind === "executable")
          yield {
            path,
            executable: kind === "executable",
            bytes: bytes.length > maxReadBytes ? undefined : bytes,
          };
      }
    },
    edits: () =>
      [...new Set([...base.keys(), ...now.keys()])]
        .filter((path) => base.get(path) !== now.get(path))
        .map((path) => ({ path, stamp: now.get(path) })),
    search: async (options) => {
      const paths = (await workspace.list(options)).filter(
        ({ kind }) => kind === "file" || kind === "executable",
      );
      for (const { path } of paths) fetched.add(path);
      return search(
        paths.map(({ path }) => ({ path, bytes: fileAt(path).bytes })),
        options,
      );
    },
    write: async (path, content, options = {}) => {
      checkPath(path, now);
      if (below(now, path).length > 0) throw new ServiceError("not_a_file", `"${path}" is a folder.`);
      const before = now.get(path);
      if (before?.kind === "symlink" || before?.kind === "submodule") {
        throw new ServiceError("path_refused", `"${path}" is a ${before.kind} and is not written through.`);
      }
      const bytes = typeof content === "string" ? utf8.encode(content) : content.slice();
      if (bytes.length > maxFileBytes) {
        throw new ServiceError(
          "edit_too_large",
          `"${path}" would have ${bytes.length} bytes; at most ${maxFileBytes} are allowed.`,
        );
      }
      const executable = options.executable ?? before?.kind === "executable";
      now.set(path, { bytes, kind: executable ? "executable" : "file" });
    },
    delete: async (path) => {
      checkPath(path, now);
      const paths = now.has(path) ? [path] : below(now, path);
      if (paths.length === 0) throw new ServiceError("file_not_found", `"${path}" is not in the repository.`);
      for (const one of paths) now.delete(one);
    },
    move: async (from, to) => {
      checkPath(from, now);
      checkPath(to, now);
      const paths = now.has(from) ? [from] : below(now, from);
      if (paths.length === 0) throw new ServiceError("file_not_found", `"${from}" is not in the repository.`);
      if (now.has(to) || below(now, to).length > 0)
        throw new ServiceError("file_exists", `"${to}" exists already.`);
      const moved = paths.map((path) => [`${to}${path.slice(from.length)}`, now.get(path)] as const);
      for (const path of paths) now.delete(path);
      for (const [path, file] of moved) if (file !== undefined) now.set(path, file);
    },
    changes: () => Promise.resolve(changesBetween(base, now)),
    diff: async (paths) => {
      const wanted = (await workspace.changes()).filter(
        ({ path }) => paths === undefined || paths.includes(path),
      );
      const text = (file: Stored | undefined): string =>
        file === undefined ? "" : (decode(file.bytes) ?? "");
      return wanted
        .map(({ path, from }) =>
          createTwoFilesPatch(
            `a/${from ?? path}`,
            `b/${path}`,
            text(base.get(from ?? path)),
            text(now.get(path)),
          ),
        )
        .join("");
    },
    revert(paths) {
      for (const path of paths) {
        const before = base.get(path);
        if (before === undefined) now.delete(path);
        else now.set(path, before);
      }
    },
  };
  return workspace;
}

function stored(file: string | Uint8Array | MemoryFile): Stored {
  if (typeof file === "string") return { bytes: utf8.encode(file), kind: "file" };
  if (file instanceof Uint8Array) return { bytes: file, kind: "file" };
  const bytes = typeof file.content === "string" ? utf8.encode(file.content) : file.content;
  return { bytes, kind: file.kind ?? "file" };
}

function decode(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function below(files: ReadonlyMap<string, Stored>, folder: string): readonly string[] {
  return [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
}

function sorted(files: ReadonlyMap<string, Stored>): readonly (readonly [string, Stored])[] {
  return [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function matcher({ path, glob }: ListOptions): (entry: Entry) => boolean {
  const globs = typeof glob === "string" ? [glob] : glob;
  if (globs?.some((one) => one === "" || one.length > 1_000) === true) {
    throw new ServiceError("invalid_pattern", "A glob must have 1 to 1,000 characters.");
  }
  const matches = globs === undefined ? () => true : picomatch([...globs], { dot: true });
  const inside = (entry: string): boolean =>
    path === undefined || entry === path || entry.startsWith(`${path}/`);
  return (entry) => inside(entry.path) && matches(entry.path);
}

function checkPath(path: string, files: ReadonlyMap<string, Stored>): void {
  const parts = path.split("/");
  const unsafe =
    parts.some((part) => part === "" || part === "." || part === ".." || /^(\.git|git~1)$/i.test(part)) ||
    /[\\\p{Cc}\p{Cf}]/u.test(path);
  if (unsafe) throw new ServiceError("path_refused", `"${path}" is not a path that may be written.`);
  for (let depth = 1; depth < parts.length; depth += 1) {
    const parent = parts.slice(0, depth).join("/");
    if (files.has(parent)) {
      throw new ServiceError("path_refused", `"${path}" leads through "${parent}", which is not a folder.`);
    }
  }
}

function search(files: readonly { path: string; bytes: Uint8Array }[], options: SearchOptions): SearchResult {
  const { query, regex = false, ignoreCase = false, maxMatches = 1000 } = options;
  if (query === "" || query.length > 10_000) {
    throw new ServiceError("invalid_pattern", "A search needs a query of 1 to 10,000 characters.");
  }
  const source = regex ? query : query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = new RegExp(source, ignoreCase ? "iu" : "u");
  const matches: SearchMatch[] = [];
  const skipped: { path: string; reason: "binary" }[] = [];
  for (const { path, bytes } of files) {
    const text = decode(bytes);
    if (text === undefined) {
      skipped.push({ path, reason: "binary" });
      continue;
    }
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      const match = pattern.exec(line);
      if (match === null) continue;
      if (matches.length === maxMatches) return { matches, truncated: true, skipped };
      matches.push({ path, line: index + 1, column: match.index + 1, text: line.slice(0, 400) });
    }
  }
  return { matches, truncated: false, skipped };
}

function changesBetween(
  base: ReadonlyMap<string, Stored>,
  now: ReadonlyMap<string, Stored>,
): readonly Change[] {
  const same = (a: Stored | undefined, b: Stored | undefined): boolean =>
    a !== undefined && b !== undefined && a.kind === b.kind && Buffer.compare(a.bytes, b.bytes) === 0;
  const gone = new Set([...base.keys()].filter((path) => !now.has(path)));
  const changes: Change[] = [];
  for (const [path, file] of sorted(now)) {
    const before = base.get(path);
    if (same(before, file)) continue;
    const from = before === undefined ? [...gone].find((old) => same(base.get(old), file)) : undefined;
    if (from !== undefined) gone.delete(from);
    if (from !== undefined)
      changes.push({ path, from, kind: "renamed", additions: 0, deletions: 0, binary: false });
    else
      changes.push({ path, kind: before === undefined ? "added" : "modified", ...lineCounts(before, file) });
  }
  for (const path of gone) changes.push({ path, kind: "deleted", ...lineCounts(base.get(path), undefined) });
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function lineCounts(before: Stored | undefined, after: Stored | undefined): Omit<Change, "path" | "kind"> {
  const [a, b] = [before, after].map((file) => (file === undefined ? "" : decode(file.bytes)));
  if (a === undefined || b === undefined) return { additions: 0, deletions: 0, binary: true };
  let additions = 0;
  let deletions = 0;
  for (const part of diffLines(a, b)) {
    if (part.added) additions += part.count;
    if (part.removed) deletions += part.count;
  }
  return { additions, deletions, binary: false };
}
