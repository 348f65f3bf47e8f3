/** AGENTS.md: what a repository's authors tell agents, for the whole of it and for its folders. */
import type { Workspace } from "../../../workspace/workspace.ts";
import { readTextIfAny } from "./read-text.ts";
import { cutAt, withoutInvisible } from "./shown.ts";

/** In order: the second counts in a folder that has no usable first. Case counts, as on GitHub. */
export const INSTRUCTION_FILES: readonly string[] = ["AGENTS.md", "CLAUDE.md"];

/** Characters of one file that are shown. */
const ROOT_LENGTH = 16_000;
const NESTED_LENGTH = 8_000;
/** Nested files that are shown at that length in one run, and the characters of each after them. */
const MOST_AT_LENGTH = 10;
const SHORT_LENGTH = 400;
/** Nested files that are shown at once; the deepest go first. */
const MOST_AT_ONCE = 4;

export interface Instructions {
  /** The folder they are for; "" is the root. */
  readonly folder: string;
  readonly path: string;
  /** The file's text, or its beginning. */
  readonly text: string;
  /** Characters of the whole text. */
  readonly length: number;
}

export interface InstructionsReader {
  /** The root's. At most one request; none for a repository without. */
  root(): Promise<Instructions | undefined>;
  /**
   * Those of folders below the root that these paths lie in, but for `shownFolders`: outer folders first, so
   * that the nearest, which wins, comes last. At most one request. What was left out because there was too
   * much at once comes with a later call.
   *
   * What is returned is to be added to `shownFolders`. After a compaction these are the root's alone again:
   * results that held the others may be gone, and where work goes on they are worth their tokens once more.
   */
  forPaths(paths: readonly string[], shownFolders: readonly string[]): Promise<readonly Instructions[]>;
}

/**
 * Only files that are as the base commit has them count: what the run itself wrote, moved or was told to
 * write is the model's text, and would gain an authority here that nobody gave it. Links are not followed;
 * what is not text, blank or over the workspace's bounds is passed over.
 */
export function createInstructions(workspace: Workspace): InstructionsReader {
  /** Folders whose files were found to say nothing, so that they are not fetched again and again. */
  const silent = new Set<string>();

  /** The regular files that instructions may be in, best first. Costs no request. */
  async function candidatesIn(folder: string): Promise<readonly string[]> {
    const paths: string[] = [];
    for (const name of INSTRUCTION_FILES) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const kind = (await workspace.entry(path))?.kind;
      if (kind === "file" || kind === "executable") paths.push(path);
    }
    return paths;
  }

  async function unchanged(paths: readonly string[]): Promise<readonly string[]> {
    if (paths.length === 0) return paths;
    const changed = new Set((await workspace.changes()).map(({ path }) => path));
    return paths.filter((path) => !changed.has(path));
  }

  async function readFirst(
    folder: string,
    paths: readonly string[],
    length: number,
  ): Promise<Instructions | undefined> {
    for (const path of paths) {
      const text = withoutInvisible((await readTextIfAny(workspace, path)) ?? "").trim();
      if (text !== "") return { folder, path, text: cutAt(text, length), length: text.length };
    }
    return undefined;
  }

  return {
    async root() {
      const paths = await unchanged(await candidatesIn(""));
      await workspace.prefetch(paths);
      return readFirst("", paths, ROOT_LENGTH);
    },

    async forPaths(paths, shownFolders) {
      const shown = new Set(shownFolders);
      shown.delete("");
      const read = new Set(paths);
      const candidates = new Map<string, readonly string[]>();
      for (const folder of foldersOf(paths)) {
        const found = shown.has(folder) || silent.has(folder) ? [] : await candidatesIn(folder);
        // A model that has just read the file itself is not told it twice.
        if (found.length > 0 && !found.some((path) => read.has(path))) candidates.set(folder, found);
      }
      const deepest = [...candidates].toReversed();
      const base = new Set(await unchanged(deepest.flatMap(([, found]) => found)));
      const next = deepest
        .slice(0, MOST_AT_ONCE)
        .flatMap(([, found]) => found.filter((path) => base.has(path)));
      await workspace.prefetch(next);
      const nearest: Instructions[] = [];
      for (const [folder, found] of deepest) {
        if (nearest.length === MOST_AT_ONCE) break;
        const length = shown.size + nearest.length < MOST_AT_LENGTH ? NESTED_LENGTH : SHORT_LENGTH;
        const usable = found.filter((path) => base.has(path));
        const one = await readFirst(folder, usable, length);
        if (one === undefined) silent.add(folder);
        else nearest.push(one);
      }
      return nearest.toReversed();
    },
  };
}

/** Every folder below the root that a path lies in, outer ones first. */
function foldersOf(paths: readonly string[]): readonly string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) folders.add(path.slice(0, at));
  }
  const depth = (folder: string): number => folder.split("/").length;
  return [...folders].toSorted((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1));
}
