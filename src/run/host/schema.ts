/** The tables of a run: the same in a Durable Object, which holds one run, and in a process, which holds them all. */
import { type Sql, text } from "./sql.ts";

/**
 * `runs.state` is `running`, one of DONE_STATUSES, or `expired`. Times are milliseconds since the epoch.
 * Long values are split over rows by `part`. `edits.path` is JSON, because names that are not UTF-8
 * have lone surrogates; an edit without mode is a deletion. `entries.entry` counts from 1.
 */
const TABLES = [
  `CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, caller TEXT NOT NULL, request TEXT NOT NULL, credentials TEXT NOT NULL,
    state TEXT NOT NULL, created_at INTEGER NOT NULL, finished_at INTEGER, expires_at INTEGER,
    resumes_at INTEGER, wake_at INTEGER, attempts INTEGER NOT NULL, attempted_at INTEGER NOT NULL,
    stalls INTEGER NOT NULL,
    active_ms INTEGER NOT NULL, suspended_ms INTEGER NOT NULL, cancelled INTEGER NOT NULL,
    announced INTEGER NOT NULL, told INTEGER NOT NULL, last_seq INTEGER NOT NULL, checkpoint_seq INTEGER NOT NULL
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS events (
    run_id TEXT NOT NULL, seq INTEGER NOT NULL, part INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (run_id, seq, part)
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS documents (
    run_id TEXT NOT NULL, kind TEXT NOT NULL, part INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (run_id, kind, part)
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS edits (
    run_id TEXT NOT NULL, path TEXT NOT NULL, part INTEGER NOT NULL, mode TEXT, oid TEXT, bytes BLOB,
    PRIMARY KEY (run_id, path, part)
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS entries (
    run_id TEXT NOT NULL, entry INTEGER NOT NULL, part INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (run_id, entry, part)
  ) WITHOUT ROWID`,
];

export function createRunTables(sql: Sql): void {
  for (const statement of TABLES) sql.rows(statement);
}

export function hasRunTables(sql: Sql): boolean {
  return sql.rows("SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'runs'").length > 0;
}

/** The id of the run in a store that holds one; undefined in an empty store. */
export function storedRunId(sql: Sql): string | undefined {
  const [row] = hasRunTables(sql) ? sql.rows("SELECT id FROM runs LIMIT 1") : [];
  return row === undefined ? undefined : text(row, "id");
}
