/** A tree of folders and files in a bounded number of characters, shallow levels before deeper ones. */
import type { Entry } from "../../../workspace/workspace.ts";
import { shownName } from "./shown.ts";

export interface Outline {
  readonly text: string;
  /** Files, links and submodules whose names are in `text`. */
  readonly shown: number;
}

/** A folder's entries lie next to each other in the list: from `from` up to `to`. */
interface Folder {
  /** Characters of its path, with the slash. */
  readonly prefix: number;
  readonly from: number;
  readonly to: number;
}

/** What is right inside a folder; of each kind only as many as could ever be shown. */
interface Contents {
  /** Their `prefix` is still that of the folder they are in. */
  readonly folders: readonly Folder[];
  readonly files: readonly Entry[];
  readonly prefix: number;
  readonly folderCount: number;
  readonly fileCount: number;
}

/** How many of a folder's folders and files are shown. */
interface Share {
  readonly folders: number;
  readonly files: number;
}

interface Line {
  readonly text: string;
  /** Set for the line of a folder, below which its own lines come. */
  readonly folder?: Folder;
}

interface Block {
  readonly lines: readonly Line[];
  /** Files whose names are in it. */
  readonly shown: number;
  readonly length: number;
}

const MOST_COLLECTED = 1_000;
const DEEPEST = 12;
/** Characters of a folder's name after which folders that hold nothing but the next are no longer joined to it. */
const LONGEST_CHAIN = 100;
/** A level that is shown like this counts as complete: files beyond these are data, not structure. */
const COMPLETE: readonly Share[] = [
  { folders: Number.POSITIVE_INFINITY, files: Number.POSITIVE_INFINITY },
  { folders: Number.POSITIVE_INFINITY, files: 30 },
];
/** For the last level, which is cut evenly over its folders; fewer names than three tell nothing. */
const CUT: readonly Share[] = [100, 60, 40, 25, 15, 10, 6, 4, 3].map((most) => ({
  folders: most,
  files: most,
}));

/**
 * Each level is shown for all folders of the level above, or cut evenly and nothing deeper shown.
 * `entries` are in git's order. At most `room` characters. Time: the entries, for each level shown.
 */
export function outline(entries: readonly Entry[], room: number): Outline {
  const blocks = new Map<Folder, Block>();
  const root: Folder = { prefix: 0, from: 0, to: entries.length };
  let level: readonly Folder[] = [root];
  let left = room;
  for (let depth = 0; depth < DEEPEST && level.length > 0 && level.length <= left; depth++) {
    const contents = level.map((folder) => contentsOf(entries, folder));
    const whole = placed(entries, contents, COMPLETE, depth, left);
    const shown = whole ?? placed(entries, contents, CUT, depth, left);
    for (const [i, folder] of level.entries()) {
      const block = shown?.[i];
      if (block === undefined) continue;
      blocks.set(folder, block);
      left -= block.length;
    }
    level = (whole ?? []).flatMap(({ lines }) => lines.flatMap(({ folder }) => folder ?? []));
  }
  const lines: string[] = [];
  const print = (folder: Folder): void => {
    for (const line of blocks.get(folder)?.lines ?? []) {
      lines.push(line.text);
      if (line.folder !== undefined) print(line.folder);
    }
  };
  print(root);
  let shown = 0;
  for (const block of blocks.values()) shown += block.shown;
  return { text: lines.join("\n"), shown };
}

/** The folders' contents by the first of these shares that takes no more than `room` characters. */
function placed(
  entries: readonly Entry[],
  contents: readonly Contents[],
  shares: readonly Share[],
  depth: number,
  room: number,
): readonly Block[] | undefined {
  for (const share of shares) {
    if (total(contents, (one) => leastLength(one, share, depth)) > room) continue;
    const blocks = contents.map((one) => blockOf(entries, one, share, depth));
    if (total(blocks, ({ length }) => length) <= room) return blocks;
  }
  return undefined;
}

/** What is right inside a folder. Time: its folders and files, each with a search for a folder's end. */
function contentsOf(entries: readonly Entry[], { prefix, from, to }: Folder): Contents {
  const folders: Folder[] = [];
  const files: Entry[] = [];
  let folderCount = 0;
  let fileCount = 0;
  for (let at = from; at < to; ) {
    const entry = entries[at];
    if (entry === undefined) break;
    const slash = entry.path.indexOf("/", prefix);
    if (slash < 0) {
      fileCount++;
      if (files.length < MOST_COLLECTED) files.push(entry);
      at++;
      continue;
    }
    const end = endOfFolder(entries, entry.path.slice(0, slash + 1), at, to);
    folderCount++;
    if (folders.length < MOST_COLLECTED) folders.push({ prefix, from: at, to: end });
    at = end;
  }
  return { folders, files, prefix, folderCount, fileCount };
}

/** The index behind the last entry that begins with `folder`: steps that double, then halves. */
function endOfFolder(entries: readonly Entry[], folder: string, from: number, to: number): number {
  const inside = (at: number): boolean => entries[at]?.path.startsWith(folder) === true;
  let low = from;
  let step = 1;
  while (low + step < to && inside(low + step)) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, to);
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (inside(middle)) low = middle;
    else high = middle;
  }
  return high;
}

function blockOf(entries: readonly Entry[], contents: Contents, share: Share, depth: number): Block {
  const indent = "  ".repeat(depth);
  const lines: Line[] = contents.folders
    .slice(0, share.folders)
    .map((folder) => folderLine(entries, folder, indent));
  const moreFolders = contents.folderCount - lines.length;
  if (moreFolders > 0) lines.push({ text: `${indent}… ${moreFolders} more folders` });
  const files = contents.files.slice(0, share.files);
  const names = files.map((file) => fileName(file, contents.prefix));
  const moreFiles = contents.fileCount - files.length;
  if (moreFiles > 0) names.push(`… ${moreFiles} more files`);
  if (names.length > 0) lines.push({ text: indent + names.join(", ") });
  return { lines, shown: files.length, length: total(lines, ({ text }) => text.length + 1) };
}

/** A bound from below that needs no names: spares making blocks that cannot fit. */
function leastLength({ folderCount, fileCount }: Contents, share: Share, depth: number): number {
  const indent = 2 * depth;
  return (
    Math.min(folderCount, share.folders) * (indent + 5) +
    (fileCount > 0 ? indent : 0) +
    2 * Math.min(fileCount, share.files)
  );
}

/** The folder at `prefix`, joined with those below it as long as each holds nothing but the next. */
function folderLine(entries: readonly Entry[], { prefix, from, to }: Folder, indent: string): Line {
  const first = entries[from]?.path ?? "";
  const last = entries[to - 1]?.path ?? "";
  let label = "";
  let at = prefix;
  while (label.length < LONGEST_CHAIN) {
    const slash = first.indexOf("/", at);
    if (slash < 0 || !last.startsWith(first.slice(at, slash + 1), at)) break;
    label += `${shownName(first.slice(at, slash), 60)}/`;
    at = slash + 1;
  }
  return { text: `${indent}${label} ${to - from}`, folder: { prefix: at, from, to } };
}

function fileName({ path, kind }: Entry, prefix: number): string {
  const note = kind === "symlink" ? " (link)" : kind === "submodule" ? " (submodule)" : "";
  return shownName(path.slice(prefix)) + note;
}

function total<T>(items: readonly T[], size: (item: T) => number): number {
  return items.reduce((sum, item) => sum + size(item), 0);
}
