/** The tool calls that make one change of a commit, or why no calls can. */
import { isAscii } from "node:buffer";
import { checkWritePath } from "../../../src/workspace/path.ts";
import type { Random } from "../random.ts";
import type { FileChange, FileSide } from "./commit-changes.ts";
import { applyEdit, type Edit } from "./edit.ts";
import { editsForText, singleEdit } from "./edits-for-text.ts";
import { decodeAs, decodeText, encodeText, type FileText } from "./file-text.ts";

export type ReplayCall =
  | { readonly name: "edit_file"; readonly arguments: Edit & { readonly path: string } }
  | { readonly name: "write_file"; readonly arguments: { readonly path: string; readonly content: string } }
  | { readonly name: "delete_file"; readonly arguments: { readonly path: string } }
  | { readonly name: "move_file"; readonly arguments: { readonly from: string; readonly to: string } };

/** What tools for text files cannot do at all. */
export type Inexpressible =
  | "symbolic link or submodule"
  | "mode change"
  | "new executable"
  | "binary content"
  | "new file in a legacy encoding"
  | "change of encoding"
  | "path that may not be written"
  | "arguments over 1 MiB"
  | "file over 8 MiB";

const MAX_ARGUMENT_BYTES = 1024 * 1024;
const MAX_FILE_BYTES = 8 * 1024 * 1024;

export function callsForChange(change: FileChange, random: Random): readonly ReplayCall[] | Inexpressible {
  const calls = uncheckedCalls(change, random);
  if (typeof calls === "string") return calls;
  return calls.every(isSendable) ? calls : "arguments over 1 MiB";
}

function uncheckedCalls({ before, after }: FileChange, random: Random) {
  if (after === undefined) return before === undefined ? [] : [deletion(before.path)];
  if (before?.path !== after.path && !isWritable(after.path)) return "path that may not be written";
  if (before === undefined) return addition(after);
  if (before.mode !== after.mode) return modeChange(before, after);
  return before.path === after.path ? modification(before, after, random) : rename(before, after, random);
}

function addition(file: FileSide): readonly ReplayCall[] | Inexpressible {
  if (isLink(file)) return "symbolic link or submodule";
  if (file.mode === "100755") return "new executable";
  if (file.bytes.length > MAX_FILE_BYTES) return "file over 8 MiB";
  const content = contentOf(file);
  if (content !== undefined) return [write(file.path, content)];
  return decodeText(file.bytes) === undefined ? "binary content" : "new file in a legacy encoding";
}

/** No tool sets a mode, but a new file has the ordinary one. */
function modeChange(before: FileSide, after: FileSide): readonly ReplayCall[] | Inexpressible {
  if (isLink(after)) return "symbolic link or submodule";
  if (after.mode === "100755") return "mode change";
  const calls = addition(after);
  return typeof calls === "string" ? calls : [deletion(before.path), ...calls];
}

function rename(before: FileSide, after: FileSide, random: Random): readonly ReplayCall[] | Inexpressible {
  const move: ReplayCall = { name: "move_file", arguments: { from: before.path, to: after.path } };
  if (before.bytes.equals(after.bytes)) return [move];
  const moved = { ...before, path: after.path };
  const editsFirst = random.int(3) === 0 && isWritable(before.path);
  const calls = modification(editsFirst ? before : moved, after, random);
  if (typeof calls === "string") return calls;
  return editsFirst ? [...calls, move] : [move, ...calls];
}

/** @param before at the path where the edits are to be made */
function modification(
  before: FileSide,
  after: FileSide,
  random: Random,
): readonly ReplayCall[] | Inexpressible {
  const { path } = before;
  if (isLink(after)) return "symbolic link or submodule";
  if (Math.max(before.bytes.length, after.bytes.length) > MAX_FILE_BYTES) return "file over 8 MiB";
  if (!isWritable(path)) return "path that may not be written";
  const rewritten = rewrite(before, after);
  const whole = random.int(7) === 0 || isConversion(before.bytes, after.bytes);
  if (rewritten?.every(isSendable) === true && whole) return rewritten;
  const edited = edits(before.bytes, after.bytes, random)?.map(
    (edit): ReplayCall => ({ name: "edit_file", arguments: { path, ...edit } }),
  );
  if (edited?.every(isSendable) === true) return edited;
  if (rewritten !== undefined) return rewritten;
  if (edited !== undefined) return edited;
  return decodeText(after.bytes) === undefined || decodeText(before.bytes) === undefined
    ? "binary content"
    : "change of encoding";
}

/** Over a file that is not UTF-8 the tool keeps that file's encoding where it can: then the file has to go first. */
function rewrite(before: FileSide, after: FileSide): readonly ReplayCall[] | undefined {
  const content = contentOf(after);
  if (content === undefined) return undefined;
  const calls = [write(before.path, content)];
  const there = decodeText(before.bytes);
  if (there === undefined || there.encoding === "utf-8") return calls;
  return before.mode === "100644" ? [deletion(before.path), ...calls] : undefined;
}

/** Nobody makes UTF-8 of a legacy file by edits in that file's own letters, though it can be done. */
function isConversion(before: Buffer, after: Buffer): boolean {
  return (
    decodeText(before)?.encoding === "windows-1252" &&
    decodeText(after)?.encoding === "utf-8" &&
    !isAscii(after)
  );
}

function edits(before: Buffer, after: Buffer, random: Random): readonly Edit[] | undefined {
  const file = decodeText(before);
  const wanted = file === undefined ? undefined : decodeAs(after, file);
  if (file === undefined || wanted === undefined) return undefined;
  for (const plan of [editsForText, singleEdit]) {
    const made = plan(file.text, wanted, random);
    if (made !== undefined && outcome(before, made)?.equals(after) === true) return made;
  }
  return undefined;
}

/** What the edits make of a file, each read from the bytes that the one before left. */
function outcome(before: Buffer, made: readonly Edit[]): Buffer | undefined {
  let bytes: Buffer | undefined = before;
  for (const edit of made) {
    const file: FileText | undefined = bytes === undefined ? undefined : decodeText(bytes);
    const text: string | undefined = file === undefined ? undefined : applyEdit(file.text, edit);
    bytes = file === undefined || text === undefined ? undefined : encodeText({ ...file, text });
  }
  return bytes;
}

/** What `write_file` has to be given; undefined for content that is not UTF-8 text. */
function contentOf({ bytes }: FileSide): string | undefined {
  const file = decodeText(bytes);
  if (file?.encoding !== "utf-8") return undefined;
  return file.bom ? `\ufeff${file.text}` : file.text;
}

function deletion(path: string): ReplayCall {
  return { name: "delete_file", arguments: { path } };
}

function write(path: string, content: string): ReplayCall {
  return { name: "write_file", arguments: { path, content } };
}

function isSendable(call: ReplayCall): boolean {
  return Buffer.byteLength(JSON.stringify(call.arguments)) <= MAX_ARGUMENT_BYTES;
}

function isLink({ mode }: FileSide): boolean {
  return mode === "120000" || mode === "160000";
}

function isWritable(path: string): boolean {
  try {
    checkWritePath(path);
    return true;
  } catch {
    return false;
  }
}
