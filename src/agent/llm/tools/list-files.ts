/** Tool: what files there are, as a list or, where that would be long, as folders with counts. */
import * as z from "zod";
import type { Entry } from "../../../workspace/workspace.ts";
import { count } from "../../rules/wording.ts";
import type { Tool } from "../tool.ts";
import { createGlobScope } from "./glob-scope.ts";
import { done, refused } from "./outcome.ts";
import { cleanFolder, explainMissing, listedPath, quotePath } from "./paths.ts";
import { summarise } from "./summarise.ts";

/** Lines of one list. */
const LISTED = 400;
const LISTED_CHARACTERS = 30_000;

const schema = z.strictObject({
  path: z.string().optional().describe("Only what is in this folder. Default: the whole repository."),
  glob: z
    .string()
    .optional()
    .describe(
      "Only paths that match: *.ts at any depth, src/**/*.test.ts from the root, {a,b} for either. No !(…).",
    ),
});

/** `list_files {path?, glob?}` */
export const listFilesTool: Tool<typeof schema> = {
  name: "list_files",
  description:
    "Lists the files of the repository, or of a folder, with their paths from the root. A long list is shown as folders with counts: list such a folder to see into it.",
  schema,
  async run({ path, glob }, { workspace }) {
    const folder = cleanFolder(path ?? "").replace(/^\/+/, "");
    const scope = folder === "" ? {} : { path: folder };
    const globs = glob === undefined ? undefined : createGlobScope(glob, folder);
    const entries = await workspace.list({ ...scope, ...(globs === undefined ? {} : { glob: globs }) });
    const where = folder === "" ? "the repository" : quotePath(folder);
    const [only] = entries;
    if (only === undefined) {
      if (glob === undefined && folder === "") return done({ message: EMPTY, text: EMPTY });
      const all = glob === undefined ? entries : await workspace.list(scope);
      if (all.length === 0) return refused(await explainMissing(workspace, path ?? folder, true));
      const none = `No path in ${where} matches the glob ${quotePath(glob ?? "")}.`;
      return done({ message: none, text: `${none} ${GLOB_HINT}` });
    }
    if (only.path === folder) {
      const file = `${where} is ${KINDS[only.kind]}, not a folder.`;
      return done({ message: file, text: isReadable(only) ? `${file} Read it with read_file.` : file });
    }
    const matching = glob === undefined ? "" : ` matching ${quotePath(glob)}`;
    const head = `${count(entries.length, "file")}${matching} in ${where}`;
    const { lines, summarised, left } = summarise(entries, folder, describe, {
      lines: LISTED,
      characters: LISTED_CHARACTERS,
    });
    const notes = [
      ...(summarised ? ["a folder that ends in a count is not shown in full, list it to see into it"] : []),
      ...(left > 0 ? [`${left} more are not shown, name a folder or a glob to see them`] : []),
    ];
    const text = `${head}${notes.length === 0 ? "" : `; ${notes.join("; ")}`}:\n${lines.join("\n")}`;
    return done({ message: `Listed ${head}.`, text });
  },
};

const EMPTY = "The repository has no files.";
const GLOB_HINT = "A glob without a slash matches names at any depth; one with a slash starts at the root.";

const KINDS: Readonly<Record<Entry["kind"], string>> = {
  file: "a file",
  executable: "an executable file",
  symlink: "a symbolic link",
  submodule: "a submodule",
};

function isReadable({ kind }: Entry): boolean {
  return kind === "file" || kind === "executable";
}

function describe(entry: Entry): string {
  return `${listedPath(entry.path)}${isReadable(entry) ? "" : ` (${KINDS[entry.kind].slice(2)})`}`;
}
