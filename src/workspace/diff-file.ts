/** One file's part of a patch, in the format `git apply` reads (git-diff(1), "Generating patch text"). */
import { structuredPatch } from "diff";
import { binaryPatch } from "./binary-patch.ts";
import { decodeUtf8 } from "./bytes.ts";
import { bytesOfName } from "./tree-codec.ts";

export interface DiffSide {
  readonly path: string;
  readonly mode: string;
  readonly oid: string;
  /** Undefined when the content is too large to fetch, which a deletion does not need. */
  readonly bytes: Uint8Array | undefined;
}

export interface LineCounts {
  readonly additions: number;
  readonly deletions: number;
  readonly binary: boolean;
}

/** Past this many changed lines the patch replaces the file's text as a whole: O(lines × edits) otherwise. */
const LONGEST_EDIT = 2000;
const CONTEXT_LINES = 3;
const NO_OBJECT = "0".repeat(40);
const SUBMODULE = "160000";

/** The patch of one file; at least one side is given, both when it was modified or renamed. */
export async function diffFile(before: DiffSide | undefined, after: DiffSide | undefined): Promise<string> {
  const oldPath = before?.path ?? after?.path ?? "";
  const newPath = after?.path ?? oldPath;
  let head = `diff --git ${quoted(`a/${oldPath}`)} ${quoted(`b/${newPath}`)}\n`;
  if (before === undefined) head += `new file mode ${after?.mode}\n`;
  else if (after === undefined) head += `deleted file mode ${before.mode}\n`;
  else if (before.mode !== after.mode) head += `old mode ${before.mode}\nnew mode ${after.mode}\n`;
  if (oldPath !== newPath) {
    if (before?.oid === after?.oid) head += "similarity index 100%\n";
    head += `rename from ${quoted(oldPath)}\nrename to ${quoted(newPath)}\n`;
  }
  if (before?.oid === after?.oid) return head;

  const mode = before !== undefined && before.mode === after?.mode ? ` ${before.mode}` : "";
  head += `index ${before?.oid ?? NO_OBJECT}..${after?.oid ?? NO_OBJECT}${mode}\n`;
  const texts = textsOf(before, after);
  if (texts === undefined) return head + (await binaryPatch(after?.bytes ?? new Uint8Array(0)));
  if (texts.before === texts.after) return head;
  const from = before === undefined ? "/dev/null" : label(`a/${oldPath}`);
  const to = after === undefined ? "/dev/null" : label(`b/${newPath}`);
  return `${head}--- ${from}\n+++ ${to}\n${hunks(texts.before, texts.after)}`;
}

/** Lines added and removed. */
export function countLines(before: DiffSide | undefined, after: DiffSide | undefined): LineCounts {
  const texts = textsOf(before, after);
  if (texts === undefined) return { additions: 0, deletions: 0, binary: true };
  let additions = 0;
  let deletions = 0;
  for (const hunk of hunksOf(texts.before, texts.after)) {
    for (const line of hunk.lines) {
      if (line.startsWith("+")) additions++;
      else if (line.startsWith("-")) deletions++;
    }
  }
  return { additions, deletions, binary: false };
}

/** Both sides as text, or undefined when either has to travel as binary. */
function textsOf(
  before: DiffSide | undefined,
  after: DiffSide | undefined,
): { before: string; after: string } | undefined {
  const old = before === undefined ? "" : textOf(before);
  const now = after === undefined ? "" : textOf(after);
  return old === undefined || now === undefined ? undefined : { before: old, after: now };
}

/** A NUL makes git treat a file as binary; bytes that are not UTF-8 would not survive in JSON. */
function textOf(side: DiffSide): string | undefined {
  if (side.mode === SUBMODULE) return `Subproject commit ${side.oid}\n`;
  if (side.bytes === undefined || side.bytes.includes(0)) return undefined;
  return decodeUtf8(side.bytes);
}

interface Hunk {
  readonly oldStart: number;
  readonly oldLines: number;
  readonly newStart: number;
  readonly newLines: number;
  readonly lines: readonly string[];
}

const NO_NEWLINE = "\\ No newline at end of file";

function hunksOf(before: string, after: string): readonly Hunk[] {
  const options = { context: CONTEXT_LINES, maxEditLength: LONGEST_EDIT };
  return structuredPatch("", "", before, after, "", "", options)?.hunks ?? [wholeHunk(before, after)];
}

function wholeHunk(before: string, after: string): Hunk {
  const removed = linesOf(before, "-");
  const added = linesOf(after, "+");
  const count = (lines: readonly string[]): number => lines.filter((line) => line !== NO_NEWLINE).length;
  return {
    oldStart: 1,
    oldLines: count(removed),
    newStart: 1,
    newLines: count(added),
    lines: [...removed, ...added],
  };
}

function linesOf(text: string, sign: string): readonly string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  const ended = lines.at(-1) === "";
  if (ended) lines.pop();
  const signed = lines.map((line) => sign + line);
  return ended ? signed : [...signed, NO_NEWLINE];
}

function hunks(before: string, after: string): string {
  let text = "";
  for (const { oldStart, oldLines, newStart, newLines, lines } of hunksOf(before, after)) {
    // An empty side counts from the line before it.
    const oldAt = oldLines === 0 ? oldStart - 1 : oldStart;
    const newAt = newLines === 0 ? newStart - 1 : newStart;
    text += `@@ -${oldAt},${oldLines} +${newAt},${newLines} @@\n${lines.join("\n")}\n`;
  }
  return text;
}

/** git ends a name with a tab in `---` and `+++` lines when it has a space, so that readers find its end. */
function label(path: string): string {
  const name = quoted(path);
  return name === path && path.includes(" ") ? `${name}\t` : name;
}

/** C-style quotes where a name has control characters, quotes, backslashes or bytes that are not UTF-8. */
function quoted(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these need quoting
  if (!/[\u0000-\u001f"\\\u007f]/.test(path) && path.isWellFormed()) return path;
  let text = "";
  for (const name of path.split(/(?=\/)/)) {
    for (const byte of bytesOfName(name)) {
      if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
      else if (byte < 0x20 || byte >= 0x7f) text += `\\${byte.toString(8).padStart(3, "0")}`;
      else text += String.fromCharCode(byte);
    }
  }
  return `"${text}"`;
}
