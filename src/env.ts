/** Reads the environment once, at the edge: strings in, typed settings out. */
import * as z from "zod";
import { AGENT_NAMES } from "./agent/agent.ts";
import type { ModelOverrides } from "./agent/llm/models.ts";
import {
  address,
  authorPart,
  commaSeparated,
  flag,
  modelPrices,
  oneOf,
  readOrigins,
  runnerSecret,
  secret,
  strongToken,
  text,
  wholeNumber,
} from "./env-values.ts";
import { ServiceError } from "./errors.ts";
import { LEND_MODEL_KEYS, type LendModelKeys } from "./http/access.ts";
import { type ConfigOptions, DEFAULT_MAX_RUNS, DEFAULT_MAX_RUNS_PER_CALLER } from "./http/config.ts";
import type { HttpSettings } from "./http/deps.ts";
import { SANDBOX_PROVIDERS } from "./run/request.ts";

/** The Responses API, or Chat Completions for servers that speak only that. */
const OPENAI_API_STYLES = ["responses", "chat"] as const;

const schema = z.object({
  GITHUB_TOKEN: secret,
  GITHUB_SERVER_URL: address({ path: false }).optional(),
  GITHUB_API_URL: address({ path: true }).optional(),
  OPENAI_API_KEY: secret,
  OPENAI_BASE_URL: address({ path: true }).default("https://api.openai.com/v1"),
  OPENAI_API_STYLE: oneOf(OPENAI_API_STYLES).default("responses"),
  ANTHROPIC_API_KEY: secret,
  ANTHROPIC_BASE_URL: address({ path: true }).default("https://api.anthropic.com"),
  DEFAULT_LLM_PROVIDER: oneOf(AGENT_NAMES).optional(),
  DEFAULT_LLM_MODEL: text
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}$/, "must be a model's name, such as 'gpt-4'")
    .optional(),
  MODEL_PRICES: modelPrices.default({}),
  LLM_IDLE_TIMEOUT_SECONDS: wholeNumber(1, 600).default(60),
  LLM_ANSWER_TIMEOUT_SECONDS: wholeNumber(1, 900).default(300),
  LEND_MODEL_KEYS: oneOf(LEND_MODEL_KEYS).default("api_tokens"),
  AWS_ACCESS_KEY_ID: secret,
  AWS_SECRET_ACCESS_KEY: secret,
  SANDBOX_RUNNER_URL: address({ path: false }).optional(),
  SANDBOX_RUNNER_SECRET: runnerSecret.optional(),
  DEFAULT_SANDBOX_PROVIDER: oneOf(SANDBOX_PROVIDERS).optional(),
  API_TOKENS: commaSeparated.pipe(z.array(strongToken)).default([]),
  ADMIN_TOKEN: text.pipe(strongToken).optional(),
  ALLOW_GITHUB_TOKENS: flag.default(true),
  ALLOW_ANONYMOUS: flag.default(false),
  CORS_ORIGINS: commaSeparated.transform(readOrigins).default([]),
  MAX_RUNS: wholeNumber(1, 100_000).optional(),
  MAX_RUNS_PER_CALLER: wholeNumber(1, 100_000).optional(),
  STARTS_PER_MINUTE: wholeNumber(1, 1_000_000).default(60),
  REQUESTS_PER_MINUTE: wholeNumber(1, 1_000_000).default(600),
  TRUSTED_PROXIES: wholeNumber(0, 10).default(0),
  RUN_RETENTION_SECONDS: wholeNumber(1, 31_536_000).default(604_800),
  DATA_DIR: text.default("./data"),
  COMMIT_AUTHOR_NAME: authorPart.default("Tiny Backspace"),
  COMMIT_AUTHOR_EMAIL: authorPart
    .regex(/^[^\s@]+@[^\s@]+$/, "must be an e-mail address")
    .default("tiny-backspace@users.noreply.github.com"),
  HOST: text.optional(),
  PORT: wholeNumber(0, 65_535).default(8000),
  DEBUG: flag.default(false),
});

type Environment = z.infer<typeof schema>;

