/** One way to run git for the local forge: nobody's configuration but ours, output collected, failures with their reason. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface GitOptions {
  readonly cwd?: string;
  readonly input?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string>>;
  /** Most bytes of output taken; more is an error. 64 MiB unless told. */
  readonly maxBytes?: number;
}

export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Environments that make git deaf to the machine's configuration, one for each kind of repository. */
export interface GitEnvironments {
  /** @param partialClone whether `filter` is offered to clients (`uploadpack.allowFilter`). */
  environment(partialClone: boolean): Readonly<Record<string, string>>;
}

/**
 * Writes the configuration all repositories share into `root`. It is given to git as the global one,
 * because `safe.directory` counts only there and because a repository served in place stays untouched.
 */
export async function createGitEnvironments(root: string): Promise<GitEnvironments> {
  const file = (partialClone: boolean) => join(root, partialClone ? "gitconfig" : "gitconfig-no-filter");
  await Promise.all([true, false].map((partial) => writeFile(file(partial), configuration(partial))));
  const environment = (partialClone: boolean) => ({
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: root,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: file(partialClone),
    GIT_TERMINAL_PROMPT: "0",
  });
  const environments = new Map([true, false].map((partial) => [partial, environment(partial)]));
  return { environment: (partialClone) => environments.get(partialClone) ?? environment(partialClone) };
}

function configuration(partialClone: boolean): string {
  return `[safe]
\tdirectory = *
[user]
\tname = Local Forge
\temail = forge@localhost.invalid
[init]
\tdefaultBranch = main
[core]
\tquotePath = false
[http]
\treceivepack = true
[uploadpack]
\tallowFilter = ${partialClone}
\tallowAnySHA1InWant = true
[receive]
\tfsckObjects = true
\tautogc = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
`;
}

/** Runs git and reports how it ended; only a failure to start it, or too much output, is thrown. */
export function tryGit(args: readonly string[], options: GitOptions): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      "git",
      args,
      {
        cwd: options.cwd,
        env: options.env,
        maxBuffer: options.maxBytes ?? 64 * 1024 * 1024,
        encoding: "utf8",
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === "number") resolve({ code, stdout, stderr });
        else reject(error);
      },
    );
    // git may end before it has read everything: the exit code tells, not the broken pipe.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input ?? "");
  });
}

/** Runs git and returns what it printed, without the last line break. Throws with git's own words. */
export async function runGit(args: readonly string[], options: GitOptions): Promise<string> {
  const { code, stdout, stderr } = await tryGit(args, options);
  if (code !== 0) throw new Error(`git ${args.join(" ")} ended with ${code}: ${stderr.trim()}`);
  return stdout.replace(/\n$/, "");
}
