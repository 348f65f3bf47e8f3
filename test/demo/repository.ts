/** The repository a demo works on: the example, or a clone of one on this machine. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { tryGit } from "../support/forge/git.ts";
import type { RepositoryOptions } from "../support/forge/repositories.ts";

export interface DemoRepository {
  /** For people. */
  readonly description: string;
  /** `owner/name` on the forge. */
  readonly fullName: string;
  readonly options: RepositoryOptions;
}

/** The account the demo's token belongs to. It owns the repository, so the branch needs no fork. */
export const OWNER = "demo";

const EXAMPLE = fileURLToPath(new URL("../fixtures/example-repo", import.meta.url));

/** A path that cannot be worked on; the message says why and what to do. */
export class RepositoryMistake extends Error {}

/** The example repository, one commit with the files of `test/fixtures/example-repo`. */
export async function exampleRepository(): Promise<DemoRepository> {
  const entries = await readdir(EXAMPLE, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(EXAMPLE.length + 1))
    .filter((path) => !/(^|\/)__pycache__\//.test(path))
    .sort();
  const files = await Promise.all(
    paths.map(async (path) => [path, await readFile(join(EXAMPLE, path))] as const),
  );
  return {
    description: `the example repository (${paths.length} files)`,
    fullName: `${OWNER}/bookshelf`,
    options: { files: Object.fromEntries(files) },
  };
}

/**
 * Looks at a git repository, bare or not, without changing anything in it.
 *
 * @throws RepositoryMistake when nothing can be cloned from there.
 */
export async function localRepository(path: string): Promise<DemoRepository> {
  const refuse = (problem: string) => new RepositoryMistake(`--repo ${JSON.stringify(path)}: ${problem}.`);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw refuse("there is nothing at this path");
  if (!found.isDirectory()) throw refuse("this is a file, not a git repository");
  const dir = await realpath(path);
  const git = async (...args: string[]) => {
    const { code, stdout } = await tryGit(["-c", "safe.directory=*", ...args], { cwd: dir, env: QUIET });
    return code === 0 ? stdout.replace(/\n$/, "") : undefined;
  };

  const gitDir = await git("rev-parse", "--absolute-git-dir");
  if (gitDir === undefined) throw refuse("this is not a git repository");
  const top = (await git("rev-parse", "--show-toplevel")) ?? gitDir;
  if (dir !== gitDir && dir !== top) {
    throw refuse(`this is a folder inside the git repository ${JSON.stringify(top)}; give that path`);
  }
  if ((await git("rev-parse", "--verify", "--quiet", "HEAD^{commit}")) === undefined) {
    throw refuse("its current branch has no commits yet");
  }
  const branch = await git("symbolic-ref", "--quiet", "--short", "HEAD");
  if (branch === undefined) throw refuse("no branch is checked out (HEAD is detached); check one out");
  const commit = (await git("rev-parse", "--short", "HEAD")) ?? "HEAD";
  return {
    description: `a clone of ${dir}, branch ${branch} at ${commit}`,
    fullName: `${OWNER}/${nameFor(dir)}`,
    options: { from: dir },
  };
}

/** Nobody's configuration, and no refreshed index: looking changes nothing. */
const QUIET = {
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
};

/** A name GitHub could have, made from the folder's. */
function nameFor(dir: string): string {
  const own = basename(dir) === ".git" ? basename(resolve(dir, "..")) : basename(dir);
  const name = own
    .replace(/\.git$/i, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[.-]+/, "")
    .slice(0, 100);
  return name === "" || /\.git$/i.test(name) ? "repository" : name;
}
