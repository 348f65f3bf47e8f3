/** Readers of one run: the same bytes for all, each at its own pace, and none in the way of another. */
import { expect, test } from "vitest";
import { createReaders, MOST_BEHIND, MOST_READERS } from "../../../src/run/host/readers.ts";
import type { StoredEvent } from "../../../src/run/host/run-log.ts";
import { CALLER, DONE, FRAMES, hosted } from "../../support/hosted.ts";
import { manualTimers } from "../../support/manual-timers.ts";

const PING_MS = 15_000;

interface Reader {
  /** The next piece as text; null when the stream has ended. */
  next(): Promise<string | null>;
  /** The next piece as it came. */
  piece(): Promise<Uint8Array | undefined>;
  /** Everything to the end, joined. */
  rest(): Promise<string>;
  leave(): Promise<void>;
}

function readerOf(stream: ReadableStream<Uint8Array>): Reader {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  const piece = async () => (await reader.read()).value;
  const next = async () => {
    const value = await piece();
    return value === undefined ? null : decoder.decode(value);
  };
  return {
    piece,
    next,
    rest: async () => {
      let all = "";
      for (let text = await next(); text !== null; text = await next()) all += text;
      return all;
    },
    leave: () => reader.cancel(),
  };
}

/** A log that a test adds to, and its readers. */
function feed() {
  const timers = manualTimers();
  const log: StoredEvent[] = [];
  const counts = { encoded: 0, reads: 0, idle: 0 };
  let last = false;
  const readers = createReaders({
    frames: {
      ...FRAMES,
      event: (event) => {
        counts.encoded += 1;
        return FRAMES.event(event);
      },
    },
    read: (after, characters) => {
      counts.reads += 1;
      let size = 0;
      return log.slice(after).filter(({ json }) => {
        size += json.length;
        return size - json.length < characters;
      });
    },
    head: () => ({ seq: log.length, last }),
    startTimer: timers.startTimer,
    onIdle: () => {
      counts.idle += 1;
    },
  });
  return {
    timers,
    readers,
    counts,
    open: (after = 0) => readerOf(readers.open(after)),
    /** Adds events without giving readers a moment between them. */
    say: (count: number, json = "{}") => {
      for (let i = 0; i < count; i += 1) {
        const event = { seq: log.length + 1, json };
        log.push(event);
        readers.added(event);
      }
    },
    /** Lets the readers that wait have what was added. */
    flush: () => timers.fire(0),
    ping: () => timers.fire(PING_MS),
    /** What was added was the last there will be. */
    finish: () => {
      last = true;
    },
  };
}

const frames = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, i) => `${from + i}\n`).join("");

test("readers that come at any time get the same bytes from where they begin", async () => {
  const { open, say, flush, finish } = feed();
  const early = open();
  expect(await early.next()).toBe("open\n");
  say(3);
  const [middle, resumed] = [open(), open(2)];
  const heard = early.next();
  flush();
  expect(await heard).toBe(frames(1, 3));
  say(2);
  const late = open(5);
  say(1);
  finish();
  flush();
  expect(await early.rest()).toBe(frames(4, 6));
  expect(await middle.rest()).toBe(`open\n${frames(1, 6)}`);
  expect(await resumed.rest()).toBe(`open\n${frames(3, 6)}`);
  expect(await late.rest()).toBe("open\n6\n");
  expect(await open(1).rest()).toBe(`open\n${frames(2, 6)}`);
});

test("events that come fast go out together, encoded once for everybody who is up to date", async () => {
  const { open, say, flush, counts, timers } = feed();
  const all = Array.from({ length: 50 }, () => open());
  for (const reader of all) await reader.next();
  for (const [round, count] of [1, 7].entries()) {
    const waiting = all.map((reader) => reader.piece());
    say(count);
    expect(timers.running().filter((milliseconds) => milliseconds === 0)).toHaveLength(1);
    flush();
    const pieces = await Promise.all(waiting);
    expect(new Set(pieces).size).toBe(1);
    expect(new TextDecoder().decode(pieces[0])).toBe(round === 0 ? "1\n" : frames(2, 8));
  }
  expect(counts).toMatchObject({ encoded: 8, reads: 0 });
});

test("a reader that is far behind is served from the log, in pieces", async () => {
  const { open, say, finish, counts } = feed();
  const first = open();
  say(4, "x".repeat(40_000));
  say(300);
  finish();
  expect(await first.next()).toBe("open\n");
  expect(await first.next()).toBe(frames(1, 2));
  expect(await first.rest()).toBe(frames(3, 304));
  expect(counts.reads).toBeGreaterThan(1);
});

