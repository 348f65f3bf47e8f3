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
 * Opens, or makes, `runs.sqlite` in a folder; only this user may read it, and only this process may use it.
 * What is deleted is overwritten.
 *
 * @throws ServiceError `internal` while another process has it open, and what the file system throws.
 */
export function openSqlite(folder: string): SqliteFile {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "runs.sqlite");
  const database = new DatabaseSync(path);
  chmodSync(path, 0o600);
  // Two processes would drive the same runs. The system lets go of the lock when its process ends, however it ends.
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  try {
    database.exec("PRAGMA journal_mode = WAL");
  } catch (error) {
    database.close();
    if (!(error instanceof Error) || !error.message.includes("database is locked")) throw error;
    throw new ServiceError(
      "internal",
      `"${path}" is in use by another process. End that one, or choose another folder with DATA_DIR.`,
    );
  }
  // A checkpoint stands before each effect outside, also when the power goes.
  database.exec("PRAGMA synchronous = FULL");
  database.exec("PRAGMA secure_delete = ON");
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
