/** The fields that requests to start runs share: what each may hold, and how a bad one is named. */
import * as z from "zod";
import { AGENT_NAMES } from "../agent/agent.ts";
import { ServiceError } from "../errors.ts";
import { parseRepoUrl } from "../forge/repo-url.ts";
import { SANDBOX_PROVIDERS } from "../run/request.ts";
import { branchNameProblem } from "./branch-name.ts";
import { limitsSchema } from "./limits.ts";
import { modelName } from "./model-name.ts";
import { protectedGlobProblem } from "./protected-glob.ts";

/** Unicode code points, after trimming. */
export const MAX_PROMPT_CHARACTERS = 20_000;
const MAX_COMMAND_CHARACTERS = 1_000;
const MAX_PROTECTED_PATHS = 50;

/** A repository on the server; `serverUrl` is the origin, `https://github.com`. */
export function repoUrl(serverUrl: string) {
  return z.string().transform((raw, context) => {
    try {
      return { raw, repo: parseRepoUrl(raw, serverUrl) };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      context.issues.push({ code: "custom", message: error.message, input: raw });
      return z.NEVER;
    }
  });
}

export const prompt = z
  .string()
  .transform((text) => text.trim())
  .check((context) => {
    const text = context.value;
    const problem = (message: string, tooLarge = false) =>
      context.issues.push({ code: "custom", message, input: undefined, params: { tooLarge } });
    if (text === "") problem("prompt is empty; say what to change.");
    if (text.includes("\0")) problem("prompt must not contain NUL characters.");
    if (!text.isWellFormed()) problem("prompt is not valid Unicode: it has half of a surrogate pair.");
    if (longerThan(text, MAX_PROMPT_CHARACTERS)) {
      problem(`prompt is longer than ${MAX_PROMPT_CHARACTERS} characters; shorten it.`, true);
    }
  });

export const baseBranch = z.string().check((context) => {
  const problem = branchNameProblem(context.value);
  if (problem !== undefined) {
    context.issues.push({ code: "custom", message: `base_branch ${problem}.`, input: undefined });
  }
});

/** A line for a shell; `purpose` is what leaving it out means. */
function commandLine(name: string, purpose: string) {
  return z
    .string()
    .transform((text) => text.trim())
    .check((context) => {
      const problem = (message: string) => context.issues.push({ code: "custom", message, input: undefined });
      if (context.value === "") problem(`${name} is empty; leave it out to ${purpose}.`);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a command is one line of text.
      if (/[\x00-\x08\x0a-\x1f\x7f]/.test(context.value) || !context.value.isWellFormed()) {
        problem(`${name} must be one line without control characters; join commands with '&&'.`);
      }
      if (longerThan(context.value, MAX_COMMAND_CHARACTERS)) {
        problem(`${name} is longer than ${MAX_COMMAND_CHARACTERS} characters; put it in a script.`);
      }
    });
}

/** A glob costs thousands of times its length to look at, so how many there are is looked at before any of them. */
const protectedPaths = z
  .array(z.unknown())
  .check((context) => {
    if (context.value.length > MAX_PROTECTED_PATHS) {
      const message = `protected_paths has ${context.value.length} globs; ${MAX_PROTECTED_PATHS} are the most.`;
      context.issues.push({ code: "custom", message, input: undefined });
    }
  })
  .pipe(
    z.array(
      z.string().check((context) => {
        const problem = protectedGlobProblem(context.value);
        if (problem !== undefined) {
          context.issues.push({
            code: "custom",
            message: `A glob in protected_paths ${problem}.`,
            input: undefined,
          });
        }
      }),
    ),
  );

/** What every request may say about how the work is done; all may be left out. */
export const workFields = {
  use_llm: z.boolean().optional(),
  llm_provider: z.enum(AGENT_NAMES).optional(),
  llm_model: modelName.nullish(),
  use_cloud_sandbox: z.boolean().optional(),
  sandbox_provider: z.enum(SANDBOX_PROVIDERS).optional(),
  test_command: commandLine("test_command", "let the repository say how it is tested").nullish(),
  setup_command: commandLine("setup_command", "set nothing up").nullish(),
  protected_paths: protectedPaths.optional(),
  allow_workflows: z.boolean().optional(),
  limits: limitsSchema.optional(),
};

/** Counts code points, but only when the number of UTF-16 units leaves it open. */
function longerThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  return text.length > limit * 2 || [...text].length > limit;
}
