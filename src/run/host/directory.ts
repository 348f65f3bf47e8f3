/** Knows all runs there are: who may start another, which key stands for which run, and what is configured. */
import type { RunPage, RunSummary } from "../host.ts";
import { changeRuntimeConfig, type RuntimeConfig, type RuntimeConfigChange } from "../runtime-config.ts";
import { type Place, writeCursor } from "./cursor.ts";
import type { Ended } from "./hosted-run.ts";
import { number, numberOrNull, type Sql, type SqlRow, text, textOrNull } from "./sql.ts";

export interface Idempotency {
  readonly key: string;
  readonly fingerprint: string;
}

export interface Admission {
  readonly caller: string;
  readonly idempotency?: Idempotency | undefined;
  readonly repository: string;
  /** Shown in lists; bounded and redacted. */
  readonly prompt: string;
  /** Set when the run adds to a branch: its repository and name, which no two runs may do at once. */
  readonly branch?: string | undefined;
  /** The configuration the request was completed with. */
  readonly revision: number;
}

export interface Configured {
  readonly revision: number;
  readonly config: RuntimeConfig;
}

export type Admitted =
  | {
      readonly kind: "admitted";
      readonly id: string;
      readonly created: boolean;
      /** Set when the configuration has changed since the revision that was named. */
      readonly configured?: Configured;
    }
  | { readonly kind: "key_reused" }
  | { readonly kind: "branch_busy" }
  | { readonly kind: "full"; readonly scope: "caller" | "service"; readonly most: number };

export interface DirectoryLimits {
  /** Runs at once, of everybody and of one caller, unless configured otherwise. */
  readonly maxRuns: number;
  readonly maxRunsPerCaller: number;
  /** How long a run is listed after its end, in milliseconds. */
  readonly retentionMs: number;
}

export interface Directory {
  /** Decides in one transaction, so that fifty posts with one key get one run. */
  admit(admission: Admission): Admitted;
  /** The run a key stands for, when there is one. */
  known(caller: string, idempotency: Idempotency): Admitted | undefined;
  /** Deletes what is known of a run: nothing was started, or it has expired. */
  forget(id: string): void;
  /** The run is there; until this is said, an admission counts for ADMITTED_MS only. */
  started(id: string): void;
  ended(ended: Ended): void;
  list(caller: string, limit: number, before: Place | undefined): RunPage;
  configured(): Configured;
  configure(change: RuntimeConfigChange): Configured;
}

const TABLES = [
  `CREATE TABLE IF NOT EXISTS listed (
    id TEXT PRIMARY KEY, caller TEXT NOT NULL, repository TEXT NOT NULL, prompt TEXT NOT NULL,
    status TEXT NOT NULL, started INTEGER NOT NULL, created_at INTEGER NOT NULL, finished_at INTEGER, pr_url TEXT,
    branch TEXT, idempotency_key TEXT, fingerprint TEXT, forget_at INTEGER NOT NULL
  ) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS listed_by_caller ON listed (caller, created_at DESC, id DESC)`,
  `CREATE UNIQUE INDEX IF NOT EXISTS listed_by_key ON listed (caller, idempotency_key) WHERE idempotency_key IS NOT NULL`,
  `CREATE INDEX IF NOT EXISTS listed_by_end ON listed (forget_at)`,
  `CREATE INDEX IF NOT EXISTS listed_running ON listed (caller) WHERE status = 'running'`,
  `CREATE TABLE IF NOT EXISTS configuration (one INTEGER PRIMARY KEY, revision INTEGER NOT NULL, data TEXT NOT NULL)`,
];

/** A run whose end never became known stops counting after this; no run lasts as long. */
const LEASE_MS = 24 * 3_600_000;
/** How long an admitted run has to start: the process that asked may have died before it could start it. */
const ADMITTED_MS = 15_000;
/** Admitted, and not lost on the way. */
const IS_THERE = "(started = 1 OR created_at > ?)";
/** Old entries deleted with each admission, and with each run that expires. */
const SWEEP = 100;

