/** Adds events to a run's log, tells its readers, and knows what the log says so far. */
import type { CheckpointMark } from "../checkpoint.ts";
import type { RecordedEvent, RunEvent } from "../events.ts";
import { createReached, type Facts } from "./reached.ts";
import type { RunLog, StoredEvent } from "./run-log.ts";
import type { RunChanges } from "./run-record.ts";

export interface Recorder {
  /** Numbers and stamps the event, stores it with what goes with it, then shows it. */
  add(
    event: RunEvent,
    also: { readonly mark?: CheckpointMark | undefined; readonly changes?: RunChanges },
  ): void;
  /** Every event behind `after`, read in pieces. */
  logged(after: number): Generator<RecordedEvent>;
  message(): string;
  facts(): Facts;
}

export interface RecorderOptions {
  readonly log: RunLog;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onAdded: (event: StoredEvent) => void;
}

/** About what is read of a log at a time, in characters. */
const PIECE = 1024 * 1024;

export function createRecorder({ log, now, onAdded }: RecorderOptions): Recorder {
  const reached = createReached();
  let seen = 0;

  function* logged(after: number): Generator<RecordedEvent> {
    let from = after;
    for (let events = log.read(from, PIECE); events.length > 0; events = log.read(from, PIECE)) {
      for (const { seq, json } of events) {
        from = seq;
        yield JSON.parse(json);
      }
    }
  }

  /** Reads what was logged before this life of the process. */
  function catchUp(): void {
    if (seen === log.record()?.lastSeq) return;
    for (const event of logged(seen)) {
      reached.see(event);
      seen = event.seq;
    }
  }

  return {
    logged,
    add(event, { mark, changes }) {
      catchUp();
      const recorded: RecordedEvent = { seq: seen + 1, time: new Date(now()).toISOString(), ...event };
      const patch = event.type === "done" ? event.patch : undefined;
      const stored = log.append(recorded, { mark, patch, ...(changes === undefined ? {} : { changes }) });
      reached.see(recorded);
      seen = stored.seq;
      onAdded(stored);
    },
    message() {
      catchUp();
      return reached.message();
    },
    facts() {
      catchUp();
      return reached.facts();
    },
  };
}
