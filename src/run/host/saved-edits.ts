/** Keeps the edits of a workspace in rows, each path's as of the last checkpoint. */
import { concat } from "../../workspace/bytes.ts";
import type { SavedEdit } from "../../workspace/overlay.ts";
import { byteParts, type Sql, type SqlRow, text, textOrNull } from "./sql.ts";

export function saveEdits(sql: Sql, runId: string, edits: readonly SavedEdit[]): void {
  for (const { path, file } of edits) {
    const key = JSON.stringify(path);
    sql.rows("DELETE FROM edits WHERE run_id = ? AND path = ?", runId, key);
    if (file === null) continue;
    let part = 0;
    const insert = (mode: string | null, oid: string | null, bytes: Uint8Array | null): void => {
      sql.rows("INSERT INTO edits VALUES (?, ?, ?, ?, ?, ?)", runId, key, part++, mode, oid, bytes);
    };
    if (file === "deleted") insert(null, null, null);
    else if ("oid" in file.content) insert(file.mode, file.content.oid, null);
    else for (const bytes of byteParts(file.content.bytes)) insert(file.mode, null, bytes);
  }
}

export function loadEdits(sql: Sql, runId: string): SavedEdit[] {
  const rows = sql.rows(
    "SELECT path, mode, oid, bytes FROM edits WHERE run_id = ? ORDER BY path, part",
    runId,
  );
  const byPath = Map.groupBy(rows, (row) => text(row, "path"));
  return Array.from(byPath, ([key, parts]) => ({ path: JSON.parse(key), file: fileOf(parts) }));
}

function fileOf(parts: readonly SqlRow[]): SavedEdit["file"] {
  const [first] = parts;
  const mode = first === undefined ? null : textOrNull(first, "mode");
  if (first === undefined || mode === null) return "deleted";
  const oid = textOrNull(first, "oid");
  return { mode, content: oid === null ? { bytes: joined(parts) } : { oid } };
}

function joined(parts: readonly SqlRow[]): Uint8Array {
  return concat(parts.map(({ bytes }) => (bytes instanceof Uint8Array ? bytes : new Uint8Array())));
}
