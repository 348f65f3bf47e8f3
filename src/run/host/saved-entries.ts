/** Keeps what a run's checkpoints append: values in the order they came, none of them written twice. */
import { number, type Sql, text, textParts } from "./sql.ts";

/** Adds JSON values behind those that are there. Belongs into the transaction of the checkpoint they came with. */
export function appendEntries(sql: Sql, runId: string, entries: readonly unknown[]): void {
  if (entries.length === 0) return;
  let entry = last(sql, runId);
  for (const value of entries) {
    entry += 1;
    let part = 0;
    for (const piece of textParts(JSON.stringify(value)))
      sql.rows("INSERT INTO entries VALUES (?, ?, ?, ?)", runId, entry, part++, piece);
  }
}

/** All values, in order. */
export function loadEntries(sql: Sql, runId: string): unknown[] {
  const rows = sql.rows("SELECT entry, data FROM entries WHERE run_id = ? ORDER BY entry, part", runId);
  const byEntry = Map.groupBy(rows, (row) => number(row, "entry"));
  return Array.from(byEntry.values(), (parts) => JSON.parse(parts.map((row) => text(row, "data")).join("")));
}

function last(sql: Sql, runId: string): number {
  const [row] = sql.rows("SELECT coalesce(max(entry), 0) AS last FROM entries WHERE run_id = ?", runId);
  return row === undefined ? 0 : number(row, "last");
}
