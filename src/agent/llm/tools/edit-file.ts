/** Tool: one text of a file is replaced by another; all other bytes of the file stay as they are. */
import * as z from "zod";
import { count } from "../../rules/wording.ts";
import type { Tool, ToolContext, ToolOutcome } from "../tool.ts";
import { lineAt, linesAt, region } from "./lines.ts";
import { LARGEST_COMPARED, nearestText } from "./nearest-text.ts";
import { firstOccurrence, occurrences } from "./occurrences.ts";
import { done, protectedNote, refused } from "./outcome.ts";
import { cleanPath, explainNoFile, quotePath } from "./paths.ts";
import {
  asInFile,
  decodeFile,
  ENCODING_NAMES,
  encodeText,
  isCrlf,
  lineEndings,
  type TextFile,
  unencodable,
} from "./text-file.ts";

/** Occurrences that one call replaces. */
const OCCURRENCES = 100_000;
/** UTF-16 units of a file after an edit; the workspace bounds its bytes. */
const LONGEST_FILE = 16 * 1024 * 1024;
const NAMED_LINES = 20;
const SHOWN_REGIONS = 3;
const EDITED = { context: 3, maxLines: 40, maxLineCharacters: 400 };
const NEAREST = { context: 2, maxLines: 40, maxLineCharacters: 400 };
/** A shorter new_text is in a file by chance. */
const TELLING_CHARACTERS = 12;

const schema = z.strictObject({
  path: z.string().describe("The file's path from the repository's root."),
  old_text: z
    .string()
    .describe(
      "The text to replace, exactly as it is in the file, indentation and line breaks included. Take in enough lines around it that it occurs once.",
    ),
  new_text: z.string().describe("What to put in its place."),
  replace_all: z.boolean().optional().describe("True to replace every occurrence. Default: false."),
});

/** `edit_file {path, old_text, new_text, replace_all?}` */
export const editFileTool: Tool<typeof schema> = {
  name: "edit_file",
  description:
    "Replaces a text in a file. old_text must be in the file exactly once, unless replace_all is true. Shows the lines as they are afterwards, so there is no need to read them again.",
  schema,
  async run({ path: given, old_text, new_text, replace_all = false }, context) {
    if (old_text === "") {
      return refused(
        "old_text is empty. Give the text to replace; to write a whole file use write_file, to add to one replace a line by itself and what is to be added.",
      );
    }
    if (old_text === new_text) return refused("old_text and new_text are the same, so nothing would change.");
    const { workspace } = context;
    const path = cleanPath(given);
    if ((await workspace.entry(path)) === undefined) {
      return refused(`${await explainNoFile(workspace, path)} To create a file use write_file.`);
    }
    const bytes = await workspace.read(path);
    const file = decodeFile(bytes);
    if (file === undefined) {
      return refused(
        `${quotePath(path)} is a binary file of ${count(bytes.length, "byte")}; edit_file changes text only.`,
      );
    }
    return replace({ path, file, wanted: asFound(file, old_text, new_text), all: replace_all, context });
  },
};

interface Wanted {
  readonly old: string;
  readonly new: string;
  /** True when line feeds of the call were made CRLF. */
  readonly crlf: boolean;
}

/** Both texts as the file would have them: its line endings, and its spelling of bytes. */
function asFound(file: TextFile, oldText: string, newText: string): Wanted {
  const bare = !oldText.includes("\r") && !newText.includes("\r");
  const crlf = bare && `${oldText}${newText}`.includes("\n") && isCrlf(lineEndings(file.text));
  const [old, fresh] = [oldText, newText].map((text) =>
    asInFile(crlf ? text.replaceAll("\n", "\r\n") : text, file),
  );
  return { old: old ?? "", new: fresh ?? "", crlf };
}

interface Replacing {
  readonly path: string;
  readonly file: TextFile;
  readonly wanted: Wanted;
  readonly all: boolean;
  readonly context: ToolContext;
}

