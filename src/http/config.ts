/** The runtime configuration: what `POST /config` changes, kept in the memory of this instance. */
import { z } from "zod";
import { AGENT_NAMES, type AgentName } from "../agent/agent.ts";
import { type RunLimits, SANDBOX_PROVIDERS, type SandboxProvider } from "../run/request.ts";
import { DEFAULT_LIMITS, limitsSchema, withLimits } from "./limits.ts";
import { modelName } from "./model-name.ts";
import { read } from "./problems.ts";

/** What a request gets for the fields it leaves out. */
export interface RunDefaults {
  /** `rule_based` when no model's key is set and nothing else was chosen. */
  readonly llm_provider: AgentName;
  /** Belongs to `llm_provider`; undefined means that provider's own default. */
  readonly llm_model: string | undefined;
  readonly sandbox_provider: SandboxProvider;
  readonly limits: RunLimits;
}

/** Which secrets this deployment has. The secrets themselves stay out of the HTTP layer. */
interface KeysSet {
  readonly github_token: boolean;
  readonly openai_api_key: boolean;
  readonly anthropic_api_key: boolean;
  readonly aws_access_key_id: boolean;
  readonly aws_secret_access_key: boolean;
}

export interface ConfigOptions {
  /** What the environment chose; undefined where it chose nothing. */
  readonly environment: {
    readonly llm_provider: AgentName | undefined;
    readonly llm_model: string | undefined;
    readonly sandbox_provider: SandboxProvider | undefined;
  };
  readonly keys: KeysSet;
}

type Source = "default" | "environment" | "runtime";

interface Sourced<T> {
  readonly value: T;
  readonly source: Source;
}

/** What `POST /config` answers. */
export interface ConfigView {
  readonly default_llm_provider: Sourced<AgentName>;
  readonly default_llm_model: Sourced<string | null>;
  readonly default_sandbox_provider: Sourced<SandboxProvider>;
  readonly limits: { readonly [K in keyof RunLimits]: Sourced<number> };
  readonly keys: { readonly [K in keyof KeysSet]: "set" | "unset" };
}

export interface ConfigStore {
  defaults(): RunDefaults;
  view(): ConfigView;
  /**
   * Applies a body of `POST /config` to the runs that start from now on, all of it or nothing.
   * Choosing another provider without a model leaves the model to that provider.
   *
   * @throws RequestProblems
   */
  update(body: unknown): ConfigView;
}

const schema = z.strictObject({
  default_llm_provider: z.enum(AGENT_NAMES).optional(),
  /** `null` leaves the choice to the provider. */
  default_llm_model: modelName.nullish(),
  default_sandbox_provider: z.enum(SANDBOX_PROVIDERS).optional(),
  limits: limitsSchema.optional(),
});

const FIELDS = [...Object.keys(schema.shape), ...Object.keys(limitsSchema.shape)];

export function createConfigStore({ environment, keys }: ConfigOptions): ConfigStore {
  let provider = sourced(environment.llm_provider, providerWithKey(keys));
  let model: Sourced<string | null> = sourced(environment.llm_model, null);
  let sandbox = sourced<SandboxProvider>(environment.sandbox_provider, "local");
  let limits: z.infer<typeof limitsSchema> = {};

  const view = (): ConfigView => {
    const effective = withLimits(DEFAULT_LIMITS, limits);
    const limit = (name: keyof RunLimits): Sourced<number> => ({
      value: effective[name],
      source: limits[name] === undefined ? "default" : "runtime",
    });
    return {
      default_llm_provider: provider,
      default_llm_model: model,
      default_sandbox_provider: sandbox,
      limits: {
        max_turns: limit("max_turns"),
        max_cost_usd: limit("max_cost_usd"),
        timeout_seconds: limit("timeout_seconds"),
      },
      keys: {
        github_token: isSet(keys.github_token),
        openai_api_key: isSet(keys.openai_api_key),
        anthropic_api_key: isSet(keys.anthropic_api_key),
        aws_access_key_id: isSet(keys.aws_access_key_id),
        aws_secret_access_key: isSet(keys.aws_secret_access_key),
      },
    };
  };

  return {
    defaults: () => ({
      llm_provider: provider.value,
      llm_model: model.value ?? undefined,
      sandbox_provider: sandbox.value,
      limits: withLimits(DEFAULT_LIMITS, limits),
    }),
    view,
    update(body) {
      const change = read(schema, body, { fields: FIELDS, explainUnknown });
      if (change.default_llm_model !== undefined) {
        model = { value: change.default_llm_model, source: "runtime" };
      } else if (
        change.default_llm_provider !== undefined &&
        change.default_llm_provider !== provider.value &&
        model.value !== null
      ) {
        model = { value: null, source: "runtime" };
      }
      if (change.default_llm_provider !== undefined) {
        provider = { value: change.default_llm_provider, source: "runtime" };
      }
      if (change.default_sandbox_provider !== undefined) {
        sandbox = { value: change.default_sandbox_provider, source: "runtime" };
      }
      limits = { ...limits, ...change.limits };
      return view();
    },
  };
}

function sourced<T>(chosen: T | undefined, fallback: T): Sourced<T> {
  return chosen === undefined
    ? { value: fallback, source: "default" }
    : { value: chosen, source: "environment" };
}

function providerWithKey(keys: KeysSet): AgentName {
  if (keys.openai_api_key) return "openai";
  return keys.anthropic_api_key ? "anthropic" : "rule_based";
}

function isSet(set: boolean): "set" | "unset" {
  return set ? "set" : "unset";
}

/** Keys and addresses decide where secrets go, so no request may change them. */
function explainUnknown(name: string): string | undefined {
  return /key|token|secret|password|url|host|endpoint|api/i.test(name)
    ? "cannot be set by a request: keys and addresses come from the environment only"
    : undefined;
}
