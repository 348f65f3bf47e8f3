/** One run as it is stored: its record, its numbered events, and the checkpoint it would go on from. */
import type { Checkpoint, CheckpointMark, Resume } from "../checkpoint.ts";
import type { RecordedEvent } from "../events.ts";
import { assign, type RunChanges, type RunRecord, readRecord } from "./run-record.ts";
import { loadEdits, saveEdits } from "./saved-edits.ts";
import { appendEntries, loadEntries } from "./saved-entries.ts";
import { createRunTables, hasRunTables } from "./schema.ts";
import { number, type Sql, type SqlRow, text, textParts } from "./sql.ts";

/** An event as it is sent: its number, and its JSON. */
export interface StoredEvent {
  readonly seq: number;
  readonly json: string;
}

export interface RunLog {
  /** Undefined when no such run was ever started here, or its last trace is gone. */
  record(): RunRecord | undefined;
  /** Stores the run with its first events, which count as said for good. */
  create(
    run: Pick<RunRecord, "caller" | "request" | "credentials" | "createdAt">,
    events: readonly RecordedEvent[],
  ): void;
  update(changes: RunChanges): void;
  /** Adds the next event, with what goes with it, in one transaction. */
  append(
    event: RecordedEvent,
    also: {
      readonly mark?: CheckpointMark | undefined;
      /** Kept unless a mark has brought the patch already. */
      readonly patch?: string | undefined;
      readonly changes?: RunChanges;
    },
  ): StoredEvent;
  /** A checkpoint as of an event that is in the log already. */
  save(mark: CheckpointMark, seq: number): void;
  /** Events behind `after`, in order, up to about `characters` of them (at least one, when there is one). */
  read(after: number, characters: number): readonly StoredEvent[];
  /** Undefined before the first checkpoint. */
  resume(): Resume | undefined;
  checkpoint(): Checkpoint | undefined;
  /** Undefined until it is known that there is one. */
  patch(): string | undefined;
  /** Forgets what only a running run needs. */
  tidy(): void;
  /** Deletes everything but the record, and in it the request, which has the prompt. */
  expire(): void;
  /** Deletes the last trace. */
  forget(): void;
}

const EVENTS_IN_A_READ = 1000;
const PAGE_ROWS = 64;

