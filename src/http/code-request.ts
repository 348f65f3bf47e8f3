/** The schemas of `POST /code` and `POST /code/legacy`, and how a body becomes a RunRequest. */
import { z } from "zod";
import { AGENT_NAMES } from "../agent/agent.ts";
import { ServiceError } from "../errors.ts";
import { parseRepoUrl } from "../forge/repo-url.ts";
import { RUN_MODES, type RunRequest, SANDBOX_PROVIDERS } from "../run/request.ts";
import { branchNameProblem } from "./branch-name.ts";
import type { RunDefaults } from "./config.ts";
import { limitsSchema, withLimits } from "./limits.ts";
import { modelName } from "./model-name.ts";
import { read } from "./problems.ts";

/** Unicode code points, after trimming. */
export const MAX_PROMPT_CHARACTERS = 20_000;
const MAX_COMMAND_CHARACTERS = 1_000;

export interface CodeRequestParser {
  /** The body of `POST /code`. */
  code(body: unknown): RunRequest;
  /** The body of `POST /code/legacy`: two fields, the rule-based agent, no sandbox. */
  legacy(body: unknown): RunRequest;
}

export interface CodeRequestOptions {
  /** The origin repositories live on, `https://github.com`. */
  readonly serverUrl: string;
  /** Asked at each request, because `POST /config` changes them. */
  readonly defaults: () => RunDefaults;
}

/**
 * Both parsers throw RequestProblems with every problem of the body. What a body leaves out comes
 * from `defaults()`:
 * - `use_llm: true` with `llm_provider` absent or `rule_based` means the default provider;
 * - the default model belongs to the default provider, and is not used with another one;
 * - `llm_model`, `base_branch` and `test_command` may be `null`, which is the same as absent.
 */
export function createCodeRequestParser({ serverUrl, defaults }: CodeRequestOptions): CodeRequestParser {
  const legacySchema = z.strictObject({ repoUrl: repoUrl(serverUrl), prompt });
  const codeSchema = z
    .strictObject({
      ...legacySchema.shape,
      use_llm: z.boolean().optional(),
      llm_provider: z.enum(AGENT_NAMES).optional(),
      llm_model: modelName.nullish(),
      use_cloud_sandbox: z.boolean().optional(),
      sandbox_provider: z.enum(SANDBOX_PROVIDERS).optional(),
      base_branch: baseBranch.nullish(),
      draft: z.boolean().optional(),
      mode: z.enum(RUN_MODES).optional(),
      test_command: testCommand.nullish(),
      allow_workflows: z.boolean().optional(),
      limits: limitsSchema.optional(),
    })
    .check(
      z.refine((body) => !(body.draft === true && (body.mode ?? "pull_request") !== "pull_request"), {
        path: ["draft"],
        message: "draft needs mode 'pull_request': a branch or a patch cannot be a draft.",
        // Also when other fields are wrong, so that one answer names everything.
        when: ({ value }) => typeof value === "object" && value !== null,
      }),
    );
  const fields = Object.keys(codeSchema.shape);
  const limitFields = Object.keys(limitsSchema.shape);
  const legacyFields = Object.keys(legacySchema.shape);

  return {
    code(value) {
      const body = read(codeSchema, value, { fields: [...fields, ...limitFields] });
      const base = defaults();
      const useLlm = body.use_llm ?? false;
      const asked = body.llm_provider ?? "rule_based";
      const provider = useLlm && asked === "rule_based" ? base.llm_provider : asked;
      return {
        repoUrl: body.repoUrl.raw,
        repo: body.repoUrl.repo,
        prompt: body.prompt,
        use_llm: useLlm,
        llm_provider: provider,
        llm_model: body.llm_model ?? (provider === base.llm_provider ? base.llm_model : undefined),
        use_cloud_sandbox: body.use_cloud_sandbox ?? false,
        sandbox_provider: body.sandbox_provider ?? base.sandbox_provider,
        base_branch: body.base_branch ?? undefined,
        draft: body.draft ?? false,
        mode: body.mode ?? "pull_request",
        test_command: body.test_command ?? undefined,
        allow_workflows: body.allow_workflows ?? false,
        limits: withLimits(base.limits, body.limits),
      };
    },

    legacy(value) {
      const body = read(legacySchema, value, {
        fields: legacyFields,
        explainUnknown: (name) =>
          fields.includes(name)
            ? "is a field of POST /code; POST /code/legacy takes repoUrl and prompt"
            : undefined,
      });
      return {
        repoUrl: body.repoUrl.raw,
        repo: body.repoUrl.repo,
        prompt: body.prompt,
        use_llm: false,
        llm_provider: "rule_based",
        llm_model: undefined,
        use_cloud_sandbox: false,
        sandbox_provider: "local",
        base_branch: undefined,
        draft: false,
        mode: "pull_request",
        test_command: undefined,
        allow_workflows: false,
        limits: defaults().limits,
      };
    },
  };
}

function repoUrl(serverUrl: string) {
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

const prompt = z
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

const baseBranch = z.string().check((context) => {
  const problem = branchNameProblem(context.value);
  if (problem !== undefined) {
    context.issues.push({ code: "custom", message: `base_branch ${problem}.`, input: undefined });
  }
});

const testCommand = z
  .string()
  .transform((text) => text.trim())
  .check((context) => {
    const problem = (message: string) => context.issues.push({ code: "custom", message, input: undefined });
    if (context.value === "") problem("test_command is empty; leave it out to test nothing.");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a command is one line of text.
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(context.value) || !context.value.isWellFormed()) {
      problem("test_command must be one line without control characters; join commands with '&&'.");
    }
    if (longerThan(context.value, MAX_COMMAND_CHARACTERS)) {
      problem(`test_command is longer than ${MAX_COMMAND_CHARACTERS} characters; put it in a script.`);
    }
  });

/** Counts code points, but only when the number of UTF-16 units leaves it open. */
function longerThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  return text.length > limit * 2 || [...text].length > limit;
}
