/** The runtime configuration laid over the environment: what is in effect, and where it came from. */
import type { AgentName } from "../agent/agent.ts";
import { ServiceError } from "../errors.ts";
import type { RunLimits, SandboxProvider } from "../run/request.ts";
import { RUNTIME_SECRETS, type RuntimeConfig, type RuntimeConfigChange } from "../run/runtime-config.ts";
import { createConfigChangeParser } from "./config-change.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { providerOfModel } from "./model-name.ts";

/** Runs at once that a deployment allows unless it says otherwise. */
export const DEFAULT_MAX_RUNS = 100;
export const DEFAULT_MAX_RUNS_PER_CALLER = 10;

/** What a request gets for the fields it leaves out. */
export interface RunDefaults {
  /** `rule_based` when none was chosen: then it is whichever has a key, which may be the caller's own. */
  readonly llm_provider: AgentName;
  /** Belongs to `llm_provider`; undefined means that provider's own default, and always so for `rule_based`. */
  readonly llm_model: string | undefined;
  readonly sandbox_provider: SandboxProvider;
  /** Whether there is a sandbox-runner, so that a provider other than `local` makes sense. */
  readonly has_runner: boolean;
  readonly limits: RunLimits;
}

/** Every secret a deployment may have; those beside the runtime ones come from the environment only. */
const SECRETS = [
  ...RUNTIME_SECRETS,
  "aws_access_key_id",
  "aws_secret_access_key",
  "sandbox_runner_secret",
] as const;
type SecretName = (typeof SECRETS)[number];

export interface ConfigOptions {
  /** What the environment chose; undefined where it chose nothing. */
  readonly environment: {
    readonly llm_provider: AgentName | undefined;
    readonly llm_model: string | undefined;
    readonly sandbox_provider: SandboxProvider | undefined;
    readonly server_url: string | undefined;
    readonly max_runs: number | undefined;
    readonly max_runs_per_caller: number | undefined;
  };
  /** The origin repositories live on, `https://github.com`. */
  readonly serverUrl: string;
  readonly hasRunner: boolean;
  /** Which secrets the environment has. The secrets themselves stay out of the HTTP layer. */
  readonly secrets: { readonly [K in SecretName]: boolean };
}

type Source = "default" | "environment" | "runtime";

interface Sourced<T> {
  readonly value: T;
  readonly source: Source;
}

/** What `GET /config` and `POST /config` answer. */
export interface ConfigView {
  readonly default_llm_provider: Sourced<AgentName>;
  readonly default_llm_model: Sourced<string | null>;
  readonly default_sandbox_provider: Sourced<SandboxProvider>;
  readonly limits: { readonly [K in keyof RunLimits]: Sourced<number> };
  /** Runs are started for repositories on these hosts only; for none while it is empty. */
  readonly allowed_hosts: Sourced<readonly string[]>;
  readonly max_runs: Sourced<number>;
  readonly max_runs_per_caller: Sourced<number>;
  readonly secrets: {
    readonly [K in SecretName]: { readonly status: "set" | "unset"; readonly source: Source };
  };
}

export interface Config {
  defaults(runtime: RuntimeConfig): RunDefaults;
  view(runtime: RuntimeConfig): ConfigView;
  /** @throws ServiceError `forbidden` while runs may be started for no repository of this service. */
  requireOpen(runtime: RuntimeConfig): void;
  /**
   * A body of `POST /config` as a change of `runtime`. Choosing another provider without a model
   * leaves the model to that provider; taking the provider back takes the model back too.
   *
   * @throws RequestProblems
   */
  parse(body: unknown, runtime: RuntimeConfig): RuntimeConfigChange;
}

