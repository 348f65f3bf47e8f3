/** The sandbox-runner's API, version 1: what both sides of the wire agree on. */
import * as z from "zod";

/** Part of every path; raised when older clients can no longer be served. */
export const API_VERSION = 1;

/** Where commands run: a Docker engine, AWS Lambda, or plain processes on a developer's machine. */
export const RUNNER_PROVIDERS = ["docker", "aws", "process"] as const;
export type RunnerProvider = (typeof RUNNER_PROVIDERS)[number];

/**
 * The endpoints. Every request under `/v1/` is signed (sign.ts).
 *
 * - `POST sandboxes?provider=docker`: an upload (signed-stream.ts around a tar) → 201 `sandboxSchema`
 * - `POST sandboxes/:id/files`: an upload → 204; paths it names are removed first, then files are written
 * - `POST sandboxes/:id/exec`: `execRequestSchema` → 200, `application/x-ndjson` of `execEventSchema`
 * - `GET sandboxes/:id/changes`: → 200, a tar of what commands changed since the uploads
 * - `DELETE sandboxes/:id` → 204, also when it is gone already
 */
export const paths = {
  sandboxes: (provider: RunnerProvider) => `/v${API_VERSION}/sandboxes?provider=${provider}`,
  files: (id: string) => `/v${API_VERSION}/sandboxes/${id}/files`,
  exec: (id: string) => `/v${API_VERSION}/sandboxes/${id}/exec`,
  changes: (id: string) => `/v${API_VERSION}/sandboxes/${id}/changes`,
  sandbox: (id: string) => `/v${API_VERSION}/sandboxes/${id}`,
} as const;

/**
 * Tars on the wire hold regular files only (POSIX.1-2001 pax interchange format), mode 0644 or 0755, each at
 * `files/<path>`; folders follow from the paths. One more entry is JSON:
 *
 * - in uploads `upload.json` (uploadSchema), which comes first;
 * - in changes `changes.json` (changesSchema), which comes last: without it the tar was cut short.
 */
export const FILES_PREFIX = "files/";
export const UPLOAD_ENTRY = "upload.json";
export const CHANGES_ENTRY = "changes.json";
/** Of `changes.json`, in bytes: both sides hold it as a whole. */
export const MAX_CHANGES_BYTES = 4_194_304;

const path = z.string().min(1).max(4096);

export const uploadSchema = z.strictObject({
  /** Files and folders to remove, with all that is in them, before files are written. */
  removed: z.array(path).default([]),
});

export const SKIP_REASONS = [
  /** A link, device, pipe or socket. */
  "not_a_file",
  "too_large",
  /** Not valid UTF-8, or longer than paths may be. */
  "bad_name",
] as const;

export const changesSchema = z.strictObject({
  added: z.array(path),
  modified: z.array(path),
  deleted: z.array(path),
  /** What is there, but is not handed out; `path` is for people, with what is no UTF-8 replaced. */
  skipped: z.array(z.strictObject({ path: z.string(), reason: z.enum(SKIP_REASONS) })),
});
export type ChangesManifest = z.infer<typeof changesSchema>;

const seconds = z.number().int().positive();

export const sandboxSchema = z.object({
  id: z.string().regex(/^[a-z0-9]{16,64}$/),
  provider: z.enum(RUNNER_PROVIDERS),
  /** ISO 8601; the sandbox ends by then, whatever happens. */
  expires_at: z.iso.datetime(),
  limits: z.object({
    /** The longest a command may take. */
    timeout_seconds: seconds,
    memory_limit_mb: z.number().int().positive(),
    cpu_limit: z.number().positive(),
    /** Bytes of output of one command that are passed on; the rest is dropped. */
    output_bytes: z.number().int().positive(),
  }),
  /** Whether allow-listed hosts can be reached: never, during `setup` commands only, or always. */
  network: z.enum(["none", "setup", "always"]),
});
export type SandboxDescription = z.infer<typeof sandboxSchema>;

export const MAX_COMMAND_CHARACTERS = 10_000;

export const execRequestSchema = z.strictObject({
  /** A line, or a script, for `/bin/sh -c` in the workspace's root. */
  command: z
    .string()
    .min(1)
    .max(MAX_COMMAND_CHARACTERS)
    .refine((text) => !text.includes("\0"), "must not hold a NUL"),
  /** `setup` installs dependencies and may have the network; everything else is a `command`. */
  phase: z.enum(["setup", "command"]).default("command"),
  /** At most, and by default, the sandbox's `timeout_seconds`. */
  timeout_seconds: seconds.optional(),
});
export type ExecRequest = z.infer<typeof execRequestSchema>;

export const EXEC_ENDINGS = [
  /** By itself, with an exit code. */
  "exited",
  /** By a signal; `exit_code` is 128 + its number, as shells report it. */
  "signaled",
  /** The memory limit was reached and the kernel killed a process of it. */
  "out_of_memory",
  "timed_out",
  /** It wrote so much more than is passed on that it was ended. */
  "output_limit",
  /** The sandbox ended under it: it expired, was destroyed, or its engine went away. */
  "sandbox_lost",
] as const;
export type ExecEnding = (typeof EXEC_ENDINGS)[number];

export const execEndSchema = z.object({
  type: z.literal("end"),
  ending: z.enum(EXEC_ENDINGS),
  exit_code: z.number().int().nullable(),
  /** `SIGKILL` and the like, with `signaled`. */
  signal: z.string().nullable(),
  /** True when output was dropped. */
  truncated: z.boolean(),
  duration_ms: z.number().nonnegative(),
  /** `host:port` of every connection that was refused, each once. */
  refused_hosts: z.array(z.string()),
});
export type ExecEnd = z.infer<typeof execEndSchema>;

export const execEventSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("output"),
    stream: z.enum(["stdout", "stderr"]),
    /** UTF-8, never cut inside a character; bytes that are none are replaced. */
    data: z.string(),
  }),
  /** Nothing else was said for a while; keeps idle connections open. */
  z.object({ type: z.literal("heartbeat") }),
  execEndSchema,
  /** The runner failed; the last line, instead of an end. */
  z.object({ type: z.literal("error"), code: z.string(), message: z.string() }),
]);
export type ExecEvent = z.infer<typeof execEventSchema>;
export type ExecOutput = Extract<ExecEvent, { type: "output" }>;

/** What a runner answers instead, with the HTTP status each has. */
export const RUNNER_ERRORS = {
  invalid_request: 400,
  /** The tar is not one, or holds what a tar on this wire must not. */
  invalid_archive: 400,
  unauthorized: 401,
  not_found: 404,
  method_not_allowed: 405,
  /** A command is running: one at a time. */
  sandbox_in_use: 409,
  /** It was there and has ended. */
  sandbox_lost: 410,
  payload_too_large: 413,
  internal: 500,
  /** The engine behind the provider does not answer, or the operator has not set it up. */
  provider_unavailable: 503,
  /** All places and the queue are taken; `Retry-After` says when to come again. */
  at_capacity: 503,
} as const;
export type RunnerErrorCode = keyof typeof RUNNER_ERRORS;

export const runnerErrorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }),
});

/** `GET /health`. */
export const runnerHealthSchema = z.object({
  status: z.enum(["healthy", "degraded", "unhealthy"]),
  api_version: z.number().int(),
  /** Whether a command could be run, for each provider that is set up. */
  providers: z.partialRecord(
    z.enum(RUNNER_PROVIDERS),
    z.object({ status: z.enum(["available", "unavailable"]), message: z.string().optional() }),
  ),
});
export type RunnerHealth = z.infer<typeof runnerHealthSchema>;
