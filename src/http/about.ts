/** What `GET /` tells about the service: enough to send a first request without other documentation. */
import { AGENT_NAMES } from "../agent/agent.ts";
import { RUN_MODES, SANDBOX_PROVIDERS } from "../run/request.ts";
import type { RunDefaults } from "./config.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { MAX_PROMPT_CHARACTERS } from "./request-fields.ts";

interface FieldDescription {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default?: unknown;
  readonly description: string;
}

/** The body of `GET /`. `serverUrl` is where repositories live. */
export function about(version: string, serverUrl: string, defaults: RunDefaults) {
  return {
    name: "Tiny Backspace",
    service: "tiny-backspace-enhanced",
    version,
    description: "Send a repository URL and a prompt, get a pull request, watch every step stream by.",
    features: [
      "Streams every step of a run as Server-Sent Events",
      "Edits repositories in memory: no clone on disk, no shell",
      "Works without a language model: a deterministic, rule-based agent",
      "Says which agent did the work and why; requests for a model are answered by the rules in this version",
      "Opens pull requests, pushes branches or returns patches",
      "Reports the health of its components and takes configuration at run time",
    ],
    endpoints: ENDPOINTS,
    fields: {
      "POST /code": codeFields(serverUrl, defaults),
      "POST /code/legacy": codeFields(serverUrl, defaults).filter((field) => field.required),
      "POST /config": CONFIG_FIELDS,
    },
  };
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
      "Ask for a language model; this version answers with the rules, and says so.",
    ),
    optional(
      "llm_provider",
      oneOf(AGENT_NAMES),
      "rule_based",
      `Whose model. With use_llm, 'rule_based' means the default provider, now '${defaults.llm_provider}'.`,
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
      "Ask for the change to be tested in a sandbox; this version does not verify, and says so.",
    ),
    optional(
      "sandbox_provider",
      oneOf(SANDBOX_PROVIDERS),
      defaults.sandbox_provider,
      "Where the sandbox runs.",
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
      "The command that tests the change in the sandbox, on one line.",
    ),
    optional(
      "allow_workflows",
      "boolean",
      false,
      "Consent to change .github/workflows, CODEOWNERS and the like.",
    ),
    optional(
      "limits",
      "object",
      defaults.limits,
      "max_turns (1 to 100), max_cost_usd (0 to 50), timeout_seconds (1 to 900); each may be left out.",
    ),
  ];
}

const CONFIG_FIELDS: readonly FieldDescription[] = [
  {
    name: "default_llm_provider",
    type: oneOf(AGENT_NAMES),
    required: false,
    description: "The provider for requests that want a model without saying whose.",
  },
  {
    name: "default_llm_model",
    type: "string",
    required: false,
    description: "The default provider's model; null for the provider's own choice.",
  },
  {
    name: "default_sandbox_provider",
    type: oneOf(SANDBOX_PROVIDERS),
    required: false,
    description: "Where sandboxes run unless a request says.",
  },
  {
    name: "limits",
    type: "object",
    required: false,
    description: "Defaults of max_turns, max_cost_usd and timeout_seconds.",
  },
];

function oneOf(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(" | ");
}
