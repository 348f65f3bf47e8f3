/** What requests may hold, described for `GET /`. */
import { AGENT_NAMES } from "../agent/agent.ts";
import { RUN_MODES, SANDBOX_PROVIDERS } from "../run/request.ts";
import type { RunDefaults } from "./config.ts";
import { MODEL_KEY_HEADERS } from "./model-keys.ts";
import { DEFAULT_PAGE, MAX_PAGE } from "./query.ts";
import { MAX_PROMPT_CHARACTERS, workFields } from "./request-fields.ts";

interface FieldDescription {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default?: unknown;
  readonly description: string;
}

export function codeFields(serverUrl: string, defaults: RunDefaults): readonly FieldDescription[] {
  const optional = (
    name: string,
    type: string,
    fallback: unknown,
    description: string,
  ): FieldDescription => ({
    name,
    type,
    required: false,
    default: fallback,
    description,
  });
  return [
    {
      name: "repoUrl",
      type: "string",
      required: true,
      description: `The repository, as ${serverUrl}/owner/name.`,
    },
    {
      name: "prompt",
      type: "string",
      required: true,
      description: `What to change; up to ${MAX_PROMPT_CHARACTERS} characters.`,
    },
    optional(
      "use_llm",
      "boolean",
      false,
      "Let a language model do the work. Where none can, another model or the rules do it, and the run says so.",
    ),
    optional(
      "llm_provider",
      oneOf(AGENT_NAMES),
      "rule_based",
      `Whose model. With use_llm, 'rule_based' means the one that the name of llm_model tells, else ${defaultProvider(defaults)}.`,
    ),
    optional(
      "llm_model",
      "string",
      defaults.llm_model ?? null,
      "The model, by the provider's name for it; null for the provider's default.",
    ),
    optional(
      "use_cloud_sandbox",
      "boolean",
      false,
      "Run the repository's checks on the change in a sandbox, and let models run commands there. Where that is not possible, the run goes on and says so.",
    ),
    optional(
      "sandbox_provider",
      oneOf(SANDBOX_PROVIDERS),
      defaults.sandbox_provider,
      "Where the sandbox runs; 'local' edits files and runs nothing. A sandbox that is asked for without this runs in docker where 'local' is the default and there is a runner.",
    ),
    optional(
      "base_branch",
      "string",
      null,
      "The branch to start from and merge into; null for the repository's default.",
    ),
    optional("draft", "boolean", false, "Open the pull request as a draft."),
    optional(
      "mode",
      oneOf(RUN_MODES),
      "pull_request",
      "How far to go: a pull request, a pushed branch, or a patch in the last event.",
    ),
    optional(
      "test_command",
      "string",
      null,
      "The command that checks the change in the sandbox, on one line; null for what .tiny-backspace.yml says, or the repository's manifests.",
    ),
    optional(
      "setup_command",
      "string",
      null,
      "The command that makes a new sandbox ready, on one line, such as 'npm ci'; null for what .tiny-backspace.yml says, or the repository's lock file.",
    ),
    optional(
      "protected_paths",
      "string[]",
      [],
      "Globs of further files that are changed with consent only: up to 50, of up to 200 characters each. One without a slash is a name at any depth.",
    ),
    optional(
      "allow_workflows",
      "boolean",
      false,
      "Consent to change .github/workflows, CODEOWNERS and the like, and what protected_paths names.",
    ),
    optional(
      "limits",
      "object",
      defaults.limits,
      "max_turns (1 to 100), max_tokens (1,000 to 50,000,000, in and out), max_cost_usd (0 to 50), timeout_seconds (1 to 900); each may be left out.",
    ),
  ];
}

/** What `POST /runs/:id/prompt` takes; the defaults are those of the run it goes on from. */
export function promptFields(serverUrl: string, defaults: RunDefaults): readonly FieldDescription[] {
  const names = ["prompt", ...Object.keys(workFields)];
  return codeFields(serverUrl, defaults)
    .filter(({ name }) => names.includes(name))
    .map(({ name, type, required, description }) => ({ name, type, required, description }));
}

/** What `POST /config` takes; null takes a value back, and what is left out stays. */
export const CONFIG_FIELDS: readonly FieldDescription[] = [
  setting(
    "default_llm_provider",
    oneOf(AGENT_NAMES),
    "The provider for requests that want a model without saying whose; 'rule_based' leaves it to whichever has a key. Taken back, its model goes with it.",
  ),
  setting("default_llm_model", "string", "The default provider's model; null for the provider's own choice."),
  setting("default_sandbox_provider", oneOf(SANDBOX_PROVIDERS), "Where sandboxes run unless a request says."),
  setting("limits", "object", "Defaults of max_turns, max_tokens, max_cost_usd and timeout_seconds."),
  setting(
    "allowed_hosts",
    "string[]",
    "Hosts of repositories that runs may be started for, of those the environment allows; none pauses new runs.",
  ),
  setting("max_runs", "number", "Runs at once, of everybody."),
  setting("max_runs_per_caller", "number", "Runs at once, of one caller."),
  setting("github_token", "string", "Opens pull requests in place of the environment's; never shown."),
  setting("openai_api_key", "string", "In place of the environment's; never shown."),
  setting("anthropic_api_key", "string", "In place of the environment's; never shown."),
];

export const PAGE_PARAMETERS: readonly FieldDescription[] = [
  {
    name: "limit",
    type: "number",
    required: false,
    default: DEFAULT_PAGE,
    description: `Runs on the page, 1 to ${MAX_PAGE}.`,
  },
  setting("cursor", "string", "The next_cursor of the page before."),
];

export const EVENTS_PARAMETERS: readonly FieldDescription[] = [
  {
    name: "after",
    type: "number",
    required: false,
    default: 0,
    description: "The id of the last event that is known; the header Last-Event-ID comes before it.",
  },
];

/** Request headers, by the endpoints they matter to. */
export const HEADERS = [
  {
    name: "Authorization",
    description: "Bearer and an API token of the service; for /config, its admin token.",
  },
  {
    name: "X-GitHub-Token",
    description:
      "A GitHub token of the caller's own: the run uses it, and without an API token it says whose the run is.",
  },
  {
    name: MODEL_KEY_HEADERS.openai,
    description:
      "On requests that start runs: an OpenAI key of the caller's own, for this run only. It is held in memory, and neither stored nor logged.",
  },
  { name: MODEL_KEY_HEADERS.anthropic, description: "The same for Anthropic." },
  {
    name: "Idempotency-Key",
    description:
      "On requests that start runs: the same key and body get the same run, the same key with another body 409.",
  },
  {
    name: "Accept",
    description:
      "On requests that start runs: application/json answers 202 with the run instead of streaming its events.",
  },
  {
    name: "Last-Event-ID",
    description: "On GET /runs/:id/events: the id of the last event that is known.",
  },
] as const;

function defaultProvider({ llm_provider }: RunDefaults): string {
  return llm_provider === "rule_based"
    ? "whichever has a key: the request's own first, 'openai' before 'anthropic'"
    : `the default provider, now '${llm_provider}'`;
}

function setting(name: string, type: string, description: string): FieldDescription {
  return { name, type, required: false, description };
}

function oneOf(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(" | ");
}
