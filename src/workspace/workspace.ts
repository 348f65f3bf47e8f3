/** The port agents edit through: a repository's files without a checkout, network or token in sight. */

/** What a tree entry is; git's four modes for non-directories. */
export type EntryKind = "file" | "executable" | "symlink" | "submodule";

export interface Entry {
  /** Slash-separated path from the repository's root. */
  readonly path: string;
  readonly kind: EntryKind;
}

/** A regular file with what is in it; `bytes` are absent of one that is over the bound for a file. */
export interface WorkspaceFile {
  readonly path: string;
  readonly executable: boolean;
  readonly bytes: Uint8Array | undefined;
}

export interface ReadAllOptions {
  /** Files as the base commit has them, without the edits. */
  readonly base?: boolean;
}

export interface PathEdit {
  readonly path: string;
  /** Another object after each edit of the path; undefined where it was deleted. */
  readonly stamp: object | undefined;
}

export interface ListOptions {
  /** Only entries at or below this folder. */
  readonly path?: string;
  /** Only entries whose path matches one of these globs (picomatch syntax, `dot: true`). */
  readonly glob?: string | readonly string[];
}

export interface SearchOptions {
  readonly query: string;
  /** Read `query` as a regular expression (RE2 syntax, linear time) instead of literally. */
  readonly regex?: boolean;
  readonly ignoreCase?: boolean;
  readonly path?: string;
  readonly glob?: string | readonly string[];
  /** Stop after this many matches (default 1,000). */
  readonly maxMatches?: number;
}

export interface SearchMatch {
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  /** The whole line without its ending, cut at 400 characters. */
  readonly text: string;
}

export interface SearchResult {
  readonly matches: readonly SearchMatch[];
  /** True when `maxMatches` stopped the search. */
  readonly truncated: boolean;
  /** Files that were not searched because they are not text or are over the size bound. */
  readonly skipped: readonly { readonly path: string; readonly reason: "binary" | "too_large" }[];
}

export type ChangeKind = "added" | "modified" | "deleted" | "renamed";

export interface Change {
  readonly path: string;
  readonly kind: ChangeKind;
  /** The former path of a rename. */
  readonly from?: string;
  /** Lines; both 0 for binary files. */
  readonly additions: number;
  readonly deletions: number;
  readonly binary: boolean;
}

export interface WriteOptions {
  /** Sets or clears the executable bit; left alone (new files: not executable) when absent. */
  readonly executable?: boolean;
}

/**
 * A repository's files at one commit plus the edits made to them, all in memory.
 *
 * Every method that takes a path to write refuses unsafe ones with `path_refused` (see path.ts).
 * Reading a path that is not there is `file_not_found`; a symlink, submodule or folder read as a
 * file is `not_a_file`. Links are never followed.
 */
export interface Workspace {
  /** Every entry, in git's order (bytewise), edits included. Costs no request. */
  list(options?: ListOptions): Promise<readonly Entry[]>;
  /** The entry at exactly this path, or undefined. A folder is not an entry. Costs no request. */
  entry(path: string): Promise<Entry | undefined>;
  /** Fetches the contents of these files in as few requests as their number allows, ahead of `read`. */
  prefetch(paths: readonly string[]): Promise<void>;
  /** The file's bytes; at most one request when it was not fetched before. */
  read(path: string): Promise<Uint8Array>;
  /** The file as text; `not_text` when it is not valid UTF-8 or holds a NUL. A BOM is kept. */
  readText(path: string): Promise<string>;
  /**
   * The file's bytes at the base commit, whatever has become of it since; undefined when there was none, or
   * a link or submodule. At most one request.
   */
  readBase(path: string): Promise<Uint8Array | undefined>;
  /**
   * Every regular file, in git's order, links and submodules left out. Fetched in batches that are let go of again: the
   * memory is that of one batch, the requests are one for each 500 files.
   */
  readAll(options?: ReadAllOptions): AsyncGenerator<WorkspaceFile, void>;
  /** Lines that match. Fetches what it has to search, in bounded batches. */
  search(options: SearchOptions): Promise<SearchResult>;
  /** Creates or replaces a file; a string is written as UTF-8. */
  write(path: string, content: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** Deletes a file, link or submodule entry, or a folder with everything in it. */
  delete(path: string): Promise<void>;
  /** Renames a file or folder without reading it; `file_exists` when the target is taken. */
  move(from: string, to: string): Promise<void>;
  /** Net changes against the base commit, in git's order; exact renames are recognised. */
  changes(): Promise<readonly Change[]>;
  /** A patch `git apply` takes (unified, binary files as base85 literals), of all or of these paths. */
  diff(paths?: readonly string[]): Promise<string>;
  /** The paths that have been edited. Costs no request, and nothing is compared with the base. */
  edits(): readonly PathEdit[];
  /** Takes back every edit at these paths. */
  revert(paths: readonly string[]): void;
}
