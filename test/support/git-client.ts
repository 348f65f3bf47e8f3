/** The real git client in a folder of its own, as a user's machine would run it against a forge. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGitEnvironments, type GitOptions, type GitResult, tryGit } from "./forge/git.ts";

export interface GitClient extends AsyncDisposable {
  /** The folder commands run in unless told otherwise. */
  readonly dir: string;
  /** Runs git; how it ended is for the caller to judge. */
  run(args: readonly string[], options?: GitOptions): Promise<GitResult>;
  /** Runs git and returns its output without the last line break; throws with git's words when it fails. */
  git(...args: string[]): Promise<string>;
}

/** A client that never asks for credentials and knows none; give them in the URL (`withToken`). */
export async function createGitClient(): Promise<GitClient> {
  const dir = await mkdtemp(join(tmpdir(), "git-client-"));
  const env = (await createGitEnvironments(dir)).environment(true);
  const run = (args: readonly string[], options: GitOptions = {}) =>
    tryGit(args, { cwd: dir, ...options, env: { ...env, ...options.env } });
  return {
    dir,
    run,
    git: async (...args) => {
      const { code, stdout, stderr } = await run(args);
      if (code !== 0) throw new Error(`git ${args.join(" ")} ended with ${code}: ${stderr}`);
      return stdout.replace(/\n$/, "");
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

/** A clone URL with a token as its password. */
export function withToken(cloneUrl: string, token: string): string {
  const url = new URL(cloneUrl);
  url.username = "x-access-token";
  url.password = token;
  return url.href;
}
