/** Tool: a whole file, new or in place of another. */
import * as z from "zod";
import { ServiceError } from "../../../errors.ts";
import type { Entry, Workspace } from "../../../workspace/workspace.ts";
import { count } from "../../rules/wording.ts";
import type { Tool } from "../tool.ts";
import { countLines } from "./lines.ts";
import { done, protectedNote, refused } from "./outcome.ts";
import { cleanPath, quotePath } from "./paths.ts";
import {
  decodeFile,
  ENCODING_NAMES,
  encodeText,
  isCrlf,
  lineEndings,
  type TextFile,
  UTF8,
} from "./text-file.ts";

const schema = z.strictObject({
  path: z.string().describe("The file's path from the repository's root. Folders are made as needed."),
  content: z.string().describe("Everything that is to be in the file, as it is to be in it."),
});

/**
 * `write_file {path, content}`. Writes UTF-8; over a file in another encoding that can hold the content,
 * that encoding.
 */
export const writeFileTool: Tool<typeof schema> = {
  name: "write_file",
  description:
    "Creates a file, or replaces all of one. To change a part of a file use edit_file, which costs less.",
  schema,
  async run({ path: given, content }, context) {
    const { workspace } = context;
    const path = cleanPath(given);
    const name = quotePath(path);
    const there = await workspace.entry(path);
    const before = there === undefined ? undefined : await bytesAt(workspace, there);
    const old = before === undefined ? undefined : decodeFile(before);
    const kept = old === undefined || old.encoding === "utf-8" ? undefined : keepEncoding(content, old);
    const bytes = kept ?? encodeText(content, UTF8);
    if (bytes === undefined) return refused("content has half of a surrogate pair. Nothing was written.");
    const paths = [path];
    if (before !== undefined && isSame(before, bytes)) {
      const same = `${name} already has exactly this content; nothing changed.`;
      return done({ message: same, text: same, paths });
    }
    await workspace.write(path, bytes);
    const size = `${count(countLines(content), "line")}, ${count(bytes.length, "byte")}`;
    const did = `${there === undefined ? "Created" : "Replaced"} ${name} (${size}).`;
    const notes = before === undefined ? [] : differences(old, content, kept !== undefined);
    return done({ message: did, text: [did, ...notes].join(" ") + protectedNote(context, paths), paths });
  },
};

/** The content in the file's own encoding, with its mark; undefined when that cannot hold it. */
function keepEncoding(content: string, old: TextFile): Uint8Array | undefined {
  return encodeText(old.bom && content.startsWith("\ufeff") ? content.slice(1) : content, old);
}

/** The file's bytes; undefined for what is no file, and for a file that is too large to be read. */
async function bytesAt(workspace: Workspace, { path, kind }: Entry): Promise<Uint8Array | undefined> {
  if (kind !== "file" && kind !== "executable") return undefined;
  try {
    return await workspace.read(path);
  } catch (error) {
    if (error instanceof ServiceError && error.code === "object_too_large") return undefined;
    throw error;
  }
}

function differences(old: TextFile | undefined, content: string, kept: boolean): readonly string[] {
  if (old === undefined) return ["The file before was binary."];
  const encoding = ENCODING_NAMES[old.encoding];
  const notes: string[] = [];
  if (kept) notes.push(`It stays in ${encoding}; delete it first to have it written as UTF-8.`);
  else if (old.encoding !== "utf-8") {
    notes.push(`It was in ${encoding}, which cannot hold the content, and is UTF-8 now.`);
  } else if (old.bom && !content.startsWith("\ufeff")) {
    notes.push("The byte order mark it began with is gone.");
  }
  if (isCrlf(lineEndings(old.text)) && lineEndings(content).lf > 0) {
    notes.push("Its line endings were CRLF; the content has LF.");
  }
  return notes;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
