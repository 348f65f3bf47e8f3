/** Node's (and Deno's) SQLite as the Sql port. */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ServiceError } from "../../errors.ts";
import type { Sql, SqlRow } from "../host/sql.ts";

export interface SqliteFile extends Sql {
  /** Takes what was deleted out of the write-ahead log too, which keeps old pages until they are written over. */
  scrub(): void;
  close(): void;
}

/**
 * Opens, or makes, `runs.sqlite` in a folder; only this user may read it. What is deleted is overwritten.
 *
 * @throws ServiceError `internal` that says why it cannot be used, such as that another process uses it.
 */
export function openSqlite(folder: string): SqliteFile {
  const database = open(folder);
  const statements = new Map<string, StatementSync>();

  function prepare(statement: string): StatementSync {
    const known = statements.get(statement);
    if (known !== undefined) return known;
    const prepared = database.prepare(statement);
    statements.set(statement, prepared);
    return prepared;
  }

  return {
    rows: (statement, ...values) => prepare(statement).all(...values) as SqlRow[],
    transaction(work) {
      database.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        database.exec("COMMIT");
        return result;
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
    scrub() {
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    },
    close: () => database.close(),
  };
}

function open(folder: string): DatabaseSync {
  const path = join(folder, "runs.sqlite");
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(path);
    chmodSync(path, 0o600);
    takeForOneself(database);
    // A checkpoint stands before each effect outside, also when the power goes.
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA secure_delete = ON");
    return database;
  } catch (error) {
    database?.close();
    if (!(error instanceof Error)) throw error;
    throw new ServiceError("internal", explain(error.message, folder, path), { cause: error });
  }
}

/** Two processes on one file would both drive its runs. The lock goes with the process, however that ends. */
function takeForOneself(database: DatabaseSync): void {
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("BEGIN EXCLUSIVE; COMMIT");
}

function explain(reason: string, folder: string, path: string): string {
  return reason.includes("database is locked")
    ? `${JSON.stringify(folder)} is in use by another process. Set DATA_DIR to a folder of this one's own.`
    : `Runs cannot be kept in ${JSON.stringify(path)}: ${reason}. Set DATA_DIR to a folder that this user may write to, ` +
        "without a broken runs.sqlite in it.";
}
