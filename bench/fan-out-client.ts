/** The readers' side, a process of its own: opens streams, counts their events, says when all have them. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startGate } from "../test/support/gate.ts";
import type { Answer, Call, Counted } from "./fan-out-process.ts";
import { createFrameCounter } from "./frame-counter.ts";

/** What one reader asks for; the path may change when it has to come back. */
export interface Wish {
  readonly port: number;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string;
}

const gate = await startGate();
/** Connections made at a time; a listening socket's queue is short. */
const CONNECTING = 100;
const POLL_MS = 2;
const DEADLINE_MS = 120_000;

interface Reader {
  frames(): number;
  resumed(): number;
  end(): void;
}

let readers: readonly Reader[] = [];

process.on("message", (message) => {
  void answer(message as Call).then((reply) => process.send?.(reply));
});

async function answer(call: Call): Promise<Answer> {
  try {
    return { value: await carryOut(call) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function carryOut(call: Call): Promise<unknown> {
  switch (call.call) {
    case "gate":
      return gate.url;
    case "open":
      return await open(call.wish, call.readers);
    case "count":
      return await countAll(call.events, call.atGate);
    case "close":
      for (const reader of readers) reader.end();
      readers = [];
      gate.shut();
      return undefined;
    case "first":
      return await firstEvent(call.wish);
    case "end":
      gate.close();
      return undefined;
  }
}

/** Streams that have brought their first event, and stand at the gate. */
async function open(wish: Wish, amount: number): Promise<void> {
  const opened: Reader[] = [];
  readers = opened;
  while (opened.length < amount) {
    const next = Math.min(CONNECTING, amount - opened.length);
    opened.push(...(await Promise.all(Array.from({ length: next }, () => openOne(wish)))));
    await until(() => opened.every((reader) => reader.frames() >= 1));
  }
}

/** From the moment the gate has opened to the moment the last reader has its last event. */
async function countAll(events: number, atGate: number): Promise<Counted> {
  await until(() => gate.waiting >= atGate);
  gate.open();
  const began = performance.now();
  await until(() => readers.every((reader) => reader.frames() >= events));
  const ms = performance.now() - began;
  const frames = readers.reduce((sum, reader) => sum + reader.frames(), 0);
  if (frames !== events * readers.length) throw new Error(`${frames} events came, not ${events} for each`);
  return { ms, frames, resumed: readers.reduce((sum, reader) => sum + reader.resumed(), 0) };
}

/** A reader that is cut off for being slow comes back for the rest, as a browser would. */
async function openOne(wish: Wish): Promise<Reader> {
  const counter = createFrameCounter();
  let resumed = 0;
  let ended = false;
  let socket = await openSocket(wish);
  const listen = (): void => {
    socket.on("data", (bytes: Buffer) => {
      counter.take(bytes);
      // The empty chunk that ends a chunked body.
      if (bytes.subarray(-5).equals(LAST_CHUNK)) socket.end();
    });
    socket.once("close", () => {
      if (ended || wish.method === "POST") return;
      void openSocket({ ...wish, path: `${wish.path}?after=${counter.count}` }).then((again) => {
        resumed += 1;
        socket = again;
        listen();
      });
    });
  };
  listen();
  return {
    frames: () => counter.count,
    resumed: () => resumed,
    end: () => {
      ended = true;
      socket.destroy();
    },
  };
}

const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/** Milliseconds from the request's last byte to the first event's first. */
async function firstEvent(wish: Wish): Promise<number> {
  const counter = createFrameCounter();
  const socket = await openSocket(wish);
  const began = performance.now();
  for await (const bytes of socket) {
    counter.take(bytes as Buffer);
    if (counter.count > 0) break;
  }
  const ms = performance.now() - began;
  socket.destroy();
  if (counter.count === 0) throw new Error("the stream had no event");
  return ms;
}

async function openSocket({ port, method, path, body }: Wish): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => socket.destroy());
  await once(socket, "connect");
  socket.setNoDelay(true);
  const length =
    body === undefined
      ? ""
      : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  socket.write(`${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${length}\r\n${body ?? ""}`);
  return socket;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadline) {
      const frames = readers.map((reader) => reader.frames());
      throw new Error(`nothing more came: between ${Math.min(...frames)} and ${Math.max(...frames)} events`);
    }
    await sleep(POLL_MS);
  }
}