/** How models are reached, and what is known of them. Addresses are without a trailing slash. */
export interface ModelSettings {
  readonly openai: { readonly baseUrl: string; readonly style: (typeof OPENAI_API_STYLES)[number] };
  readonly anthropic: { readonly baseUrl: string };
  /** The operator's prices and windows, which go before the table's. */
  readonly overrides: ModelOverrides;
  /** How long an answer may say nothing, and take in all. */
  readonly idleTimeoutSeconds: number;
  readonly answerTimeoutSeconds: number;
}

export interface Settings {
  readonly github: {
    readonly token: string | undefined;
    /** An origin without a trailing slash, `https://github.com`. */
    readonly serverUrl: string;
    /** Without a trailing slash, `https://api.github.com` or `https://ghe.example/api/v3`. */
    readonly apiUrl: string;
  };
  readonly openaiApiKey: string | undefined;
  readonly anthropicApiKey: string | undefined;
  readonly models: ModelSettings;
  /** Whose runs may use the service's own model keys. */
  readonly lendModelKeys: LendModelKeys;
  readonly aws: { readonly accessKeyId: string | undefined; readonly secretAccessKey: string | undefined };
  /** Where commands run, and the secret that signs requests to it; undefined when there is none. */
  readonly runner: { readonly url: string; readonly secret: string } | undefined;
  /** What the environment chose for requests that do not say. */
  readonly defaults: ConfigOptions["environment"];
  readonly apiTokens: readonly string[];
  readonly adminToken: string | undefined;
  /** Whether a GitHub token of the caller's own is enough to use the service. */
  readonly allowGithubTokens: boolean;
  readonly allowAnonymous: boolean;
  /** Origins whose pages may use the service, or `*` alone for all of them. */
  readonly corsOrigins: readonly string[];
  /** Runs at once, of everybody and of one caller. */
  readonly maxRuns: number;
  readonly maxRunsPerCaller: number;
  /** For hosts that count by themselves; on Cloudflare wrangler.toml says. */
  readonly startsPerMinute: number;
  readonly requestsPerMinute: number;
  /** How many proxies in front add to X-Forwarded-For; for hosts that are not told where requests come from. */
  readonly trustedProxies: number;
  /** How long a finished run is kept. */
  readonly retentionSeconds: number;
  /** Where a host with a file system keeps its runs. */
  readonly dataDir: string;
  readonly commitAuthor: { readonly name: string; readonly email: string };
  /** The address to listen on; undefined leaves it to the host. */
  readonly host: string | undefined;
  readonly port: number;
  readonly debug: boolean;
}

/**
 * The settings in an environment; other names, and bindings that are not text, are left alone. An empty
 * variable counts as unset.
 *
 * @throws ServiceError `internal` that names every wrong variable and its fix, and no value.
 */
