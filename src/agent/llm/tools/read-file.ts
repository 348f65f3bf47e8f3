/** Tool: a file's lines with their numbers, and what is unusual about the file. */
import * as z from "zod";
import { count } from "../../rules/wording.ts";
import type { Tool } from "../tool.ts";
import { clip, countLines, LINE_CHARACTERS, linesFrom, numbered } from "./lines.ts";
import { done, refused } from "./outcome.ts";
import { cleanPath, explainNoFile, quotePath } from "./paths.ts";
import { decodeFile, ENCODING_NAMES, isCrlf, lineEndings, type TextFile } from "./text-file.ts";

/** Characters of one answer, line numbers included. */
const SHOWN_CHARACTERS = 30_000;
/** A line that is asked for alone is cut only here. */
const LONE_LINE_CHARACTERS = 25_000;
/** Lines with CRLF that are named one by one in a file that has both. */
const NAMED_LINES = 20;

const schema = z.strictObject({
  path: z.string().describe("The file's path from the repository's root."),
  start_line: z.int().min(1).optional().describe("The first line to show, counted from 1. Default: 1."),
  end_line: z.int().min(1).optional().describe("The last line to show. Default: as many as fit."),
});

/** `read_file {path, start_line?, end_line?}` */
export const readFileTool: Tool<typeof schema> = {
  name: "read_file",
  description:
    "Shows a file's lines with their numbers; the number and the tab behind it are not part of the file. A long file is shown in parts: read on with start_line.",
  schema,
  async run({ path: given, start_line: first = 1, end_line: last }, { workspace }) {
    const path = cleanPath(given);
    if ((await workspace.entry(path)) === undefined) return refused(await explainNoFile(workspace, path));
    const bytes = await workspace.read(path);
    const name = quotePath(path);
    const file = decodeFile(bytes);
    if (file === undefined) {
      return refused(
        `${name} is a binary file of ${count(bytes.length, "byte")}; it cannot be shown as text.`,
      );
    }
    const paths = [path];
    if (file.text === "") {
      return done({ message: `Read ${name}.`, text: `${name} is an empty file.`, paths });
    }
    const total = countLines(file.text);
    if (last !== undefined && last < first) {
      return refused(`end_line ${last} is before start_line ${first}. ${name} has ${count(total, "line")}.`);
    }
    if (first > total) {
      return refused(`${name} has ${count(total, "line")}; start_line ${first} is behind its end.`);
    }
    const wanted = Math.min(last ?? total, total);
    const window = showLines(file.text, first, wanted);
    const shown = `lines ${first} to ${window.last}`;
    const head = [
      first === 1 && window.last === total
        ? `${name}: ${count(total, "line")}.`
        : `${name}: ${shown} of ${total}.`,
      ...(window.last < wanted ? [`Read on with start_line ${window.last + 1}.`] : []),
      ...window.notes,
      ...unusual(file),
    ];
    const message = `Read ${shown} of ${total} in ${name}.`;
    return done({ message, text: `${head.join(" ")}\n${window.lines.join("\n")}`, paths });
  },
};

function showLines(text: string, first: number, wanted: number) {
  const lines: string[] = [];
  const cut: string[] = [];
  const longest = first === wanted ? LONE_LINE_CHARACTERS : LINE_CHARACTERS;
  let characters = 0;
  let last = first;
  for (const line of linesFrom(text)) {
    if (line.number > wanted) break;
    if (line.number < first) continue;
    const length = line.end - line.start;
    const shown = numbered(line.number, clip(text.slice(line.start, line.end), longest));
    characters += shown.length + 1;
    if (characters > SHOWN_CHARACTERS && lines.length > 0) break;
    last = line.number;
    lines.push(shown);
    if (length > longest) {
      cut.push(
        `Line ${line.number} has ${length.toLocaleString("en-US")} characters; the first ${longest.toLocaleString("en-US")} are shown.`,
      );
    }
  }
  const how =
    first === wanted
      ? "search_files shows what is around a match in it."
      : "Read such a line alone to see more of it.";
  return { lines, last, notes: cut.length === 0 ? [] : [...cut, how] };
}

/** Sentences about what an edit has to know and cannot be seen. */
function unusual(file: TextFile): readonly string[] {
  const { text, encoding, bom } = file;
  const endings = lineEndings(text);
  const notes: string[] = [];
  if (encoding !== "utf-8") {
    notes.push(
      encoding === "windows-1252"
        ? `It is not UTF-8 and is read as ${ENCODING_NAMES[encoding]}; edits are written so too.`
        : `Its encoding is ${ENCODING_NAMES[encoding]}; edits are written so too.`,
    );
  } else if (bom) notes.push("It begins with a byte order mark, which is not shown and stays.");
  if (isCrlf(endings)) notes.push("Its line endings are CRLF, which edit_file takes \\n for.");
  else if (endings.crlf > 0)
    notes.push(`Its line endings are mixed: ${crlfLines(text, endings.crlf)} in CRLF.`);
  if (endings.cr > 0) notes.push(`It has ${count(endings.cr, "carriage return")} without a line feed.`);
  if (!text.endsWith("\n")) notes.push("It has no line break at its end.");
  return notes;
}

function crlfLines(text: string, amount: number): string {
  if (amount > NAMED_LINES) return `${count(amount, "line")} of ${countLines(text)} end`;
  const numbers: number[] = [];
  for (const { number, end } of linesFrom(text)) if (text.startsWith("\r\n", end)) numbers.push(number);
  return numbers.length === 1 ? `line ${numbers[0]} ends` : `lines ${numbers.join(", ")} end`;
}
