/** Which new files do not count as changes: those that the repository's own `.gitignore` files leave out, and tools' own. */
import type { ArchiveFile, Upload } from "./archive.ts";
import { type IgnorePattern, parseIgnorePattern } from "./ignore-pattern.ts";
import { decodeName } from "./pax.ts";
import { TOOL_LEAVINGS } from "./tool-leavings.ts";

const RULES_FILE = ".gitignore";
/** Files with rules, bytes of one, and rules altogether; what is over is as if it were not there. */
const MOST_FILES = 1000;
const LONGEST_FILE = 65_536;
const MOST_RULES = 20_000;
/** Comparisons, one or two seconds of them: rules come from strangers. When they are spent, nothing is ignored. */
const MOST_COMPARISONS = 200_000_000;
const MOST_KNOWN_FOLDERS = 20_000;

/** Behind all others: a repository may take them back with `!`. */
const DEFAULT_RULES = TOOL_LEAVINGS.map(parseIgnorePattern).filter((pattern) => pattern !== undefined);

export interface IgnoreRules {
  /** The same upload; the rules in it are taken on the way. */
  watch(upload: Upload): Upload;
  /** By gitignore(5), for a file that was not uploaded; those that were count whatever the rules say. */
  ignored(path: string): boolean;
}

export function createIgnoreRules(): IgnoreRules {
  const encoder = new TextEncoder();
  /** By the folder they are for, `""` or ending in a slash; the last rule first, as it is the one that counts. */
  const rules = new Map<string, readonly IgnorePattern[]>();
  const knownFolders = new Map<string, boolean>();
  let comparisons = 0;
  const spend = () => {
    comparisons += 1;
    if (comparisons > MOST_COMPARISONS) throw new RulesTooCostly();
  };

  const remove = (path: string) => {
    for (const folder of rules.keys())
      if (folder + RULES_FILE === path || folder.startsWith(`${path}/`)) rules.delete(folder);
    knownFolders.clear();
  };

  const add = (path: string, text: string) => {
    const folder = path.slice(0, -RULES_FILE.length);
    const patterns = text
      .replace(/^\ufeff/, "")
      .split("\n")
      .map(parseIgnorePattern)
      .filter((pattern) => pattern !== undefined)
      .toReversed();
    const others = [...rules].filter(([other]) => other !== folder);
    const count = others.reduce((sum, [, { length }]) => sum + length, patterns.length);
    knownFolders.clear();
    rules.delete(folder);
    if (others.length < MOST_FILES && count <= MOST_RULES) rules.set(folder, patterns);
  };

  async function* watchFiles(files: AsyncIterable<ArchiveFile>): AsyncGenerator<ArchiveFile, void> {
    for await (const file of files) {
      if (!`/${file.path}`.endsWith(`/${RULES_FILE}`)) {
        yield file;
        continue;
      }
      const kept: Uint8Array[] = [];
      yield { ...file, content: keep(file.content, file.size > LONGEST_FILE ? undefined : kept) };
      const text = decodeName(Buffer.concat(kept));
      if (text !== undefined) add(file.path, text);
    }
  }

  /** `path` is that of a file, or of a folder with a slash at its end; its folders are known not to be ignored. */
  const ignoredItself = (path: string): boolean => {
    const isFolder = path.endsWith("/");
    const whole = isFolder ? path.slice(0, -1) : path;
    for (let end = whole.lastIndexOf("/") + 1; ; end = whole.lastIndexOf("/", end - 2) + 1) {
      const own = rules.get(whole.slice(0, end));
      for (const patterns of end === 0 ? [own, DEFAULT_RULES] : [own]) {
        if (patterns === undefined) continue;
        const names = whole
          .slice(end)
          .split("/")
          .map((name) => encoder.encode(name));
        for (const pattern of patterns)
          if ((isFolder || !pattern.foldersOnly) && pattern.matches(names, spend)) return !pattern.negated;
      }
      if (end === 0) return false;
    }
  };

  /** `folder` ends in a slash. */
  const ignoredFolder = (folder: string): boolean => {
    const known = knownFolders.get(folder);
    if (known !== undefined) return known;
    const parent = folder.slice(0, folder.lastIndexOf("/", folder.length - 2) + 1);
    const ignored = (parent !== "" && ignoredFolder(parent)) || ignoredItself(folder);
    if (knownFolders.size >= MOST_KNOWN_FOLDERS) knownFolders.clear();
    knownFolders.set(folder, ignored);
    return ignored;
  };

  return {
    watch({ removed, files }) {
      removed.forEach(remove);
      return { removed, files: watchFiles(files) };
    },
    ignored(path) {
      try {
        const folder = path.slice(0, path.lastIndexOf("/") + 1);
        return (folder !== "" && ignoredFolder(folder)) || ignoredItself(path);
      } catch (error) {
        if (error instanceof RulesTooCostly) return false;
        throw error;
      }
    },
  };
}

class RulesTooCostly extends Error {}

/** Passes bytes on and keeps a copy of them. */
async function* keep(
  content: AsyncIterable<Uint8Array>,
  kept: Uint8Array[] | undefined,
): AsyncGenerator<Uint8Array, void> {
  for await (const bytes of content) {
    kept?.push(bytes.slice());
    yield bytes;
  }
}
