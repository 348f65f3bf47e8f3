/** Serves one run's log to any number of readers, none of which can slow the run or one another. */
import { concat } from "../../workspace/bytes.ts";
import type { StoredEvent } from "./run-log.ts";

/** How events are put on the wire; the HTTP layer knows (see http/sse.ts). */
export interface Frames {
  readonly opening: Uint8Array;
  readonly ping: Uint8Array;
  event(event: StoredEvent): Uint8Array;
  /** Tells a reader why its stream ends, and after which event to go on. */
  cutOff(eventsBehind: number, lastSeq: number): Uint8Array;
}

export interface ReadersOptions {
  readonly frames: Frames;
  /** From the store; see RunLog.read. */
  readonly read: (after: number, characters: number) => readonly StoredEvent[];
  /** `seq` of the newest event in the log, and whether it is the last there will be. */
  readonly head: () => { readonly seq: number; readonly last: boolean };
  readonly startTimer: (run: () => void, milliseconds: number) => () => void;
  /** Told when the last reader has gone. */
  readonly onIdle?: () => void;
}

export interface Readers {
  /** The events behind `after`, and those to come, until the last. */
  open(after: number): ReadableStream<Uint8Array>;
  /** An event has been added to the log. */
  added(event: StoredEvent): void;
  readonly count: number;
}

/** Events that may be added while a reader takes nothing, before it is cut off. */
export const MOST_BEHIND = 1000;
/** Readers of one run. */
export const MOST_READERS = 2000;
const PING_MS = 15_000;
/** Pings a reader may miss, which is two minutes, before it counts as gone. */
const MOST_SILENT = 8;
/** About what one read of a reader that catches up gets, in characters. */
const CHUNK = 64 * 1024;
/** Frames kept for readers that are up to date, so that one encoding serves them all. */
const KEPT_FRAMES = 256;
const KEPT_BYTES = 512 * 1024;

interface Reader {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** The last event it was given. */
  at: number;
  /** Set while it wants more than there is. */
  wants: (() => void) | undefined;
  /** Events added since it last took something. */
  missed: number;
  /** Pings it was not there for since it last took something. */
  silent: number;
}

/**
 * A reader pulls from the log at its own pace and holds no queue: what it costs is its connection. One
 * that lets MOST_BEHIND events or two minutes pass without taking any is cut off with a comment, and may
 * come back.
 * Every reader gets a comment each 15 s in which it is not behind, which keeps proxies from closing the stream.
 */
export function createReaders({ frames, read, head, startTimer, onIdle }: ReadersOptions): Readers {
  const readers = new Set<Reader>();
  const behind = new Set<Reader>();
  const kept = createTail();
  let stopPings: (() => void) | undefined;
  let flushing = false;
  let missedSinceFlush = 0;

  function give(reader: Reader): boolean {
    const { seq, last } = head();
    const chunk = reader.at >= seq ? undefined : (kept.after(reader.at) ?? fromLog(reader.at));
    if (chunk === undefined) {
      if (!last) return false;
      leave(reader);
      reader.controller.close();
      return true;
    }
    reader.at = chunk.last;
    reader.missed = 0;
    reader.silent = 0;
    reader.controller.enqueue(chunk.bytes);
    return true;
  }

  function fromLog(after: number): { bytes: Uint8Array; last: number } | undefined {
    const events = read(after, CHUNK);
    const last = events.at(-1);
    return last === undefined ? undefined : { bytes: joined(events.map(frames.event)), last: last.seq };
  }

  function leave(reader: Reader): void {
    readers.delete(reader);
    behind.delete(reader);
    reader.wants = undefined;
    if (readers.size > 0) return;
    stopPings?.();
    stopPings = undefined;
    onIdle?.();
  }

  /** Gives whoever waits what has been added; several events at once, when they come fast. */
  function flush(): void {
    flushing = false;
    const missed = missedSinceFlush;
    missedSinceFlush = 0;
    for (const reader of behind) {
      reader.missed += missed;
      if (reader.missed >= MOST_BEHIND) cutOff(reader);
    }
    for (const reader of readers) {
      if (reader.wants !== undefined && give(reader)) satisfied(reader);
    }
  }

  function satisfied(reader: Reader): void {
    const { wants } = reader;
    reader.wants = undefined;
    if (readers.has(reader)) behind.add(reader);
    wants?.();
  }

  function cutOff(reader: Reader): void {
    leave(reader);
    reader.controller.enqueue(frames.cutOff(reader.missed, reader.at));
    reader.controller.close();
  }

  function ping(): void {
    stopPings = startTimer(ping, PING_MS);
    for (const reader of readers) {
      if (reader.wants !== undefined) {
        reader.controller.enqueue(frames.ping);
        satisfied(reader);
      } else {
        reader.silent += 1;
        if (reader.silent > MOST_SILENT) cutOff(reader);
      }
    }
  }

  return {
    get count() {
      return readers.size;
    },

    open(after) {
      let reader: Reader;
      return new ReadableStream<Uint8Array>(
        {
          start(controller) {
            reader = { controller, at: after, wants: undefined, missed: 0, silent: 0 };
            readers.add(reader);
            stopPings ??= startTimer(ping, PING_MS);
            controller.enqueue(frames.opening);
            behind.add(reader);
          },
          pull() {
            reader.silent = 0;
            if (give(reader)) return undefined;
            behind.delete(reader);
            const { promise, resolve } = Promise.withResolvers<void>();
            reader.wants = resolve;
            return promise;
          },
          cancel: () => leave(reader),
        },
        // Nothing is produced ahead of the reader.
        { highWaterMark: 0 },
      );
    },

    added(event) {
      if (readers.size === 0) {
        kept.clear();
        return;
      }
      kept.add(event.seq, frames.event(event));
      missedSinceFlush += 1;
      if (flushing) return;
      flushing = true;
      startTimer(flush, 0);
    },
  };
}

/** The newest frames, and joins of them, which are the same for everybody who is up to date. */
function createTail() {
  let first = 1;
  let frames: Uint8Array[] = [];
  let bytes = 0;
  let joined: { from: number; last: number; bytes: Uint8Array } | undefined;

  return {
    add(seq: number, frame: Uint8Array): void {
      if (frames.length > 0 && seq !== first + frames.length) this.clear();
      if (frames.length === 0) first = seq;
      frames.push(frame);
      bytes += frame.byteLength;
      while (frames.length > KEPT_FRAMES || (bytes > KEPT_BYTES && frames.length > 1)) {
        bytes -= frames.shift()?.byteLength ?? 0;
        first += 1;
      }
    },
    /** What comes behind `after`; undefined when that is nothing, or no longer here. */
    after(after: number): { bytes: Uint8Array; last: number } | undefined {
      const index = after + 1 - first;
      if (index < 0 || index >= frames.length) return undefined;
      const last = first + frames.length - 1;
      if (index === frames.length - 1) return { bytes: frames[index] ?? new Uint8Array(), last };
      if (joined?.from !== after || joined.last !== last) {
        joined = { from: after, last, bytes: concat(frames.slice(index)) };
      }
      return joined;
    },
    clear(): void {
      frames = [];
      bytes = 0;
      joined = undefined;
    },
  };
}

/** One piece is handed on as it is. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : concat(pieces);
}
