/** The schemas of the requests that start runs, and how a body becomes a RunRequest. */
import * as z from "zod";
import type { AgentName } from "../agent/agent.ts";
import { RUN_MODES, type RunRequest, type SandboxProvider } from "../run/request.ts";
import type { RuntimeConfig } from "../run/runtime-config.ts";
import type { RunDefaults } from "./config.ts";
import { limitsSchema, withLimits } from "./limits.ts";
import { providerOfModel } from "./model-name.ts";
import { read } from "./problems.ts";
import { baseBranch, prompt, repoUrl, workFields } from "./request-fields.ts";

/** Fills in what a body left out, with what is configured when the run starts. */
export type Complete = (runtime: RuntimeConfig) => RunRequest;

/** Each method validates a whole body at once, and throws RequestProblems with every problem of it. */
export interface CodeRequestParser {
  /** The body of `POST /code`. */
  code(body: unknown): Complete;
  /** The body of `POST /code/legacy`: two fields, the rule-based agent, no sandbox. */
  legacy(body: unknown): Complete;
  /** The body of `POST /runs/:id/prompt`; what it leaves out is as in the `earlier` run. */
  prompt(body: unknown): (earlier: RunRequest) => Complete;
}

export interface CodeRequestOptions {
  /** The origin repositories live on, `https://github.com`. */
  readonly serverUrl: string;
  readonly defaults: (runtime: RuntimeConfig) => RunDefaults;
}

/**
 * What no request says comes from `defaults`:
 * - `use_llm: true` with `llm_provider` absent or `rule_based` means the provider that the name of `llm_model`
 *   tells, else the default one; `rule_based` is left where there is none, for whichever has a key;
 * - the default model belongs to the default provider, and is not used with another one;
 * - a sandbox that is asked for without a provider runs somewhere, if there is a place: not `local`;
 * - `llm_model`, `base_branch`, `test_command` and `setup_command` may be `null`, which chooses nothing.
 */
export function createCodeRequestParser({ serverUrl, defaults }: CodeRequestOptions): CodeRequestParser {
  const legacySchema = z.strictObject({ repoUrl: repoUrl(serverUrl), prompt });
  const { test_command, setup_command, protected_paths, allow_workflows, limits, ...how } = workFields;
  const codeSchema = z
    .strictObject({
      ...legacySchema.shape,
      ...how,
      base_branch: baseBranch.nullish(),
      draft: z.boolean().optional(),
      mode: z.enum(RUN_MODES).optional(),
      test_command,
      setup_command,
      protected_paths,
      allow_workflows,
      limits,
    })
    .check(
      z.refine((body) => !(body.draft === true && (body.mode ?? "pull_request") !== "pull_request"), {
        path: ["draft"],
        message: "draft needs mode 'pull_request': a branch or a patch cannot be a draft.",
        // Also when other fields are wrong, so that one answer names everything.
        when: ({ value }) => typeof value === "object" && value !== null,
      }),
    );
  const promptSchema = z.strictObject({ prompt, ...workFields });
  const fields = Object.keys(codeSchema.shape);
  const limitFields = Object.keys(limitsSchema.shape).map((name) => `limits.${name}`);
  const legacyFields = Object.keys(legacySchema.shape);
  const promptFields = Object.keys(promptSchema.shape);

  return {
    code(value) {
      const body = read(codeSchema, value, { fields: [...fields, ...limitFields] });
      return (runtime) => {
        const base = defaults(runtime);
        const useLlm = body.use_llm ?? false;
        const { llm_provider: asked, llm_model: model } = body;
        const provider = providerOf({ useLlm, asked, model, before: "rule_based", base });
        return {
          repoUrl: body.repoUrl.raw,
          repo: body.repoUrl.repo,
          prompt: body.prompt,
          use_llm: useLlm,
          llm_provider: provider,
          llm_model: model ?? defaultModel(provider, base),
          use_cloud_sandbox: body.use_cloud_sandbox ?? false,
          sandbox_provider: body.sandbox_provider ?? defaultSandbox(body.use_cloud_sandbox ?? false, base),
          base_branch: body.base_branch ?? undefined,
          draft: body.draft ?? false,
          mode: body.mode ?? "pull_request",
          test_command: body.test_command ?? undefined,
          setup_command: body.setup_command ?? undefined,
          protected_paths: body.protected_paths ?? [],
          allow_workflows: body.allow_workflows ?? false,
          limits: withLimits(base.limits, body.limits),
        };
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
      return (runtime) => ({
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
        setup_command: undefined,
        protected_paths: [],
        allow_workflows: false,
        limits: defaults(runtime).limits,
      });
    },

    prompt(value) {
      const body = read(promptSchema, value, {
        fields: [...promptFields, ...limitFields],
        explainUnknown: (name) =>
          fields.includes(name) ? "cannot change from one prompt to the next of a run" : undefined,
      });
      return (earlier) => (runtime) => {
        const base = defaults(runtime);
        const useLlm = body.use_llm ?? earlier.use_llm;
        const { llm_provider: asked, llm_model: model } = body;
        const provider = providerOf({ useLlm, asked, model, before: earlier.llm_provider, base });
        const sameModel = model === undefined && provider === earlier.llm_provider;
        const useSandbox = body.use_cloud_sandbox ?? earlier.use_cloud_sandbox;
        const newlyAsked = useSandbox && !earlier.use_cloud_sandbox;
        return {
          ...earlier,
          prompt: body.prompt,
          use_llm: useLlm,
          llm_provider: provider,
          llm_model: sameModel ? earlier.llm_model : (model ?? defaultModel(provider, base)),
          use_cloud_sandbox: useSandbox,
          sandbox_provider:
            body.sandbox_provider ?? (newlyAsked ? defaultSandbox(true, base) : earlier.sandbox_provider),
          test_command:
            body.test_command === undefined ? earlier.test_command : (body.test_command ?? undefined),
          setup_command:
            body.setup_command === undefined ? earlier.setup_command : (body.setup_command ?? undefined),
          // A run may be older than a field.
          protected_paths: body.protected_paths ?? earlier.protected_paths ?? [],
          allow_workflows: body.allow_workflows ?? earlier.allow_workflows,
          limits: withLimits({ ...base.limits, ...earlier.limits }, body.limits),
        };
      };
    },
  };
}

interface ProviderWish {
  readonly useLlm: boolean;
  readonly asked: AgentName | undefined;
  readonly model: string | null | undefined;
  /** What an earlier run was given. */
  readonly before: AgentName;
  readonly base: RunDefaults;
}

function providerOf({ useLlm, asked, model, before, base }: ProviderWish): AgentName {
  if (!useLlm) return asked ?? before;
  if (asked !== undefined && asked !== "rule_based") return asked;
  const otherwise = asked === undefined && before !== "rule_based" ? before : base.llm_provider;
  return providerOfModel(model) ?? otherwise;
}

function defaultModel(provider: AgentName, base: RunDefaults): string | undefined {
  return provider === base.llm_provider ? base.llm_model : undefined;
}

function defaultSandbox(asked: boolean, { sandbox_provider, has_runner }: RunDefaults): SandboxProvider {
  return asked && has_runner && sandbox_provider === "local" ? "docker" : sandbox_provider;
}
