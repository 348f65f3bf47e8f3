/** The run's vocabulary: one union, discriminated on `type`, that every client reads. */
import * as z from "zod";
import { AGENT_NAMES, AGENT_WARNING_CODES } from "../agent/agent.ts";
import { ERROR_CODES } from "../errors.ts";
import { EXEC_ENDINGS } from "../sandbox/wire.ts";

export const STEPS = [
  "preflight",
  "clone",
  "analyse",
  "edit",
  "verify",
  "commit",
  "push",
  "pull_request",
] as const;
export const DONE_STATUSES = ["succeeded", "no_changes", "failed", "cancelled", "limit_reached"] as const;
export const WARNING_CODES = [
  ...AGENT_WARNING_CODES,
  /** Another agent than the one asked for does the work. */
  "agent_fallback",
  /** The change was not tested, and why. */
  "not_verified",
  /** A check ran on the change and failed. */
  "verification_failed",
  /** The repository's settings are wrong, and were left alone. */
  "settings_ignored",
  /** Something that a command changed was not taken over into the change. */
  "command_changes_left_out",
  /** The repository takes no draft pull requests, so an ordinary one was opened. */
  "draft_not_supported",
  /** No pull request can be made; the run ends with a patch or a branch. */
  "patch_only",
  /** An edit to a protected file was left out for want of consent. */
  "protected_path",
  /** The token may not push here, so a fork carries the branch. */
  "forked",
  /** The run was interrupted and goes on; what it was in the middle of is said again. */
  "resumed",
  /** An open pull request was updated instead of opening a second one. */
  "pull_request_updated",
  /** The description of a pull request has no room to tell of this run. */
  "description_full",
] as const;

const step = z.enum(STEPS);
const agentName = z.enum(AGENT_NAMES);
const count = z.number().int().nonnegative();
const milliseconds = z.number().nonnegative();

const usage = z.object({
  input_tokens: count,
  output_tokens: count,
  cached_tokens: count,
  cost_usd: z.number().nonnegative(),
  turns: count,
  /** The part of input and output that is an estimate. */
  estimated_tokens: count.optional(),
});

const identity = z.object({ name: agentName, model: z.string().optional() });
const fallback = z.object({ from: identity, to: identity, reason: z.string() });

const changeKind = z.enum(["added", "modified", "deleted", "renamed"]);
const change = z.object({
  path: z.string(),
  kind: changeKind,
  from: z.string().optional(),
  additions: count,
  deletions: count,
});

export const VERIFICATION_STATUSES = ["passed", "failed", "not_verified"] as const;

/** What a check of the change came to. */
const verification = z.object({
  status: z.enum(VERIFICATION_STATUSES),
  /** A sentence. */
  message: z.string(),
  /** The rest is there when a command ran. */
  command: z.string().optional(),
  ending: z.enum(EXEC_ENDINGS).optional(),
  exit_code: z.number().int().nullable().optional(),
  duration_ms: milliseconds.optional(),
  /** With `failed`, when it could be found out: whether it failed on the repository as it was before too. */
  failed_before: z.boolean().optional(),
});

/** Facts a finished step leaves behind; which are set depends on the step. */
const stepResult = z.object({
  repository: z.string().optional(),
  base_branch: z.string().optional(),
  base_commit: z.string().optional(),
  bytes: count.optional(),
  files: count.optional(),
  languages: z.array(z.string()).optional(),
  commit: z.string().optional(),
  branch: z.string().optional(),
  title: z.string().optional(),
  verification: verification.optional(),
});

const message = z.string().min(1);

/** What `run()` yields. The host adds `seq` and `time` and redacts before anyone sees it. */
export const runEventSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("info"),
    message,
    run_id: z.string().optional(),
    /** The request as understood, defaults filled in; it never holds a secret. */
    request: z.record(z.string(), z.unknown()).optional(),
    agent: agentName.optional(),
    /** Absent for an agent without one. */
    model: z.string().optional(),
    agent_reason: z.string().optional(),
  }),
  z.object({ type: z.literal("progress"), message, step, loaded: count.optional(), total: count.optional() }),
  z.object({
    type: z.literal("success"),
    message,
    step,
    result: stepResult,
    duration_ms: milliseconds,
    pr_url: z.string().optional(),
  }),
  z.object({ type: z.literal("text"), message, delta: z.string() }),
  z.object({
    type: z.literal("tool"),
    message,
    name: z.string(),
    input: z.record(z.string(), z.unknown()),
    status: z.enum(["started", "ok", "error"]),
    output: z.string().optional(),
    duration_ms: milliseconds.optional(),
  }),
  z.object({ type: z.literal("change"), message, ...change.shape }),
  z.object({ type: z.literal("output"), message, stream: z.enum(["stdout", "stderr"]), data: z.string() }),
  z.object({ type: z.literal("usage"), message, ...usage.shape }),
  z.object({
    type: z.literal("warning"),
    message,
    code: z.enum(WARNING_CODES),
    /** With `agent_fallback`. */
    fallback: fallback.optional(),
  }),
  z.object({ type: z.literal("error"), message, code: z.enum(ERROR_CODES), retryable: z.boolean() }),
  z.object({
    type: z.literal("done"),
    message,
    status: z.enum(DONE_STATUSES),
    pr_url: z.string().nullable(),
    branch: z.string().nullable(),
    commit: z.string().nullable(),
    changes: z.array(change),
    /** Who did the work in the end, and why. */
    agent: agentName,
    model: z.string().optional(),
    agent_reason: z.string(),
    /** Who it was taken over from, in order; absent when there was nobody. */
    fallbacks: z.array(fallback).optional(),
    usage,
    /** Absent when no sandbox was asked for, or the run ended before. */
    verification: verification.optional(),
    /** What an agent that was stopped did not get done, as far as it is known. */
    missing: z.array(z.string()).optional(),
    /** The change as a patch `git apply` takes, when it did not become a branch. */
    patch: z.string().optional(),
    /** What the agent understands, when it found nothing to do. */
    understood: z.array(z.string()).optional(),
  }),
]);

export type RunEvent = z.infer<typeof runEventSchema>;
export type DoneEvent = Extract<RunEvent, { type: "done" }>;
export type Step = (typeof STEPS)[number];
export type DoneStatus = (typeof DONE_STATUSES)[number];
export type WarningCode = (typeof WARNING_CODES)[number];
export type VerificationResult = z.infer<typeof verification>;
export type Usage = z.infer<typeof usage>;

/** An event as readers get it: numbered from 1 without gaps, and stamped (ISO 8601, UTC). */
export const recordedEventSchema = z.intersection(
  z.object({ seq: z.number().int().positive(), time: z.iso.datetime() }),
  runEventSchema,
);
export type RecordedEvent = z.infer<typeof recordedEventSchema>;