/** Pure: what is configured at run time is kept by the run host, and handed in. */
export function createConfig({ environment, serverUrl, hasRunner, secrets }: ConfigOptions): Config {
  const serverHost = new URL(serverUrl).host;
  const parse = createConfigChangeParser([serverHost]);

  const view = (runtime: RuntimeConfig): ConfigView => {
    const secret = (name: SecretName): ConfigView["secrets"][SecretName] => {
      if (runtimeSecret(runtime, name)) return { status: "set", source: "runtime" };
      return secrets[name]
        ? { status: "set", source: "environment" }
        : { status: "unset", source: "default" };
    };
    const has = (name: SecretName) => secret(name).status === "set";
    const withKey = has("openai_api_key") ? "openai" : has("anthropic_api_key") ? "anthropic" : "rule_based";
    const unchosen = (model: string | null | undefined): AgentName => providerOfModel(model) ?? withKey;
    const limit = (name: keyof RunLimits) => choose(runtime.limits?.[name], undefined, DEFAULT_LIMITS[name]);
    return {
      default_llm_provider: choose<AgentName>(
        runtime.llm_provider,
        environment.llm_provider,
        unchosen(runtime.llm_model ?? environment.llm_model),
      ),
      default_llm_model: modelOf(runtime, named(environment.llm_provider) ?? unchosen(environment.llm_model)),
      default_sandbox_provider: choose<SandboxProvider>(
        runtime.sandbox_provider,
        environment.sandbox_provider,
        "local",
      ),
      limits: {
        max_turns: limit("max_turns"),
        max_tokens: limit("max_tokens"),
        max_cost_usd: limit("max_cost_usd"),
        timeout_seconds: limit("timeout_seconds"),
      },
      allowed_hosts: choose<readonly string[]>(
        // What was allowed before the environment moved to another server is not allowed now.
        runtime.allowed_hosts?.filter((host) => host === serverHost),
        environment.server_url === undefined ? undefined : [serverHost],
        [serverHost],
      ),
      max_runs: choose(runtime.max_runs, environment.max_runs, DEFAULT_MAX_RUNS),
      max_runs_per_caller: choose(
        runtime.max_runs_per_caller,
        environment.max_runs_per_caller,
        DEFAULT_MAX_RUNS_PER_CALLER,
      ),
      secrets: {
        github_token: secret("github_token"),
        openai_api_key: secret("openai_api_key"),
        anthropic_api_key: secret("anthropic_api_key"),
        aws_access_key_id: secret("aws_access_key_id"),
        aws_secret_access_key: secret("aws_secret_access_key"),
        sandbox_runner_secret: secret("sandbox_runner_secret"),
      },
    };
  };

  /** The environment's model belongs to the environment's provider, and goes to no other. */
  const modelOf = (runtime: RuntimeConfig, environmentProvider: AgentName): Sourced<string | null> => {
    if (runtime.llm_model !== undefined) return { value: runtime.llm_model, source: "runtime" };
    const another = runtime.llm_provider !== undefined && runtime.llm_provider !== environmentProvider;
    if (another) return { value: null, source: "runtime" };
    return choose<string | null>(undefined, environment.llm_model, null);
  };

  return {
    view,
    defaults(runtime) {
      const shown = view(runtime);
      const model = shown.default_llm_model.value ?? undefined;
      const { value, source } = shown.default_llm_provider;
      // A key alone chooses nothing, but a model is somebody's.
      const llm_provider =
        source === "default" && model === undefined
          ? "rule_based"
          : (named(value) ?? providerOfModel(model) ?? "rule_based");
      return {
        llm_provider,
        llm_model: llm_provider === "rule_based" ? undefined : model,
        sandbox_provider: shown.default_sandbox_provider.value,
        has_runner: hasRunner,
        limits: {
          max_turns: shown.limits.max_turns.value,
          max_tokens: shown.limits.max_tokens.value,
          max_cost_usd: shown.limits.max_cost_usd.value,
          timeout_seconds: shown.limits.timeout_seconds.value,
        },
      };
    },
    requireOpen(runtime) {
      if (view(runtime).allowed_hosts.value.includes(serverHost)) return;
      throw new ServiceError(
        "forbidden",
        `The operator has paused new runs for repositories on ${serverHost} (allowed_hosts in POST /config); try again later.`,
        { retryable: true },
      );
    },
    parse: (body, runtime) => parse(body, view(runtime).default_llm_provider.value),
  };
}

function choose<T>(runtime: T | undefined, environment: T | undefined, fallback: T): Sourced<T> {
  if (runtime !== undefined) return { value: runtime, source: "runtime" };
  return environment === undefined
    ? { value: fallback, source: "default" }
    : { value: environment, source: "environment" };
}

/** `rule_based` names no provider of models. */
function named(provider: AgentName | undefined): AgentName | undefined {
  return provider === "rule_based" ? undefined : provider;
}

function runtimeSecret(runtime: RuntimeConfig, name: SecretName): boolean {
  return RUNTIME_SECRETS.some((known) => known === name && runtime.secrets?.[known] !== undefined);
}
