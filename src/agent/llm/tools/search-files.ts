/** Tool: the lines that hold a text, in all files or some, with what is around a match in a long line. */
import * as z from "zod";
import type { SearchMatch, SearchResult, Workspace } from "../../../workspace/workspace.ts";
import { count, listed } from "../../rules/wording.ts";
import type { Tool } from "../tool.ts";
import { createGlobScope } from "./glob-scope.ts";
import { excerpt, linesFrom, numbered } from "./lines.ts";
import { done, refused } from "./outcome.ts";
import { cleanFolder, listedPath, quotePath } from "./paths.ts";
import { decodeFile } from "./text-file.ts";

const MATCHES = 200;
const SHOWN_CHARACTERS = 30_000;
const LINE_CHARACTERS = 300;
/** The workspace hands out this much of a line; what is around a match behind that is read for. */
const HANDED_OUT = 400;
const FAR_COLUMN = 200;

const schema = z.strictObject({
  query: z.string().describe("What to look for, within one line; upper and lower case count."),
  regex: z
    .boolean()
    .optional()
    .describe("True to read query as a regular expression (RE2 syntax: no lookaround). (?i) ignores case."),
  glob: z
    .string()
    .optional()
    .describe("Only files that match, as *.ts or src/**/*.py, or only what is in a folder, as src."),
});

/** `search_files {query, regex?, glob?}`. Names no paths as read: lines out of a file are not the file. */
export const searchFilesTool: Tool<typeof schema> = {
  name: "search_files",
  description:
    "Searches the text files of the repository, your edits included, and shows each line that matches with its path and number.",
  schema,
  async run({ query, regex = false, glob }, { workspace }) {
    if (query.includes("\n") && !regex) {
      return refused(
        "A search looks at one line at a time, and query has a line break. Search for one of its lines.",
      );
    }
    const scope = glob === undefined ? {} : await scopeOf(workspace, glob);
    const result = await workspace.search({ query, regex, ...scope, maxMatches: MATCHES });
    const what = `${quotePath(query)}${glob === undefined ? "" : ` in ${quotePath(glob)}`}`;
    if (result.matches.length === 0) {
      const none = `No line matches ${what}.`;
      const hint = await hintFor(workspace, scope, query, regex);
      return done({ message: none, text: [none, hint, ...skippedNote(result)].filter(Boolean).join(" ") });
    }
    const { lines, shown, cut } = await show(workspace, result.matches);
    const files = count(new Set(result.matches.map(({ path }) => path)).size, "file");
    const found = `${count(result.matches.length, "matching line")} in ${files}`;
    const head = [
      result.truncated
        ? `The first ${found}; there are more: search for a longer text, or narrow the glob.`
        : `${found}.`,
      ...(shown < result.matches.length
        ? [`The first ${shown} of them are shown; narrow the glob to see the others.`]
        : []),
      ...(cut ? [`Lines are cut at ${LINE_CHARACTERS} characters.`] : []),
      ...skippedNote(result),
    ];
    return done({ message: `Found ${found} for ${what}.`, text: `${head.join(" ")}\n${lines.join("\n")}` });
  },
};

type SearchScope = { readonly path?: string; readonly glob?: readonly string[] };

/** A glob without any wildcard may be a folder's path. */
async function scopeOf(workspace: Workspace, glob: string): Promise<SearchScope> {
  const folder = cleanFolder(glob).replace(/^\/+/, "");
  if (!/[*?[{(]/.test(glob)) {
    if (folder === "") return {};
    if ((await workspace.list({ path: folder })).length > 0) return { path: folder };
  }
  return { glob: createGlobScope(glob, "") };
}

async function hintFor(
  workspace: Workspace,
  scope: SearchScope,
  query: string,
  regex: boolean,
): Promise<string> {
  if (scope.glob !== undefined && (await workspace.list(scope)).length === 0) {
    return "No file matches the glob: one without a slash matches names at any depth, one with a slash starts at the root.";
  }
  if (regex) return "A pattern is matched against one line at a time.";
  return /[\\^$*+?()[\]{}|]/.test(query) ? "Set regex to true if query is meant as a pattern." : "";
}

function skippedNote({ skipped }: SearchResult): readonly string[] {
  if (skipped.length === 0) return [];
  const large = skipped.filter(({ reason }) => reason === "too_large").map(({ path }) => quotePath(path));
  const binary = skipped.length - large.length;
  return [
    ...(binary === 0 ? [] : [`${count(binary, "binary file")} not searched.`]),
    ...(large.length === 0 ? [] : [`Too large to search: ${listed(large)}.`]),
  ];
}

/** Matches by file, as many as fit. */
async function show(workspace: Workspace, matches: readonly SearchMatch[]) {
  const lines: string[] = [];
  let [characters, shown, path, cut] = [0, 0, "", false];
  const around = createAround(workspace);
  for (const match of matches) {
    const isFar = match.column > FAR_COLUMN && match.text.length === HANDED_OUT;
    const far = isFar ? await around(match) : undefined;
    const text = far ?? excerpt(match.text, match.column - 1, LINE_CHARACTERS);
    const more = [...(match.path === path ? [] : [listedPath(match.path)]), numbered(match.line, text)];
    for (const line of more) characters += line.length + 1;
    if (characters > SHOWN_CHARACTERS) break;
    lines.push(...more);
    path = match.path;
    if (far === undefined && match.text.length > LINE_CHARACTERS) cut = true;
    shown++;
  }
  return { lines, shown, cut };
}

/** What is around a match far into its line. Matches come file by file, so one file is held at a time. */
function createAround(workspace: Workspace): (match: SearchMatch) => Promise<string | undefined> {
  let held: { readonly path: string; readonly text: string; readonly lines: ReturnType<typeof linesFrom> };
  return async ({ path, line, column }) => {
    if (held?.path !== path) {
      const file = decodeFile(await workspace.read(path));
      // Columns count the mark.
      const text = `${file?.bom === true ? "\ufeff" : ""}${file?.text ?? ""}`;
      held = { path, text, lines: linesFrom(text) };
    }
    const { lines, text } = held;
    for (let next = lines.next(); next.done !== true; next = lines.next()) {
      const { number, start, end } = next.value;
      if (number < line) continue;
      const length = (end - start).toLocaleString("en-US");
      const from = Math.max(start, start + column - 1 - LINE_CHARACTERS);
      const part = text.slice(from, Math.min(end, start + column - 1 + LINE_CHARACTERS));
      return `${excerpt(part, start + column - 1 - from, LINE_CHARACTERS)} (at ${column.toLocaleString("en-US")} of ${length} characters)`;
    }
    return undefined;
  };
}
