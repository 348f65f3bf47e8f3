/** The run host in one process: every run in one SQLite file, woken by timers. */
import { attempt, type RunCell } from "../host/cell.ts";
import { createRunHost, type HostParts, type RemoteDirectory } from "../host/create-host.ts";
import { createDirectory, type DirectoryLimits } from "../host/directory.ts";
import { createHostedRun, type HostedRun, type HostedRunOptions } from "../host/hosted-run.ts";
import { createRunTables } from "../host/schema.ts";
import { number, text } from "../host/sql.ts";
import type { RunHost } from "../host.ts";
import { createAlarms } from "./alarms.ts";
import { openSqlite } from "./sqlite.ts";

export interface ProcessHostOptions
  extends Pick<HostParts, "redact" | "now">,
    Omit<
      HostedRunOptions,
      "id" | "sql" | "setAlarm" | "tellStarted" | "tellEnded" | "tellExpired" | "retentionMs" | "onIdle"
    > {
  /** Where `runs.sqlite` is; see sqlite.ts. */
  readonly folder: string;
  readonly limits: DirectoryLimits;
}

export interface ProcessHost extends RunHost {
  /** Stops waking runs. Those under way go on in the next process. */
  close(): void;
}

/** Goes on with every run that the last process left. */
export function createProcessHost(options: ProcessHostOptions): ProcessHost {
  const sql = openSqlite(options.folder);
  // What the last process deleted before it was killed may still be in the log.
  sql.scrub();
  createRunTables(sql);
  const directory = createDirectory(sql, options.limits, options.now, () => crypto.randomUUID());
  /** Runs that are being driven or read; any other is read from the file again. */
  const live = new Map<string, HostedRun>();

  function hosted(id: string): HostedRun {
    const known = live.get(id);
    if (known !== undefined) return known;
    const run = createHostedRun({
      ...options,
      id,
      sql,
      retentionMs: options.limits.retentionMs,
      setAlarm: (at) => alarms.set(id, at),
      tellStarted: async () => directory.started(id),
      tellEnded: async (ended) => directory.ended(ended),
      tellExpired: async () => directory.forget(id),
      onIdle: () => live.delete(id),
    });
    live.set(id, run);
    return run;
  }

  async function wake(id: string): Promise<void> {
    await hosted(id).wake();
    // A run that has ended has let go of its credentials.
    sql.scrub();
    if (live.get(id)?.busy() === false) live.delete(id);
  }
  const alarms = createAlarms(wake, options.report);

  /** Keeps no run in memory for having been asked about. */
  async function use<T>(id: string, work: (run: HostedRun) => T | Promise<T>) {
    const result = await attempt(() => work(hosted(id)));
    if (live.get(id)?.busy() === false) live.delete(id);
    return result;
  }

  const cell = (id: string): RunCell => ({
    start: (input) => use(id, (run) => run.start(input)),
    stream: (input) =>
      use(id, (run) => {
        run.start(input);
        return run.events(input.caller, 0);
      }),
    view: (caller) => use(id, (run) => run.view(caller)),
    events: (caller, after) => use(id, (run) => run.events(caller, after)),
    patch: (caller) => use(id, (run) => run.patch(caller)),
    cancel: (caller) => use(id, (run) => run.cancel(caller)),
    continuation: (caller) => use(id, (run) => run.continuation(caller)),
  });

  const remote: RemoteDirectory = {
    admit: async (admission) => directory.admit(admission),
    known: async (...key) => directory.known(...key),
    forget: async (id) => directory.forget(id),
    list: async (...page) => directory.list(...page),
    configured: async () => directory.configured(),
    async configure(change) {
      const configured = directory.configure(change);
      sql.scrub();
      return configured;
    },
  };
  const host = createRunHost({
    redact: options.redact,
    now: options.now,
    run: cell,
    directory: () => remote,
  });

  for (const row of sql.rows("SELECT id, wake_at FROM runs WHERE wake_at IS NOT NULL")) {
    alarms.set(text(row, "id"), number(row, "wake_at"));
  }

  return {
    ...host,
    close() {
      alarms.close();
      sql.scrub();
    },
  };
}
