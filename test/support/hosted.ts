/** A run in a host that a test holds in its hand: real SQLite, a clock and an alarm that wait for the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRedactor } from "../../src/redact.ts";
import type { CheckpointMark, RunOutput } from "../../src/run/checkpoint.ts";
import type { RunContext } from "../../src/run/deps.ts";
import type { DoneEvent, RecordedEvent, RunEvent } from "../../src/run/events.ts";
import type { RunStart } from "../../src/run/host/cell.ts";
import { createHostedRun, type Ended, type HostedRun } from "../../src/run/host/hosted-run.ts";
import type { Frames } from "../../src/run/host/readers.ts";
import { type ModelKeys, secretsIn } from "../../src/run/host/run-record.ts";
import { createRunTables } from "../../src/run/host/schema.ts";
import { openSqlite, type SqliteFile } from "../../src/run/process/sqlite.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { DONE as NOTHING_DONE } from "./ending.ts";
import { manualTimers } from "./manual-timers.ts";
import { requestFor } from "./runs.ts";

export const CALLER = "caller-of-tests";
export const RETENTION_MS = 1000;

export const REQUEST: RunRequest = requestFor({ url: "https://github.com" }, "octo/cat", {
  prompt: "Say hello",
});

export const DONE: DoneEvent = { ...NOTHING_DONE, status: "succeeded", message: "Done." };

const encoder = new TextEncoder();

/** Frames that are easy to read in an assertion. */
export const FRAMES: Frames = {
  opening: encoder.encode("open\n"),
  ping: encoder.encode("ping\n"),
  event: ({ seq }) => encoder.encode(`${seq}\n`),
  cutOff: (behind, last) => encoder.encode(`cut ${behind} after ${last}\n`),
};

export type Script = (context: RunContext, request: RunRequest, keys: ModelKeys) => AsyncGenerator<RunOutput>;

export interface Hosted {
  readonly timers: ReturnType<typeof manualTimers>;
  readonly told: Ended[];
  readonly announced: string[];
  /** Every run the directory was told to have expired. */
  readonly expired: string[];
  readonly reports: string[];
  /** The newest alarm, in milliseconds since the epoch. */
  alarm(): number | undefined;
  clock: number;
  /** The run, in its present life. */
  run(): HostedRun;
  /** Starts it, and with it the first life. */
  start(more?: Partial<RunStart>): void;
  /** The process is gone; the next `run()` is a new one on the same file. */
  die(): void;
  /** The tables in the file. */
  tables(): string[];
  /** How many rows of a table are in the file. */
  rows(table: string): number;
  /** All rows of all tables, as JSON. */
  dump(): string;
  /** Every event in the file. */
  events(): RecordedEvent[];
  close(): void;
}

export interface HostedOptions {
  readonly secrets?: readonly string[];
  readonly introduction?: readonly RunEvent[];
  readonly tell?: (ended: Ended) => Promise<void>;
  readonly tellExpired?: () => Promise<void>;
}

export function hosted(script: Script, options: HostedOptions = {}): Hosted {
  const folder = mkdtempSync(join(tmpdir(), "hosted-"));
  const sql: SqliteFile = openSqlite(folder);
  createRunTables(sql);
  const timers = manualTimers();
  const told: Ended[] = [];
  const announced: string[] = [];
  const expired: string[] = [];
  const reports: string[] = [];
  let alarm: number | undefined;
  let life: HostedRun | undefined;

  const host: Hosted = {
    timers,
    told,
    announced,
    expired,
    reports,
    clock: Date.UTC(2026, 10, 1),
    alarm: () => alarm,
    die() {
      life = undefined;
    },
    run() {
      life ??= createHostedRun({
        id: "the-run",
        sql,
        frames: FRAMES,
        now: () => host.clock,
        startTimer: timers.startTimer,
        retentionMs: RETENTION_MS,
        setAlarm: (at) => {
          alarm = at;
        },
        tellStarted: async () => {
          announced.push("started");
        },
        tellEnded: async (ended) => {
          await options.tell?.(ended);
          told.push(ended);
        },
        tellExpired: async (id) => {
          await options.tellExpired?.();
          expired.push(id);
        },
        // As a Durable Object does, which stores nothing after this.
        onForgotten: () => {
          for (const name of host.tables()) sql.rows(`DROP TABLE ${name}`);
        },
        report: (error, where) => reports.push(`${where}: ${String(error)}`),
        storyFor: (credentials, keys) => ({
          redactor: createRedactor([...(options.secrets ?? []), ...secretsIn(credentials, keys)]),
          introduction: () => options.introduction ?? [{ type: "info", message: "Hello." }],
          run: (request, context) => script(context, request, keys),
        }),
      });
      return life;
    },
    start(more) {
      host.run().start({ id: "the-run", caller: CALLER, request: REQUEST, credentials: {}, ...more });
    },
    tables: () => sql.rows("SELECT name FROM sqlite_master").map(({ name }) => String(name)),
    dump: () => JSON.stringify(host.tables().map((name) => sql.rows(`SELECT * FROM ${name}`))),
    rows: (table) => sql.rows(`SELECT 1 FROM ${table}`).length,
    events: () =>
      sql
        .rows("SELECT seq, group_concat(data, '') AS data FROM events GROUP BY seq ORDER BY seq")
        .map(({ data }) => JSON.parse(String(data))),
    close() {
      sql.close();
      rmSync(folder, { recursive: true });
    },
  };
  return host;
}

/** Something a run says. */
export const say = (message: string): RunEvent => ({ type: "progress", step: "edit", message });

export function mark(story: unknown, more: Partial<CheckpointMark> = {}): CheckpointMark {
  return { type: "checkpoint", checkpoint: { version: 1, story }, edits: [], ...more };
}

/** What people see of events. */
export const messages = (events: readonly RecordedEvent[]): string[] =>
  events.map(({ seq, message }) => `${seq} ${message}`);

/** Never settles: what a process is in the middle of when it dies. */
export const FOREVER = new Promise<never>(() => {});

/** Lets everything that needs no timer and no test happen. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
