/** Reads the environment once, at the edge: strings in, typed settings for each part out. */
import * as z from "zod";
import { RUNNER_PROVIDERS, type RunnerProvider, type SandboxDescription } from "../../src/sandbox/wire.ts";
import type { ArchiveLimits } from "./archive/archive.ts";
import type { SandboxLimits } from "./backend.ts";
import { commaSeparated, decimal, flag, oneOf, signingSecret, text, wholeNumber } from "./setting-values.ts";

const NETWORKS = ["none", "setup", "always"] as const satisfies readonly SandboxDescription["network"][];

const schema = z.object({
  SANDBOX_RUNNER_SECRET: z.string("is missing; make one with 'openssl rand -hex 32'").pipe(signingSecret),
  HOST: text.default("127.0.0.1"),
  PORT: wholeNumber(0, 65_535).default(8787),
  SANDBOX_BACKENDS: commaSeparated
    .pipe(z.array(z.enum(RUNNER_PROVIDERS, `must name some of ${RUNNER_PROVIDERS.join(", ")}`)))
    .transform((names) => [...new Set(names)])
    .default(["docker"]),
  TIMEOUT_SECONDS: wholeNumber(1, 3_600).optional(),
  MEMORY_LIMIT_MB: wholeNumber(64, 1_048_576).default(1_024),
  CPU_LIMIT: decimal(0.1, 256).default(2),
  PIDS_LIMIT: wholeNumber(16, 100_000).default(256),
  OPEN_FILES_LIMIT: wholeNumber(64, 1_048_576).default(1_024),
  WORKSPACE_MB: wholeNumber(1, 1_048_576).optional(),
  WORKSPACE_INODES: wholeNumber(100, 100_000_000).default(200_000),
  OUTPUT_LIMIT_BYTES: wholeNumber(1_024, 1_073_741_824).default(1_048_576),
  SANDBOX_TTL_SECONDS: wholeNumber(10, 86_400).default(1_800),
  MAX_SANDBOXES: wholeNumber(1, 10_000).default(8),
  MAX_QUEUE: wholeNumber(0, 10_000).default(32),
  QUEUE_TIMEOUT_SECONDS: wholeNumber(1, 600).default(30),
  WARM_POOL_SIZE: wholeNumber(0, 100).default(2),
  ARCHIVE_FILES: wholeNumber(1, 10_000_000).default(100_000),
  ARCHIVE_FILE_MB: wholeNumber(1, 1_048_576).default(64),
  NETWORK: oneOf(NETWORKS).default("none"),
  NETWORK_ALLOW: commaSeparated.default([]),
  NETWORK_ALLOW_PRIVATE: commaSeparated.default([]),
  NETWORK_FOLDER: text.regex(/^\//, "must be an absolute path").default("/tmp/tiny-backspace-network"),
  RUNNER_NAME: text
    .regex(/^[\w.-]{1,64}$/, "must be a name of letters, digits, '.', '_' and '-'")
    .default("default"),
  DOCKER_IMAGE: text.regex(/^[\x21-\x7e]+$/, "must be an image's name").default("tiny-backspace-sandbox"),
  DOCKER_RUNTIME: text.regex(/^[\w.-]+$/, "must be a runtime's name, such as 'runsc'").optional(),
  AWS_REGION: text.optional(),
  LAMBDA_FUNCTION: text.optional(),
  LAMBDA_ENDPOINT: text.refine(URL.canParse, "must be an address such as http://127.0.0.1:9001").optional(),
  PROCESS_BACKEND_UNSAFE: flag.default(false),
});

type Environment = z.infer<typeof schema>;

const DEFAULT_TIMEOUT_SECONDS = 300;
const DEFAULT_WORKSPACE_MB = 512;

/** What every backend is told: the limits of its sandboxes and of what goes in and out of them. */
export interface CommonSettings {
  readonly limits: SandboxLimits;
  readonly archive: ArchiveLimits;
  readonly network: SandboxDescription["network"];
  readonly ttlSeconds: number;
  readonly workspaceMb: number;
  readonly workspaceInodes: number;
  readonly pidsLimit: number;
  readonly openFilesLimit: number;
}

export interface ServiceSettings {
  readonly secret: string;
  readonly host: string;
  readonly port: number;
  readonly ttlSeconds: number;
  readonly maxSandboxes: number;
  readonly maxQueue: number;
  readonly queueTimeoutSeconds: number;
  /** For uploads. */
  readonly archive: ArchiveLimits;
}

export interface Settings {
  readonly service: ServiceSettings;
  readonly backends: readonly RunnerProvider[];
  readonly common: CommonSettings;
  readonly docker: {
    /** Tells this runner's containers from those of others on the same engine. */
    readonly runner: string;
    readonly image: string;
    readonly runtime: string | undefined;
    readonly warmPoolSize: number;
  };
  readonly network: {
    /** `host`, `host:port` or `*.host`. */
    readonly allow: readonly string[];
    /** Of those, hosts that may have private addresses. */
    readonly allowPrivate: readonly string[];
    /** Absolute, and the same path on the engine's host. */
    readonly folder: string;
  };
  readonly aws: {
    readonly region: string | undefined;
    readonly functionName: string | undefined;
    readonly endpoint: string | undefined;
  };
  readonly process: { readonly unsafe: boolean };
}

/** The operator's mistake, in sentences that say how to correct it. */
export class SetUpError extends Error {
  override readonly name = "SetUpError";
}

/**
 * The settings in an environment; other names are left alone, and an empty variable counts as unset.
 *
 * @throws SetUpError that names every wrong variable and its fix, and no value.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => {
      const value = environment[name];
      return value === undefined || value.trim() === "" ? [] : [[name, value]];
    }),
  );
  const result = schema.safeParse(given);
  if (!result.success) {
    throw notSetUp(result.error.issues.map((issue) => `${String(issue.path[0])} ${issue.message}`));
  }
  const contradictions = contradictionsIn(result.data);
  if (contradictions.length > 0) throw notSetUp(contradictions);
  return toSettings(result.data);
}

function notSetUp(problems: readonly string[]): SetUpError {
  return new SetUpError(`The sandbox-runner is not set up: ${[...new Set(problems)].join("; ")}.`);
}

/** What was asked for, and cannot be had. */
function contradictionsIn(env: Environment): string[] {
  const problems: string[] = [];
  if ((env.TIMEOUT_SECONDS ?? 0) > env.SANDBOX_TTL_SECONDS)
    problems.push("TIMEOUT_SECONDS must be at most SANDBOX_TTL_SECONDS, with which a sandbox ends");
  if (env.SANDBOX_BACKENDS.includes("docker") && (env.WORKSPACE_MB ?? 0) >= env.MEMORY_LIMIT_MB)
    problems.push("WORKSPACE_MB must be less than MEMORY_LIMIT_MB, of which docker's workspaces take theirs");
  return problems;
}

function toSettings(env: Environment): Settings {
  const workspaceMb = env.WORKSPACE_MB ?? Math.min(DEFAULT_WORKSPACE_MB, Math.floor(env.MEMORY_LIMIT_MB / 2));
  const archive: ArchiveLimits = {
    files: env.ARCHIVE_FILES,
    fileBytes: megabytes(env.ARCHIVE_FILE_MB),
    totalBytes: megabytes(workspaceMb),
  };
  return {
    service: {
      secret: env.SANDBOX_RUNNER_SECRET,
      host: env.HOST,
      port: env.PORT,
      ttlSeconds: env.SANDBOX_TTL_SECONDS,
      maxSandboxes: env.MAX_SANDBOXES,
      maxQueue: env.MAX_QUEUE,
      queueTimeoutSeconds: env.QUEUE_TIMEOUT_SECONDS,
      archive,
    },
    backends: env.SANDBOX_BACKENDS,
    common: {
      limits: {
        timeout_seconds: env.TIMEOUT_SECONDS ?? Math.min(DEFAULT_TIMEOUT_SECONDS, env.SANDBOX_TTL_SECONDS),
        memory_limit_mb: env.MEMORY_LIMIT_MB,
        cpu_limit: env.CPU_LIMIT,
        output_bytes: env.OUTPUT_LIMIT_BYTES,
      },
      archive,
      network: env.NETWORK,
      ttlSeconds: env.SANDBOX_TTL_SECONDS,
      workspaceMb,
      workspaceInodes: env.WORKSPACE_INODES,
      pidsLimit: env.PIDS_LIMIT,
      openFilesLimit: env.OPEN_FILES_LIMIT,
    },
    docker: {
      runner: env.RUNNER_NAME,
      image: env.DOCKER_IMAGE,
      runtime: env.DOCKER_RUNTIME,
      warmPoolSize: env.WARM_POOL_SIZE,
    },
    network: {
      allow: env.NETWORK_ALLOW,
      allowPrivate: env.NETWORK_ALLOW_PRIVATE,
      folder: env.NETWORK_FOLDER,
    },
    aws: { region: env.AWS_REGION, functionName: env.LAMBDA_FUNCTION, endpoint: env.LAMBDA_ENDPOINT },
    process: { unsafe: env.PROCESS_BACKEND_UNSAFE },
  };
}

function megabytes(count: number): number {
  return count * 1_048_576;
}
