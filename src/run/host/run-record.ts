/** What is known of a run beside its events, as it stands in its row. */
import type { DoneStatus } from "../events.ts";
import type { RunRequest } from "../request.ts";
import { number, numberOrNull, type SqlRow, type SqlValue, text } from "./sql.ts";

/** What the run may use and nobody may see; deleted from the store when the run ends. */
export interface Credentials {
  readonly githubToken?: string;
  readonly openaiApiKey?: string;
  readonly anthropicApiKey?: string;
  /** True for a caller who is not lent the service's model keys, and may bring keys of their own. */
  readonly withoutServiceModels?: boolean;
}

/**
 * A caller's own keys. They are held in memory only, so that they are never stored: a run that goes on in
 * another process goes on without them.
 */
export interface ModelKeys {
  readonly openai?: string;
  readonly anthropic?: string;
}

/** Every secret in them, for a redactor. */
export function secretsIn(credentials: Credentials, keys: ModelKeys = {}): string[] {
  const { githubToken, openaiApiKey, anthropicApiKey } = credentials;
  return [githubToken, openaiApiKey, anthropicApiKey, keys.openai, keys.anthropic].filter(
    (secret) => secret !== undefined,
  );
}

export interface RunRecord {
  readonly caller: string;
  /** Empty in a run that has expired. */
  readonly request: RunRequest;
  readonly credentials: Credentials;
  readonly state: "running" | DoneStatus | "expired";
  readonly createdAt: number;
  readonly finishedAt: number | null;
  readonly expiresAt: number | null;
  readonly resumesAt: number | null;
  readonly wakeAt: number | null;
  readonly attempts: number;
  /** When the last attempt began. */
  readonly attemptedAt: number;
  /** Attempts in a row that added nothing to the log. */
  readonly stalls: number;
  readonly activeMs: number;
  readonly suspendedMs: number;
  readonly cancelled: boolean;
  /** Whether the directory knows that the run is there. */
  readonly announced: boolean;
  /** Whether the directory knows of the last thing that happened: the run has ended, or it has expired. */
  readonly told: boolean;
  readonly lastSeq: number;
  /** The event the checkpoint belongs to; 0 without one. */
  readonly checkpointSeq: number;
}

export type RunChanges = Partial<Omit<RunRecord, "caller" | "request" | "createdAt">>;

const COLUMNS: Readonly<Record<keyof RunChanges, string>> = {
  credentials: "credentials",
  state: "state",
  finishedAt: "finished_at",
  expiresAt: "expires_at",
  resumesAt: "resumes_at",
  wakeAt: "wake_at",
  attempts: "attempts",
  attemptedAt: "attempted_at",
  stalls: "stalls",
  activeMs: "active_ms",
  suspendedMs: "suspended_ms",
  cancelled: "cancelled",
  announced: "announced",
  told: "told",
  lastSeq: "last_seq",
  checkpointSeq: "checkpoint_seq",
};

/** The assignments of an UPDATE and their values; undefined when nothing changes. */
export function assign(changes: RunChanges): { set: string; values: readonly SqlValue[] } | undefined {
  const entries = Object.entries(changes) as [keyof RunChanges, unknown][];
  if (entries.length === 0) return undefined;
  return {
    set: entries.map(([name]) => `${COLUMNS[name]} = ?`).join(", "),
    values: entries.map(([, value]) => stored(value)),
  };
}

export function readRecord(row: SqlRow): RunRecord {
  return {
    caller: text(row, "caller"),
    request: JSON.parse(text(row, "request")),
    credentials: JSON.parse(text(row, "credentials")),
    state: text(row, "state") as RunRecord["state"],
    createdAt: number(row, "created_at"),
    finishedAt: numberOrNull(row, "finished_at"),
    expiresAt: numberOrNull(row, "expires_at"),
    resumesAt: numberOrNull(row, "resumes_at"),
    wakeAt: numberOrNull(row, "wake_at"),
    attempts: number(row, "attempts"),
    attemptedAt: number(row, "attempted_at"),
    stalls: number(row, "stalls"),
    activeMs: number(row, "active_ms"),
    suspendedMs: number(row, "suspended_ms"),
    cancelled: number(row, "cancelled") === 1,
    announced: number(row, "announced") === 1,
    told: number(row, "told") === 1,
    lastSeq: number(row, "last_seq"),
    checkpointSeq: number(row, "checkpoint_seq"),
  };
}

function stored(value: unknown): SqlValue {
  if (typeof value === "string" || typeof value === "number" || value === null) return value;
  return typeof value === "boolean" ? Number(value) : JSON.stringify(value);
}
