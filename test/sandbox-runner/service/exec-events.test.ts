import { describe, expect, test } from "vitest";
import type { CommandEnd, OutputChunk } from "../../../sandbox-runner/src/backend.ts";
import { RunnerError } from "../../../sandbox-runner/src/errors.ts";
import { type ExecOptions, execEvents } from "../../../sandbox-runner/src/exec-events.ts";
import type { ExecEvent } from "../../../src/sandbox/wire.ts";
import { collect } from "../../support/collect.ts";
import { end } from "./started.ts";

const EXITED: CommandEnd = { ending: "exited", exitCode: 0, signal: null };
const OPTIONS: ExecOptions = {
  outputBytes: 1_000_000,
  heartbeatMs: 60_000,
  refusedHosts: () => [],
  isLost: () => false,
};

/** A command that writes these; bytes as they are, texts as UTF-8. `>` before a text sends it to stderr. */
async function* writing(...chunks: (string | Uint8Array)[]): AsyncGenerator<OutputChunk, CommandEnd> {
  for (const chunk of chunks) {
    const stream = typeof chunk === "string" && chunk.startsWith(">") ? "stderr" : "stdout";
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk.replace(/^>/, "")) : chunk;
    yield { stream, bytes };
  }
  return EXITED;
}

const events = (command: AsyncGenerator<OutputChunk, CommandEnd>, more: Partial<ExecOptions> = {}) =>
  collect(execEvents(command, { ...OPTIONS, ...more }));

const out = (data: string): ExecEvent => ({ type: "output", stream: "stdout", data });
const err = (data: string): ExecEvent => ({ type: "output", stream: "stderr", data });

describe("a command's events", () => {
  test("keep characters whole, whatever the chunks", async () => {
    const bytes = new TextEncoder().encode("ä€😀\ufeff");
    expect(await events(writing(...Array.from(bytes, (byte) => Uint8Array.of(byte))))).toEqual([
      ...["ä", "€", "😀", "\ufeff"].map(out),
      end(),
    ]);
  });

  test("keep the streams apart, also in the middle of characters", async () => {
    const [first = 0, second = 0] = new TextEncoder().encode("ä");
    expect(await events(writing("a", Uint8Array.of(first), ">b", Uint8Array.of(second)))).toEqual([
      out("a"),
      err("b"),
      out("ä"),
      end(),
    ]);
  });

  test("replace bytes that are no UTF-8, also at the end", async () => {
    expect(await events(writing(Uint8Array.of(0x61, 0xff), Uint8Array.of(0xe2, 0x82)))).toEqual([
      out("a\ufffd"),
      out("\ufffd"),
      end(),
    ]);
  });

  test("are cut at the limit of both streams together, before a character that does not fit", async () => {
    expect(await events(writing("1234", ">5678", "ää", ">more"), { outputBytes: 9 })).toEqual([
      out("1234"),
      err("5678"),
      end({ truncated: true }),
    ]);
    expect(await events(writing("1234"), { outputBytes: 4 })).toEqual([out("1234"), end()]);
  });

  test("end a command that writes 64 times the limit, and wait until it has ended", async () => {
    let written = 0;
    let ended = false;
    async function* endless(): AsyncGenerator<OutputChunk, CommandEnd> {
      try {
        for (; ; written += 10) yield { stream: "stdout", bytes: new Uint8Array(10).fill(0x78) };
      } finally {
        await Promise.resolve();
        ended = true;
      }
    }
    expect(await events(endless(), { outputBytes: 100 })).toEqual([
      ...Array(10).fill(out("xxxxxxxxxx")),
      end({ ending: "output_limit", exit_code: null, truncated: true }),
    ]);
    expect([written, ended]).toEqual([6400, true]);
  });

  test("ask the command for more only when they are asked themselves", async () => {
    let asked = 0;
    async function* counting(): AsyncGenerator<OutputChunk, CommandEnd> {
      for (;;) {
        asked += 1;
        yield { stream: "stdout", bytes: Uint8Array.of(0x78) };
      }
    }
    const reader = execEvents(counting(), OPTIONS);
    for (let read = 1; read <= 3; read += 1) {
      await reader.next();
      expect(asked).toBe(read);
    }
    await reader.return();
  });

  test("are heartbeats while nothing is said, also while output is dropped", async () => {
    const go = Promise.withResolvers<void>();
    let heartbeats = 0;
    async function* quiet(): AsyncGenerator<OutputChunk, CommandEnd> {
      yield { stream: "stdout", bytes: Uint8Array.of(0x61) };
      await go.promise;
      while (heartbeats < 4) {
        await new Promise(setImmediate);
        yield { stream: "stdout", bytes: new Uint8Array(0) };
      }
      yield { stream: "stdout", bytes: Uint8Array.of(0x62) };
      return EXITED;
    }
    const kinds = [];
    for await (const event of execEvents(quiet(), { ...OPTIONS, heartbeatMs: 5 })) {
      if (event.type === "heartbeat" && ++heartbeats === 2) go.resolve();
      if (event.type !== "heartbeat") kinds.push(event);
    }
    expect(kinds).toEqual([out("a"), out("b"), end()]);
    expect(heartbeats).toBeGreaterThanOrEqual(4);
  });

  test("name the hosts that were refused meanwhile, and how the command ended", async () => {
    async function* killed(): AsyncGenerator<OutputChunk, CommandEnd> {
      yield { stream: "stderr", bytes: new Uint8Array(0) };
      return { ending: "signaled", exitCode: 137, signal: "SIGKILL" };
    }
    expect(await events(killed(), { refusedHosts: () => ["a.example:443"] })).toEqual([
      end({ ending: "signaled", exit_code: 137, signal: "SIGKILL", refused_hosts: ["a.example:443"] }),
    ]);
  });

  test("tell a lost sandbox from a runner that failed", async () => {
    async function* failing(error: Error): AsyncGenerator<OutputChunk, CommandEnd> {
      yield { stream: "stdout", bytes: Uint8Array.of(0x61) };
      throw error;
    }
    const lost = [out("a"), end({ ending: "sandbox_lost", exit_code: null })];
    expect(await events(failing(new Error("gone")), { isLost: () => true })).toEqual(lost);
    expect(await events(failing(new RunnerError("sandbox_lost", "It ended.")))).toEqual(lost);
    await expect(events(failing(new Error("gone")))).rejects.toThrow("gone");
  });

  test("end the command when their reader leaves", async () => {
    let ended = false;
    async function* endless(): AsyncGenerator<OutputChunk, CommandEnd> {
      try {
        for (;;) yield { stream: "stdout", bytes: Uint8Array.of(0x78) };
      } finally {
        ended = true;
      }
    }
    for await (const event of execEvents(endless(), OPTIONS)) {
      expect(event).toEqual(out("x"));
      break;
    }
    expect(ended).toBe(true);
  });
});