async function replace({ path, file, wanted, all, context }: Replacing): Promise<ToolOutcome> {
  const { text } = file;
  const name = quotePath(path);
  const found: number[] = [];
  for (const at of occurrences(text, wanted.old, !all)) {
    if (found.push(at) > OCCURRENCES) break;
  }
  if (found.length === 0) return refused(notFound(name, text, wanted));
  if (found.length > OCCURRENCES) {
    return refused(`old_text is in ${name} more than ${OCCURRENCES} times. Take more text around it.`);
  }
  if (!all && found.length > 1) return refused(notUnique(name, text, found));
  if (text.length + found.length * (wanted.new.length - wanted.old.length) > LONGEST_FILE) {
    return refused(`${name} would get longer than ${LONGEST_FILE} characters. Nothing was changed.`);
  }
  const edited = splice(text, found, wanted);
  const written = encodeText(edited, file);
  if (written === undefined) return refused(notEncodable(name, file, wanted));
  await context.workspace.write(path, written);
  const paths = [path];
  const message = `Replaced ${count(found.length, "occurrence")} in ${name}.`;
  const notes = [
    ...(wanted.crlf ? ["The file has CRLF line endings, so line breaks were taken as CRLF."] : []),
    ...(file.encoding === "utf-8" ? [] : [`The file stays in ${ENCODING_NAMES[file.encoding]}.`]),
  ];
  const shown = showEdited(edited, found, wanted);
  return done({
    message,
    text: `${[message, ...notes].join(" ")}\n${shown}${protectedNote(context, paths)}`,
    paths,
  });
}

function splice(text: string, found: readonly number[], wanted: Wanted): string {
  const parts: string[] = [];
  let from = 0;
  for (const at of found) {
    parts.push(text.slice(from, at), wanted.new);
    from = at + wanted.old.length;
  }
  parts.push(text.slice(from));
  return parts.join("");
}

function showEdited(edited: string, found: readonly number[], wanted: Wanted): string {
  if (edited === "") return "The file is empty now.";
  const grown = wanted.new.length - wanted.old.length;
  const regions: string[] = [];
  let [index, shownTo] = [0, 0];
  for (const at of found) {
    const start = at + index * grown;
    if (index === 0 || start > shownTo) {
      if (regions.length === SHOWN_REGIONS) break;
      const { from, to, end, text } = region(edited, start, start + wanted.new.length, EDITED);
      regions.push(`${from === to ? `Line ${from}` : `Lines ${from} to ${to}`} now:\n${text}`);
      shownTo = end;
    }
    index++;
  }
  const more = found.length - index;
  return [...regions, ...(more === 0 ? [] : [`(${more} more not shown)`])].join("\n");
}

function notUnique(name: string, text: string, found: readonly number[]): string {
  const lines = linesAt(text, found, NAMED_LINES);
  const more = found.length > lines.length ? ` and ${found.length - lines.length} more` : "";
  const where = `at line${lines.length === 1 ? "" : "s"} ${lines.join(", ")}${more}`;
  return `old_text is in ${name} ${found.length} times, ${where}. Take more lines around the one you mean, or set replace_all to true.`;
}

function notEncodable(name: string, file: TextFile, wanted: Wanted): string {
  const character = unencodable(wanted.new, file.encoding);
  if (character === undefined || !character.isWellFormed()) {
    return "new_text or old_text has half of a surrogate pair. Nothing was changed.";
  }
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  return `${name} is in ${ENCODING_NAMES[file.encoding]}, which cannot hold ${JSON.stringify(character)} (${code}) of new_text. Nothing was changed. Write it in other characters, or replace the whole file with write_file, which makes it UTF-8.`;
}

function notFound(name: string, text: string, wanted: Wanted): string {
  const sentence = `old_text is not in ${name}. Nothing was changed.`;
  const made = wanted.new.length < TELLING_CHARACTERS ? -1 : firstOccurrence(text, wanted.new);
  const already =
    made === -1
      ? ""
      : ` new_text is in it already, at line ${lineAt(text, made)}: perhaps this edit was made before.`;
  if (text.length > LARGEST_COMPARED) {
    return `${sentence}${already} It is too long to look for what is nearest: search for a part of the text.`;
  }
  const nearest = nearestText(text, wanted.old);
  if (nearest === undefined) {
    return `${sentence}${already} ${text === "" ? "The file is empty." : "Nothing in it is like it: read the file, or search for a part of the text."}`;
  }
  const { from, to, text: lines } = region(text, nearest.start, nearest.end, NEAREST);
  const why = nearest.why === undefined ? "" : ` ${nearest.why}`;
  return `${sentence}${already}${why} The nearest is in lines ${from} to ${to}; take the text from there as it is:\n${lines}`;
}
