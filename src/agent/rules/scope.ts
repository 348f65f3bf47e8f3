/** Which files an instruction is about: read from its words, resolved against the repository. */
import type { Entry, Workspace } from "../../workspace/workspace.ts";
import type { Cursor } from "./cursor.ts";
import { baseName, normalisePath } from "./paths.ts";
import { listed, quote } from "./wording.ts";

export interface Scope {
  /** Files and folders by name; empty means the whole repository. */
  readonly paths: readonly string[];
  /** Only files that match one of these; empty means all. */
  readonly globs: readonly string[];
}

export const EVERYWHERE: Scope = { paths: [], globs: [] };

const KINDS: ReadonlyMap<string, readonly string[]> = new Map([
  ["markdown", ["md", "markdown"]],
  ["md", ["md"]],
  ["python", ["py"]],
  ["py", ["py"]],
  ["javascript", ["js", "mjs", "cjs", "jsx"]],
  ["js", ["js", "mjs", "cjs", "jsx"]],
  ["typescript", ["ts", "mts", "cts", "tsx"]],
  ["ts", ["ts", "mts", "cts", "tsx"]],
  ["json", ["json"]],
  ["yaml", ["yaml", "yml"]],
  ["toml", ["toml"]],
  ["html", ["html", "htm"]],
  ["css", ["css"]],
  ["text", ["txt"]],
  ["txt", ["txt"]],
  ["rust", ["rs"]],
  ["go", ["go"]],
  ["java", ["java"]],
]);
const ARTICLES = new Set(["the", "this", "of", "my", "our"]);
const WHOLE = new Set(["whole", "entire", "complete"]);
const REPOSITORY = ["repository", "repo", "project", "codebase", "code", "sources"];
const FOLDER = ["folder", "directory", "dir"];

/** Reads `in src/a.ts`, `in all *.md files`, `in the folder src`, `everywhere`; undefined when none follows. */
export function readScope(cursor: Cursor, prepositions: readonly string[]): Scope | undefined {
  const start = cursor.position();
  if (cursor.word("everywhere", "globally") !== undefined) return EVERYWHERE;
  if (cursor.word(...prepositions) === undefined) return undefined;
  const scope = readTarget(cursor);
  if (scope === undefined) cursor.reset(start);
  return scope;
}

/** Reads what follows the preposition. */
export function readTarget(cursor: Cursor): Scope | undefined {
  const start = cursor.position();
  const scope = readBroad(cursor) ?? readNamed(cursor);
  if (scope === undefined) cursor.reset(start);
  return scope;
}

/** Reads a scope that names no file or folder first: the repository, or all files of a kind. */
export function readBroad(cursor: Cursor): Scope | undefined {
  return readRepository(cursor) ?? readEvery(cursor);
}

function readRepository(cursor: Cursor): Scope | undefined {
  const start = cursor.position();
  cursor.skip(ARTICLES);
  cursor.skip(WHOLE);
  if (cursor.word("all", "every") !== undefined) cursor.skip(ARTICLES);
  cursor.word("source");
  if (cursor.word(...REPOSITORY) !== undefined) {
    cursor.word("base");
    return EVERYWHERE;
  }
  cursor.reset(start);
  return undefined;
}

/** `all files`, `every *.md file in docs`, `all markdown files`, `*.md`. */
function readEvery(cursor: Cursor): Scope | undefined {
  const start = cursor.position();
  const every = cursor.word("all", "every", "each", "any") !== undefined;
  cursor.skip(ARTICLES);
  const globs = readKinds(cursor);
  const files = cursor.word("file", "files") !== undefined;
  if (globs.length === 0 && !(every && files)) {
    cursor.reset(start);
    return undefined;
  }
  const below = readScope(cursor, ["in", "under", "inside", "of", "within", "from"]);
  return { paths: below?.paths ?? [], globs };
}

/** `*.md and *.txt`, `.md`, `markdown` (the last two only before "files"). */
function readKinds(cursor: Cursor): readonly string[] {
  const globs: string[] = [];
  for (;;) {
    const start = cursor.position();
    if (globs.length > 0 && cursor.mark(",") === undefined && cursor.word("and", "or") === undefined)
      return globs;
    const glob = readKind(cursor);
    if (glob.length === 0) {
      cursor.reset(start);
      return globs;
    }
    globs.push(...glob);
  }
}