export function createRunLog(sql: Sql, runId: string): RunLog {
  let tables = false;
  // The record is read far more often than it changes, and nobody else writes it.
  let cached: RunRecord | undefined;

  function record(): RunRecord | undefined {
    if (cached !== undefined) return cached;
    if (!tables) {
      if (!hasRunTables(sql)) return undefined;
      // A version before this one may have made fewer.
      createRunTables(sql);
      tables = true;
    }
    const [row] = sql.rows("SELECT * FROM runs WHERE id = ?", runId);
    cached = row === undefined ? undefined : readRecord(row);
    return cached;
  }

  function update(changes: RunChanges): void {
    const assignments = assign(changes);
    if (assignments === undefined) return;
    sql.rows(`UPDATE runs SET ${assignments.set} WHERE id = ?`, ...assignments.values, runId);
    cached = cached === undefined ? undefined : { ...cached, ...changes };
  }

  /** A transaction that fails must not leave its changes in the cache. */
  function transaction<T>(work: () => T): T {
    try {
      return sql.transaction(work);
    } catch (error) {
      cached = undefined;
      throw error;
    }
  }

  function insert(seq: number, json: string): void {
    let part = 0;
    for (const piece of textParts(json))
      sql.rows("INSERT INTO events VALUES (?, ?, ?, ?)", runId, seq, part++, piece);
  }

  function putDocument(kind: "checkpoint" | "patch", data: string): void {
    sql.rows("DELETE FROM documents WHERE run_id = ? AND kind = ?", runId, kind);
    let part = 0;
    for (const piece of textParts(data))
      sql.rows("INSERT INTO documents VALUES (?, ?, ?, ?)", runId, kind, part++, piece);
  }

  function document(kind: "checkpoint" | "patch"): string | undefined {
    if (record() === undefined) return undefined;
    const rows = sql.rows(
      "SELECT data FROM documents WHERE run_id = ? AND kind = ? ORDER BY part",
      runId,
      kind,
    );
    return rows.length === 0 ? undefined : rows.map((row) => text(row, "data")).join("");
  }

  function put({ checkpoint, edits, append = [], patch }: CheckpointMark, seq: number): void {
    putDocument("checkpoint", JSON.stringify(checkpoint));
    saveEdits(sql, runId, edits);
    appendEntries(sql, runId, append);
    // JSON keeps file names and contents that are not Unicode.
    if (patch !== undefined) putDocument("patch", JSON.stringify(patch));
    update({ checkpointSeq: seq });
  }

  function checkpoint(): Checkpoint | undefined {
    const json = document("checkpoint");
    return json === undefined ? undefined : JSON.parse(json);
  }

  function clear(...names: readonly string[]): void {
    for (const name of names) sql.rows(`DELETE FROM ${name} WHERE run_id = ?`, runId);
  }

  return {
    record,
    update,
    create({ caller, request, credentials, createdAt }, events) {
      transaction(() => {
        createRunTables(sql);
        sql.rows(
          `INSERT INTO runs VALUES (?, ?, ?, ?, 'running', ?, NULL, NULL, NULL, ?, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?)`,
          runId,
          caller,
          JSON.stringify(request),
          JSON.stringify(credentials),
          createdAt,
          // Due at once: a process that dies before it sets an alarm leaves a run the next one wakes.
          createdAt,
          events.length,
          events.length,
        );
        for (const event of events) insert(event.seq, JSON.stringify(event));
      });
    },
    append(event, { mark, patch, changes }) {
      const { seq } = event;
      const json = JSON.stringify(event);
      transaction(() => {
        insert(seq, json);
        if (mark !== undefined) put(mark, seq);
        if (patch !== undefined && document("patch") === undefined)
          putDocument("patch", JSON.stringify(patch));
        update({ ...changes, lastSeq: seq });
      });
      return { seq, json };
    },
    save(mark, seq) {
      transaction(() => put(mark, seq));
    },
    read(after, characters) {
      const events: StoredEvent[] = [];
      if (record() === undefined) return events;
      let size = 0;
      for (let next = after + 1; events.length < EVENTS_IN_A_READ && size < characters; ) {
        const rows = sql.rows(
          "SELECT seq, part, data FROM events WHERE run_id = ? AND seq >= ? ORDER BY seq, part LIMIT ?",
          runId,
          next,
          PAGE_ROWS,
        );
        const complete = rows.length < PAGE_ROWS ? rows : withoutLastSeq(rows);
        const whole = complete.length > 0 ? complete : rowsOf(rows[0]);
        if (whole.length === 0) break;
        for (const row of whole) {
          const seq = number(row, "seq");
          const data = text(row, "data");
          const last = events.at(-1);
          if (last?.seq === seq) events[events.length - 1] = { seq, json: last.json + data };
          else events.push({ seq, json: data });
          size += data.length;
          next = seq + 1;
        }
        if (rows.length < PAGE_ROWS) break;
      }
      return events;
    },
    resume() {
      const from = checkpoint();
      if (from === undefined) return undefined;
      return { checkpoint: from, edits: loadEdits(sql, runId), entries: loadEntries(sql, runId) };
    },
    checkpoint,
    patch() {
      const json = document("patch");
      return json === undefined ? undefined : JSON.parse(json);
    },
    tidy() {
      const from = checkpoint();
      transaction(() => {
        clear("edits", "entries");
        // The branch to go on with is all that is still of use.
        if (from !== undefined) putDocument("checkpoint", JSON.stringify({ ...from, story: null }));
        update({ credentials: {} });
      });
    },
    expire() {
      transaction(() => {
        clear("events", "documents", "edits", "entries");
        sql.rows("UPDATE runs SET request = '{}' WHERE id = ?", runId);
        update({ state: "expired", credentials: {}, told: false });
      });
      cached = undefined;
    },
    forget() {
      transaction(() => {
        clear("events", "documents", "edits", "entries");
        sql.rows("DELETE FROM runs WHERE id = ?", runId);
      });
      cached = undefined;
      // The host may delete the tables too.
      tables = false;
    },
  };

  /** Every part of one event, which may have more parts than a page has rows. */
  function rowsOf(row: SqlRow | undefined): readonly SqlRow[] {
    if (row === undefined) return [];
    return sql.rows(
      "SELECT seq, part, data FROM events WHERE run_id = ? AND seq = ? ORDER BY part",
      runId,
      number(row, "seq"),
    );
  }
}

/** The last event of a full page may have parts on the next one. */
function withoutLastSeq(rows: readonly SqlRow[]): readonly SqlRow[] {
  const last = rows.at(-1);
  return last === undefined ? rows : rows.filter((row) => row["seq"] !== last["seq"]);
}