/** `now` is in milliseconds since the epoch; `newRunId` must be unguessable. */
export function createDirectory(
  sql: Sql,
  limits: DirectoryLimits,
  now: () => number,
  newRunId: () => string,
): Directory {
  for (const statement of TABLES) sql.rows(statement);

  function configured(): Configured {
    const [row] = sql.rows("SELECT revision, data FROM configuration WHERE one = 1");
    if (row === undefined) return { revision: 0, config: {} };
    return { revision: number(row, "revision"), config: JSON.parse(text(row, "data")) };
  }

  function running(where: string, ...values: readonly string[]): number {
    const [row] = sql.rows(
      `SELECT count(*) AS runs FROM listed WHERE status = 'running' AND forget_at > ? AND ${IS_THERE} ${where}`,
      now(),
      now() - ADMITTED_MS,
      ...values,
    );
    return row === undefined ? 0 : number(row, "runs");
  }

  /** Deletes what nobody has told the end of: most entries are deleted by their own run. */
  function sweep(): void {
    sql.rows(
      "DELETE FROM listed WHERE id IN (SELECT id FROM listed WHERE forget_at <= ? LIMIT ?)",
      now(),
      SWEEP,
    );
  }

  function known(caller: string, { key, fingerprint }: Idempotency): Admitted | undefined {
    const [row] = sql.rows(
      "SELECT id, fingerprint FROM listed WHERE caller = ? AND idempotency_key = ? AND forget_at > ?",
      caller,
      key,
      now(),
    );
    if (row === undefined) return undefined;
    return text(row, "fingerprint") === fingerprint
      ? { kind: "admitted", id: text(row, "id"), created: false }
      : { kind: "key_reused" };
  }

  return {
    configured,
    known,

    admit({ caller, idempotency, repository, prompt, branch, revision }) {
      return sql.transaction((): Admitted => {
        sweep();
        if (idempotency !== undefined) {
          // A key lives as long as its run, however many wait to be deleted before it.
          sql.rows(
            "DELETE FROM listed WHERE caller = ? AND idempotency_key = ? AND forget_at <= ?",
            caller,
            idempotency.key,
            now(),
          );
        }
        const current = configured();
        const news = current.revision === revision ? {} : { configured: current };
        const before = idempotency === undefined ? undefined : known(caller, idempotency);
        if (before !== undefined) return { ...before, ...news };
        if (branch !== undefined && running("AND branch = ?", branch) > 0) return { kind: "branch_busy" };
        const most = current.config.max_runs ?? limits.maxRuns;
        if (running("") >= most) return { kind: "full", scope: "service", most };
        const mostOfCaller = current.config.max_runs_per_caller ?? limits.maxRunsPerCaller;
        if (running("AND caller = ?", caller) >= mostOfCaller) {
          return { kind: "full", scope: "caller", most: mostOfCaller };
        }
        const id = newRunId();
        sql.rows(
          "INSERT INTO listed VALUES (?, ?, ?, ?, 'running', 0, ?, NULL, NULL, ?, ?, ?, ?)",
          id,
          caller,
          repository,
          prompt,
          now(),
          branch ?? null,
          idempotency?.key ?? null,
          idempotency?.fingerprint ?? null,
          now() + LEASE_MS,
        );
        return { kind: "admitted", id, created: true, ...news };
      });
    },

    forget(id) {
      sql.rows("DELETE FROM listed WHERE id = ?", id);
      sweep();
    },

    started(id) {
      sql.rows("UPDATE listed SET started = 1 WHERE id = ?", id);
    },

    ended({ id, status, finishedAt, prUrl }) {
      sql.rows(
        "UPDATE listed SET started = 1, status = ?, finished_at = ?, pr_url = ?, forget_at = ? WHERE id = ?",
        status,
        finishedAt,
        prUrl,
        finishedAt + limits.retentionMs,
        id,
      );
    },

    list(caller, limit, before) {
      const rows = sql.rows(
        `SELECT id, status, repository, prompt, created_at, finished_at, pr_url FROM listed
         WHERE caller = ? AND (created_at, id) < (?, ?) AND forget_at > ? AND ${IS_THERE}
         ORDER BY created_at DESC, id DESC LIMIT ?`,
        caller,
        before?.createdAt ?? Number.MAX_SAFE_INTEGER,
        before?.id ?? "",
        now(),
        now() - ADMITTED_MS,
        limit + 1,
      );
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const more = rows.length > limit && last !== undefined;
      return {
        runs: page.map(summary),
        next_cursor: more
          ? writeCursor({ createdAt: number(last, "created_at"), id: text(last, "id") })
          : null,
      };
    },

    configure(change) {
      return sql.transaction(() => {
        const { revision, config } = configured();
        const next = { revision: revision + 1, config: changeRuntimeConfig(config, change) };
        sql.rows(
          "INSERT INTO configuration VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET revision = excluded.revision, data = excluded.data",
          next.revision,
          JSON.stringify(next.config),
        );
        return next;
      });
    },
  };
}

function summary(row: SqlRow): RunSummary {
  const finishedAt = numberOrNull(row, "finished_at");
  return {
    id: text(row, "id"),
    status: text(row, "status") as RunSummary["status"],
    repository: text(row, "repository"),
    prompt: text(row, "prompt"),
    created_at: new Date(number(row, "created_at")).toISOString(),
    finished_at: finishedAt === null ? null : new Date(finishedAt).toISOString(),
    pr_url: textOrNull(row, "pr_url"),
  };
}
