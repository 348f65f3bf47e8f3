/** Node's (and Deno's) SQLite as the Sql port. */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Sql, SqlRow } from "../host/sql.ts";

export interface SqliteFile extends Sql {
  close(): void;
}

/**
 * Opens, or makes, `runs.sqlite` in a folder; only this user may read it. What is deleted is overwritten.
 * Throws what the file system does.
 */
export function openSqlite(folder: string): SqliteFile {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, "runs.sqlite");
  const database = new DatabaseSync(path);
  chmodSync(path, 0o600);
  database.exec("PRAGMA journal_mode = WAL");
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
    close: () => database.close(),
  };
}
