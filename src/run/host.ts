/** The port to whatever keeps and drives runs: a Durable Object for each on Cloudflare, one process elsewhere. */
import type { AgentName } from "../agent/agent.ts";
import type { DoneEvent, DoneStatus } from "./events.ts";
import type { ModelKeys } from "./host/run-record.ts";
import type { RunMode, RunRequest } from "./request.ts";
import type { RuntimeConfig, RuntimeConfigChange } from "./runtime-config.ts";

export interface StartInput {
  /** Whose run it is: an opaque id of the credential, never the credential itself. */
  readonly caller: string;
  /** The same key with the same fingerprint gets the run that was started before. */
  readonly idempotency?: { readonly key: string; readonly fingerprint: string };
  /** The caller's own GitHub token, used instead of the service's and forgotten when the run ends. */
  readonly githubToken?: string;
  /** The caller's own model keys, for this run only; never stored. */
  readonly modelKeys?: ModelKeys;
  /** Whether the run may use the service's own model keys. */
  readonly lendsModels: boolean;
  /** Completes the request with what is configured now; may throw a ServiceError, then nothing was started. */
  readonly prepare: (config: RuntimeConfig) => RunRequest;
  /** What the answer needs. */
  readonly wants: "events" | "view";
}

export type Started =
  | { readonly id: string; readonly created: boolean; readonly body: ReadableStream<Uint8Array> }
  | { readonly id: string; readonly created: boolean; readonly view: RunView };

/** `running` covers waiting too: `resumes_at` says until when. */
export type RunStatus = "running" | DoneStatus;

/** A run as its caller sees it (`GET /runs/:id`); it holds no secret. Times are ISO 8601, UTC. */
export interface RunView {
  readonly id: string;
  readonly status: RunStatus;
  /** The sentence of the last `done`, or of what happens now. */
  readonly message: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly prompt: string;
  readonly mode: RunMode;
  readonly agent: AgentName;
  readonly created_at: string;
  readonly finished_at: string | null;
  /** When the run and its log are deleted; null while it runs. */
  readonly expires_at: string | null;
  /** Set while the run waits for a rate limit to pass. */
  readonly resumes_at: string | null;
  /** How often the run was started: 1, and one more for each interruption it survived. */
  readonly attempts: number;
  /** `seq` of the newest event. */
  readonly last_event_id: number;
  readonly branch: string | null;
  readonly commit: string | null;
  readonly pr_url: string | null;
  readonly changes: DoneEvent["changes"];
  readonly usage: DoneEvent["usage"];
  /** The run this one goes on from. */
  readonly continues: string | null;
}

/** A line of `GET /runs`. */
export type RunSummary = Pick<
  RunView,
  "id" | "status" | "repository" | "prompt" | "created_at" | "finished_at" | "pr_url"
>;

export interface RunPage {
  /** Newest first. */
  readonly runs: readonly RunSummary[];
  /** Give it as `cursor` for the runs before these; null on the last page. */
  readonly next_cursor: string | null;
}

/**
 * What is asked about a run that does not exist, or is somebody else's, is answered `undefined`:
 * nobody can tell which. A run past its retention is `run_expired`, to its own caller only.
 */
export interface RunHost {
  /**
   * Admits and starts a run, whatever becomes of the connection. Throws `idempotency_key_reused`,
   * `too_many_runs`, and what `prepare` throws.
   */
  start(input: StartInput): Promise<Started>;
  view(id: string, caller: string): Promise<RunView | undefined>;
  /**
   * The events behind `after` as Server-Sent Events, live until `done`. `ended` when there are none
   * and will be none. Throws `invalid_request` when `after` is beyond the last event.
   */
  events(
    id: string,
    caller: string,
    after: number,
  ): Promise<{ readonly body: ReadableStream<Uint8Array> } | { readonly ended: true } | undefined>;
  /** The change as a patch; empty when nothing changed. Throws `run_in_progress` before it is known. */
  patch(id: string, caller: string): Promise<string | undefined>;
  /** Ends the run as cancelled unless it has ended already; answers once the log says so. */
  cancel(id: string, caller: string): Promise<RunView | undefined>;
  /**
   * The request of a finished run whose branch another run may go on with, `continues` filled in.
   * Throws `run_in_progress`, or `run_without_branch` when there is nothing to go on with.
   */
  continuation(id: string, caller: string): Promise<RunRequest | undefined>;
  list(
    caller: string,
    page: { readonly limit: number; readonly cursor: string | undefined },
  ): Promise<RunPage>;
  readConfig(): Promise<RuntimeConfig>;
  /** Keeps the change durably and answers what is configured then. */
  changeConfig(change: RuntimeConfigChange): Promise<RuntimeConfig>;
}
