/** The schema of `POST /config`: which parts a request may change, and which no request ever may. */
import * as z from "zod";
import { AGENT_NAMES, type AgentName } from "../agent/agent.ts";
import { SANDBOX_PROVIDERS } from "../run/request.ts";
import type { RuntimeConfigChange } from "../run/runtime-config.ts";
import { limitsSchema } from "./limits.ts";
import { modelName } from "./model-name.ts";
import { read } from "./problems.ts";

const MAX_MAX_RUNS = 100_000;
const NO_LIMITS = { max_turns: null, max_tokens: null, max_cost_usd: null, timeout_seconds: null } as const;

/** Writes a secret and never shows it; null takes it back. */
function secret(name: string) {
  return z
    .string()
    .regex(
      /^[\x21-\x7e]{16,512}$/,
      `${name} must be the key alone: 16 to 512 printable ASCII characters without spaces; null takes it back.`,
    )
    .nullish();
}

/**
 * Reads bodies of `POST /config`. `hosts` are those the environment allows; a request may narrow them.
 * `provider`, given with each body, is the one in effect.
 */
export function createConfigChangeParser(
  hosts: readonly string[],
): (body: unknown, provider: AgentName) => RuntimeConfigChange {
  const schema = z.strictObject({
    default_llm_provider: z.enum(AGENT_NAMES).nullish(),
    /** `null` leaves the choice to the provider. */
    default_llm_model: modelName.nullish(),
    default_sandbox_provider: z.enum(SANDBOX_PROVIDERS).nullish(),
    limits: z
      .strictObject({
        max_turns: limitsSchema.shape.max_turns.nullable(),
        max_tokens: limitsSchema.shape.max_tokens.nullable(),
        max_cost_usd: limitsSchema.shape.max_cost_usd.nullable(),
        timeout_seconds: limitsSchema.shape.timeout_seconds.nullable(),
      })
      .nullish(),
    allowed_hosts: z
      .array(allowedHost(hosts))
      .transform((list) => [...new Set(list)])
      .nullish(),
    max_runs: z.int().min(1).max(MAX_MAX_RUNS).nullish(),
    max_runs_per_caller: z.int().min(1).max(MAX_MAX_RUNS).nullish(),
    github_token: secret("github_token"),
    openai_api_key: secret("openai_api_key"),
    anthropic_api_key: secret("anthropic_api_key"),
  });
  const fields = [
    ...Object.keys(schema.shape),
    ...Object.keys(limitsSchema.shape).map((name) => `limits.${name}`),
  ];

  return (value, provider) => {
    const body = read(schema, value, { fields, explainUnknown });
    const model = modelChange(body.default_llm_provider, body.default_llm_model, provider);
    const { github_token, openai_api_key, anthropic_api_key } = body;
    return present({
      llm_provider: body.default_llm_provider,
      llm_model: model,
      sandbox_provider: body.default_sandbox_provider,
      limits: body.limits === null ? NO_LIMITS : body.limits && present(body.limits),
      allowed_hosts: body.allowed_hosts,
      max_runs: body.max_runs,
      max_runs_per_caller: body.max_runs_per_caller,
      secrets: present({ github_token, openai_api_key, anthropic_api_key }),
    });
  };
}

function modelChange(
  provider: AgentName | null | undefined,
  model: string | null | undefined,
  current: AgentName,
): RuntimeConfigChange["llm_model"] {
  if (model !== undefined) return { set: model };
  if (provider === undefined || provider === current) return undefined;
  return provider === null ? "unset" : { set: null };
}

/** Hosts as in a URL: lower case, with the port when there is one. */
function allowedHost(hosts: readonly string[]) {
  return z
    .string()
    .transform((host) => host.toLowerCase())
    .refine((host) => hosts.includes(host), {
      message: `allowed_hosts may name ${hosts.map((host) => `'${host}'`).join(", ")} only: the environment decides which servers there are.`,
    });
}

/** Only what is there: an absent part is left as it is. */
function present<T extends object>(parts: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Addresses decide where secrets go, so no request may change them. */
function explainUnknown(name: string): string | undefined {
  return /key|token|secret|password|url|host|origin|address|endpoint|api/i.test(name)
    ? "cannot be set by a request: addresses, and keys other than github_token, openai_api_key and anthropic_api_key, come from the environment only"
    : undefined;
}
