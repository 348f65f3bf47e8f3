/** What an operator has configured at run time, as it is kept: only what differs from the environment. */
import type { AgentName } from "../agent/agent.ts";
import type { RunLimits, SandboxProvider } from "./request.ts";

export const RUNTIME_SECRETS = ["github_token", "openai_api_key", "anthropic_api_key"] as const;
export type RuntimeSecret = (typeof RUNTIME_SECRETS)[number];

/** Every part may be absent: then the environment, or the default, is in effect. */
export interface RuntimeConfig {
  readonly llm_provider?: AgentName;
  /** null: the provider's own choice. */
  readonly llm_model?: string | null;
  readonly sandbox_provider?: SandboxProvider;
  readonly limits?: Partial<RunLimits>;
  /** Hosts of repositories that runs may be started for; a part of what the environment allows. */
  readonly allowed_hosts?: readonly string[];
  /** Runs at once, of everybody and of one caller. */
  readonly max_runs?: number;
  readonly max_runs_per_caller?: number;
  /** Never shown; in use instead of the environment's. */
  readonly secrets?: { readonly [K in RuntimeSecret]?: string };
}

type Nullable<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> | null };

/** A part left out stays as it is; null takes it back (for `llm_model`, `"unset"` does). */
export interface RuntimeConfigChange
  extends Nullable<Omit<RuntimeConfig, "llm_model" | "limits" | "secrets">> {
  readonly llm_model?: { readonly set: string | null } | "unset";
  readonly limits?: Nullable<RunLimits>;
  readonly secrets?: { readonly [K in RuntimeSecret]?: string | null };
}

/** `change` laid over `current`, part by part. */
export function changeRuntimeConfig(current: RuntimeConfig, change: RuntimeConfigChange): RuntimeConfig {
  const { llm_model, limits, secrets, ...plain } = change;
  return withoutUnset({
    ...current,
    ...plain,
    ...(llm_model === undefined ? {} : { llm_model: llm_model === "unset" ? undefined : llm_model.set }),
    ...(limits === undefined ? {} : { limits: withoutNull({ ...current.limits, ...limits }) }),
    ...(secrets === undefined ? {} : { secrets: withoutNull({ ...current.secrets, ...secrets }) }),
  });
}

function withoutNull(parts: object): object {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== null));
}

/** null is a value for `llm_model` only. */
function withoutUnset(parts: object): RuntimeConfig {
  return Object.fromEntries(
    Object.entries(parts).filter(
      ([name, value]) => value !== undefined && (value !== null || name === "llm_model"),
    ),
  );
}