function readKind(cursor: Cursor): readonly string[] {
  const token = cursor.peek();
  if (token?.kind !== "word" && token?.kind !== "quoted") return [];
  const start = cursor.position();
  cursor.next();
  if (token.text.includes("*")) return [anywhere(token.text)];
  const extensions =
    KINDS.get(token.text.toLowerCase()) ?? (/^\.\w{1,12}$/.test(token.text) ? [token.text.slice(1)] : []);
  const following = cursor.peek()?.text.toLowerCase() ?? "";
  if (extensions.length > 0 && ["file", "files", "and", "or", ","].includes(following)) {
    return extensions.map((extension) => `**/*.${extension}`);
  }
  cursor.reset(start);
  return [];
}

/** A glob without a slash means any folder, as people write it. */
function anywhere(glob: string): string {
  return glob.includes("/") ? normalisePath(glob) : `**/${glob}`;
}

function readNamed(cursor: Cursor): Scope | undefined {
  cursor.skip(ARTICLES);
  const noun = cursor.word("file", "files", ...FOLDER, "folders", "directories") !== undefined;
  const start = cursor.position();
  let paths = cursor.paths(noun);
  const folderFollows = cursor.word(...FOLDER, "file") !== undefined;
  if (paths.length === 0 && !folderFollows) {
    cursor.reset(start);
    const bare = cursor.path(true);
    if (bare === undefined || cursor.word(...FOLDER) === undefined) return undefined;
    paths = [bare];
  }
  return paths.length === 0 ? undefined : { paths, globs: [] };
}

export interface Resolved {
  /** Files, executables included; links and submodules are left out. In git's order. */
  readonly files: readonly Entry[];
  /** Names that are neither a file nor a folder, each with a sentence. */
  readonly missing: readonly string[];
  /** Paths that were named as files. */
  readonly named: ReadonlySet<string>;
}

/** The files a scope stands for in this repository. Costs no request. */
export async function resolveScope(workspace: Workspace, scope: Scope): Promise<Resolved> {
  const files = new Map<string, Entry>();
  const missing: string[] = [];
  const named = new Set<string>();
  for (const path of scope.paths.length === 0 ? [undefined] : scope.paths) {
    const entries = await entriesAt(workspace, path, scope.globs);
    if (path !== undefined && entries.length === 0) missing.push(await explainMissing(workspace, path));
    for (const entry of entries) {
      if (entry.path === path) named.add(path);
      if (entry.kind === "file" || entry.kind === "executable") files.set(entry.path, entry);
    }
  }
  return { files: [...files.values()], missing, named };
}

function entriesAt(
  workspace: Workspace,
  path: string | undefined,
  globs: readonly string[],
): Promise<readonly Entry[]> {
  return workspace.list({
    ...(path === undefined ? {} : { path }),
    ...(globs.length === 0 ? {} : { glob: globs }),
  });
}

/** Says that a path is not there and, when a file of that name is elsewhere, where. */
export async function explainMissing(workspace: Workspace, path: string): Promise<string> {
  const name = baseName(path).toLowerCase();
  const near = (await workspace.list()).filter((entry) => baseName(entry.path).toLowerCase() === name);
  const hint =
    near.length === 0 ? "" : ` Did you mean ${listed(near.map((entry) => quote(entry.path, 120)))}?`;
  return `There is no file or folder ${quote(path, 120)} in the repository.${hint}`;
}

/** The scope for titles and messages: `src/a.ts`, `all **​/*.md files`, `all files`. */
export function describeScope(scope: Scope): string {
  const kinds = scope.globs.map((glob) => glob.replace(/^\*\*\//, ""));
  const files = kinds.length === 0 ? "all files" : `all ${listed(kinds)} files`;
  if (scope.paths.length === 0) return files;
  return kinds.length === 0 ? listed(scope.paths) : `${files} in ${listed(scope.paths)}`;
}

/** The scope as a place in a sentence: `the repository`, `src/a.ts`. */
export function describePlace(scope: Scope): string {
  return scope.paths.length === 0 && scope.globs.length === 0 ? "the repository" : describeScope(scope);
}