export function readSettings(environment: Readonly<Record<string, unknown>>): Settings {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => {
      const value = environment[name];
      const plain = typeof value === "boolean" || typeof value === "number" ? String(value) : value;
      return plain === undefined || plain === null || (typeof plain === "string" && plain.trim() === "")
        ? []
        : [[name, plain]];
    }),
  );
  const result = schema.safeParse(given);
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`);
    throw new ServiceError("internal", `The service is not set up: ${[...new Set(problems)].join("; ")}.`);
  }
  const { SANDBOX_RUNNER_URL: url, SANDBOX_RUNNER_SECRET: secret } = result.data;
  if ((url === undefined) !== (secret === undefined)) {
    const lacking = url === undefined ? "SANDBOX_RUNNER_URL" : "SANDBOX_RUNNER_SECRET";
    throw new ServiceError(
      "internal",
      `The service is not set up: ${lacking} is missing beside its other half.`,
    );
  }
  return toSettings(result.data);
}

function toSettings(env: Environment): Settings {
  const serverUrl = env.GITHUB_SERVER_URL ?? "https://github.com";
  return {
    github: {
      token: env.GITHUB_TOKEN,
      serverUrl,
      apiUrl:
        env.GITHUB_API_URL ??
        (serverUrl === "https://github.com" ? "https://api.github.com" : `${serverUrl}/api/v3`),
    },
    openaiApiKey: env.OPENAI_API_KEY,
    anthropicApiKey: env.ANTHROPIC_API_KEY,
    models: {
      openai: { baseUrl: env.OPENAI_BASE_URL, style: env.OPENAI_API_STYLE },
      anthropic: { baseUrl: env.ANTHROPIC_BASE_URL },
      overrides: env.MODEL_PRICES,
      idleTimeoutSeconds: env.LLM_IDLE_TIMEOUT_SECONDS,
      answerTimeoutSeconds: env.LLM_ANSWER_TIMEOUT_SECONDS,
    },
    lendModelKeys: env.LEND_MODEL_KEYS,
    aws: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
    runner:
      env.SANDBOX_RUNNER_URL === undefined || env.SANDBOX_RUNNER_SECRET === undefined
        ? undefined
        : { url: env.SANDBOX_RUNNER_URL, secret: env.SANDBOX_RUNNER_SECRET },
    defaults: {
      llm_provider: env.DEFAULT_LLM_PROVIDER,
      llm_model: env.DEFAULT_LLM_MODEL,
      sandbox_provider: env.DEFAULT_SANDBOX_PROVIDER,
      server_url: env.GITHUB_SERVER_URL,
      max_runs: env.MAX_RUNS,
      max_runs_per_caller: env.MAX_RUNS_PER_CALLER,
    },
    apiTokens: env.API_TOKENS,
    adminToken: env.ADMIN_TOKEN,
    allowGithubTokens: env.ALLOW_GITHUB_TOKENS,
    allowAnonymous: env.ALLOW_ANONYMOUS,
    corsOrigins: env.CORS_ORIGINS,
    maxRuns: env.MAX_RUNS ?? DEFAULT_MAX_RUNS,
    maxRunsPerCaller: env.MAX_RUNS_PER_CALLER ?? DEFAULT_MAX_RUNS_PER_CALLER,
    startsPerMinute: env.STARTS_PER_MINUTE,
    requestsPerMinute: env.REQUESTS_PER_MINUTE,
    trustedProxies: env.TRUSTED_PROXIES,
    retentionSeconds: env.RUN_RETENTION_SECONDS,
    dataDir: env.DATA_DIR,
    commitAuthor: { name: env.COMMIT_AUTHOR_NAME, email: env.COMMIT_AUTHOR_EMAIL },
    host: env.HOST,
    port: env.PORT,
    debug: env.DEBUG,
  };
}

/** Everything that must never leave, for the redactor. */
export function secretsOf(settings: Settings): string[] {
  const { github, openaiApiKey, anthropicApiKey, aws, apiTokens, adminToken, runner } = settings;
  return [
    github.token,
    openaiApiKey,
    anthropicApiKey,
    aws.accessKeyId,
    aws.secretAccessKey,
    adminToken,
    runner?.secret,
    ...apiTokens,
  ].filter((value) => value !== undefined);
}

/** The part of the settings the HTTP layer sees: who may come in, and where repositories live. */
export function httpSettings(settings: Settings, version: string): HttpSettings {
  const { github, apiTokens, adminToken, allowGithubTokens, allowAnonymous, corsOrigins, lendModelKeys } =
    settings;
  return {
    version,
    serverUrl: github.serverUrl,
    apiTokens,
    adminToken,
    allowGithubTokens,
    allowAnonymous,
    corsOrigins,
    lendModelKeys,
  };
}

/** What the runtime configuration lies on: the environment's choices, and which secrets there are. */
export function configOptions(settings: Settings): ConfigOptions {
  const { github, openaiApiKey, anthropicApiKey, aws, runner } = settings;
  return {
    environment: settings.defaults,
    serverUrl: github.serverUrl,
    hasRunner: runner !== undefined,
    secrets: {
      github_token: github.token !== undefined,
      openai_api_key: openaiApiKey !== undefined,
      anthropic_api_key: anthropicApiKey !== undefined,
      aws_access_key_id: aws.accessKeyId !== undefined,
      aws_secret_access_key: aws.secretAccessKey !== undefined,
      sandbox_runner_secret: runner !== undefined,
    },
  };
}