test("a reader that takes nothing is cut off with a comment when it is too far behind, and may come back", async () => {
  const { open, say, flush, finish, readers } = feed();
  const [stalled, other] = [open(), open()];
  for (const reader of [stalled, other]) await reader.next();
  const beginning = stalled.next();
  say(1);
  flush();
  expect(await beginning).toBe("1\n");
  expect(await other.next()).toBe("1\n");

  let heard = "";
  for (let said = 0; said < MOST_BEHIND; said += 100) {
    expect(readers.count).toBe(2);
    const next = other.next();
    say(100);
    flush();
    heard += await next;
  }
  // The others have every event as it comes, whatever becomes of this one.
  expect(heard).toBe(frames(2, MOST_BEHIND + 1));
  expect(readers.count).toBe(1);
  expect(await stalled.next()).toBe(`cut ${MOST_BEHIND} after 1\n`);
  expect(await stalled.next()).toBeNull();
  finish();
  expect(await open(1).rest()).toBe(`open\n${frames(2, MOST_BEHIND + 1)}`);
});

test("a reader that takes something now and then is not cut off", async () => {
  const { open, say, flush, readers } = feed();
  const slow = open();
  await slow.next();
  let heard = 0;
  for (let round = 0; round < 5; round += 1) {
    say(MOST_BEHIND - 1);
    flush();
    const piece = await slow.next();
    heard += piece?.trimEnd().split("\n").length ?? 0;
    expect(readers.count).toBe(1);
  }
  expect(heard).toBe(5 * (MOST_BEHIND - 1));
});

test("a reader that takes nothing for two minutes is cut off, though nothing happens", async () => {
  const { open, ping, readers } = feed();
  const silent = open();
  for (let seconds = 15; seconds <= 120; seconds += 15) ping();
  expect(readers.count).toBe(1);
  ping();
  expect(readers.count).toBe(0);
  expect(await silent.rest()).toBe("open\ncut 0 after 0\n");
});

test("every 15 s those who wait are sent a comment, and nobody else", async () => {
  const { open, say, ping, finish } = feed();
  const [waiting, busy] = [open(), open()];
  await waiting.next();
  for (let i = 0; i < 3; i += 1) {
    const heard = waiting.next();
    ping();
    expect(await heard).toBe("ping\n");
  }
  say(1);
  finish();
  expect(await busy.rest()).toBe("open\n1\n");
});

test("streams end after the last event, and with the last reader everything stops", async () => {
  const { open, say, flush, finish, timers, counts } = feed();
  const [a, b] = [open(), open()];
  const [restOfA, restOfB] = [a.rest(), b.rest()];
  say(1);
  finish();
  flush();
  expect([await restOfA, await restOfB]).toEqual(["open\n1\n", "open\n1\n"]);
  expect(await open(1).rest()).toBe("open\n");
  expect(timers.running()).toEqual([]);
  expect(counts.idle).toBe(2);
});

test("a reader that leaves is gone at once, waiting or not", async () => {
  const { open, say, flush, readers, timers } = feed();
  const [waiting, idle, other] = [open(), open(), open()];
  for (const reader of [waiting, idle, other]) await reader.next();
  const cut = waiting.next();
  const heard = other.next();
  await waiting.leave();
  await idle.leave();
  expect(await cut).toBeNull();
  expect(readers.count).toBe(1);
  say(1);
  flush();
  expect(await heard).toBe("1\n");
  await other.leave();
  expect(timers.running()).toEqual([]);
});

test("a run has so many readers and no more, until one leaves", async () => {
  const gate = Promise.withResolvers<void>();
  const host = hosted(async function* () {
    await gate.promise;
    yield DONE;
  });
  try {
    host.start();
    const run = host.run();
    const open = () => {
      const stream = run.events(CALLER, 0);
      if (stream === undefined || "ended" in stream) throw new Error("no stream");
      return readerOf(stream.body);
    };
    const all = Array.from({ length: MOST_READERS }, open);
    expect(open).toThrow(
      expect.objectContaining({ code: "too_many_requests", retryAt: host.clock + 15_000 }),
    );
    await all[0]?.leave();
    all[0] = open();
    const woken = run.wake();
    gate.resolve();
    await woken;
    host.timers.fire(0);
    const heard = await Promise.all(all.map((reader) => reader.rest()));
    expect(new Set(heard)).toEqual(new Set(["open\n1\n2\n"]));
  } finally {
    host.close();
  }
});
