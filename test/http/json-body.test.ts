/** Bodies that are large, slow, broken or odd, read with no more memory and time than they may have. */
import { describe, expect, it } from "vitest";
import { readJsonBody } from "../../src/http/json-body.ts";
import { jsonErrorPosition } from "../../src/http/json-position.ts";
import { LINGER_BYTES, LINGER_MS } from "../../src/http/linger.ts";
import { bodyOf } from "../support/body-of.ts";
import { manualTimers } from "../support/manual-timers.ts";
import { createTestApp } from "../support/test-app.ts";

const MEBIBYTE = 1_048_576;

/** A request whose body comes from a stream, so that it has no length. */
function streamed(body: ReadableStream<Uint8Array>, headers: Record<string, string> = {}): Request {
  return new Request("http://localhost/code", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
    duplex: "half",
  });
}

/** A stream of `total` bytes of an endless string, which counts what is taken. */
function endless(total: number) {
  const sent = { bytes: 0, cancelled: false };
  const chunk = new Uint8Array(65_536).fill(0x61);
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (sent.bytes >= total) return controller.close();
        controller.enqueue(sent.bytes === 0 ? new TextEncoder().encode('{"prompt":"') : chunk);
        sent.bytes += sent.bytes === 0 ? 11 : chunk.length;
      },
      cancel() {
        sent.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, sent };
}

/** A stream that sends its first bytes and then nothing more; `stalled` settles when it is asked for more. */
function stalling(first: string) {
  const stalled = Promise.withResolvers<void>();
  let started = false;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (started) {
          stalled.resolve();
          return new Promise<void>(() => {});
        }
        started = true;
        controller.enqueue(new TextEncoder().encode(first));
        return undefined;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, stalled: stalled.promise };
}

describe("a body that is too large", () => {
  it.each([
    ["without a length", {}],
    ["with a length that lies", { "content-length": "10" }],
  ])("is refused %s after little more than a mebibyte of a hundred million bytes", async (_name, headers) => {
    const { app, runs, timers } = createTestApp();
    const { stream, sent } = endless(100_000_000);
    const response = await app.request(streamed(stream, headers));
    const reader = bodyOf(response).getReader();
    const { value } = await reader.read();
    expect([response.status, JSON.parse(new TextDecoder().decode(value))]).toEqual([
      413,
      { error: { code: "payload_too_large", message: "The body is larger than 1048576 bytes; send less." } },
    ]);
    expect(sent.bytes).toBeLessThan(MEBIBYTE + 2 * 65_536);
    await reader.cancel();
    expect([sent.cancelled, runs, timers.running()]).toEqual([true, [], []]);
  });

  it("is refused unread when it admits its length", async () => {
    const { stream, sent } = endless(100_000_000);
    const response = await createTestApp().app.request(streamed(stream, { "content-length": "100000000" }));
    expect([response.status, sent.bytes]).toEqual([413, 0]);
    await response.body?.cancel();
  });
});

describe("a refusal of a body that is still arriving", () => {
  it("throws the rest away, so that the connection is not reset under the answer", async () => {
    const { app, timers } = createTestApp();
    const { stream, sent } = endless(50_000_000);
    const response = await app.request(streamed(stream));
    await response.text();
    expect(sent.bytes).toBeGreaterThanOrEqual(50_000_000);
    expect(timers.running()).toEqual([]);
  });

  it("is given for any reason, before a byte is read", async () => {
    const { app } = createTestApp();
    const { stream, sent } = endless(50_000_000);
    const response = await app.request(streamed(stream, { "content-type": "text/plain" }));
    expect([response.status, sent.bytes]).toEqual([415, 0]);
    await response.body?.cancel();
    expect(sent.cancelled).toBe(true);
  });

  it("does not go on for ever: neither in bytes", async () => {
    const { app } = createTestApp();
    const { stream, sent } = endless(Number.POSITIVE_INFINITY);
    await (await app.request(streamed(stream))).text();
    expect(sent.bytes).toBeLessThan(LINGER_BYTES + 2 * MEBIBYTE);
    expect(sent.cancelled).toBe(true);
  });

  it("nor in time", async () => {
    const { app, timers } = createTestApp();
    const { stream, stalled } = stalling("x");
    const response = await app.request(streamed(stream, { "content-type": "text/plain" }));
    const text = response.text();
    await stalled;
    timers.fire(LINGER_MS);
    expect([JSON.parse(await text).error.code, timers.running()]).toEqual(["unsupported_media_type", []]);
  });
});

describe("a body that is slow", () => {
  it("is refused at the deadline, and its timer is gone", async () => {
    const { app, runs, timers } = createTestApp();
    const { stream, stalled } = stalling('{"repoUrl":');
    const answer = app.request(streamed(stream));
    await stalled;
    timers.fire(15_000);
    const response = await answer;
    expect([response.status, await response.json(), runs, timers.running()]).toEqual([
      408,
      { error: { code: "timeout", message: "The body did not arrive within 15 seconds; send it again." } },
      [],
      [],
    ]);
  });

  it("may come in a million chunks, as long as it comes", async () => {
    const timers = manualTimers();
    const text = JSON.stringify("a".repeat(MEBIBYTE - 2));
    let at = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at === text.length) return controller.close();
        controller.enqueue(Uint8Array.of(text.charCodeAt(at)));
        at += 1;
      },
    });
    const value = await readJsonBody(streamed(stream), {
      maxBytes: MEBIBYTE,
      deadlineMs: 1_000,
      startTimer: timers.startTimer,
    });
    expect([value === JSON.parse(text), timers.running()]).toEqual([true, []]);
  });
});

describe("a body that breaks off", () => {
  it("is refused without the reason the connection had", async () => {
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.error(new Error("ECONNRESET 10.0.0.7"));
      },
    });
    const response = await createTestApp().app.request(streamed(stream));
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: { code: "invalid_request", message: "The body broke off before its end; send it again." } },
    ]);
  });
});

describe("a body that is fine", () => {
  const read = (body: string, type = "application/json") =>
    readJsonBody(
      new Request("http://localhost/", { method: "POST", headers: { "content-type": type }, body }),
      {
        maxBytes: MEBIBYTE,
        deadlineMs: 1_000,
        startTimer: manualTimers().startTimer,
      },
    );

  it.each([
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    'application/json;charset="UTF-8"',
  ])("may be of the type %s", async (type) => {
    expect(await read('{"a":1}', type)).toEqual({ a: 1 });
  });

  it("may start with a byte order mark, and be cut inside a character", async () => {
    expect(await read("\ufeff[1]")).toEqual([1]);
    const bytes = new TextEncoder().encode('"é🙂"');
    const chunks = ReadableStream.from(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    expect(
      await readJsonBody(streamed(chunks), {
        maxBytes: MEBIBYTE,
        deadlineMs: 1_000,
        startTimer: manualTimers().startTimer,
      }),
    ).toBe("é🙂");
  });

  it("keeps a __proto__ key to itself", async () => {
    const value = await read('{"__proto__":{"admin":true}}');
    expect([
      Object.keys(value as object),
      Object.getPrototypeOf(value),
      "admin" in (value as object),
    ]).toEqual([["__proto__"], Object.prototype, false]);
  });
});

describe("jsonErrorPosition", () => {
  it.each([
    ['{"a":}', 1, 6],
    ['{"a" 1}', 1, 6],
    ['{"a":1 "b":2}', 1, 8],
    ["{a:1}", 1, 2],
    ["[1,\n 2,\n]", 3, 1],
    ["[1 2]", 1, 4],
    ["01", 1, 2],
    ["-", 1, 1],
    ["1.", 1, 2],
    ["nul", 1, 1],
    ["NaN", 1, 1],
    ['"a\nb"', 1, 3],
    ['"\\x"', 1, 3],
    ['"\\u12g4"', 1, 3],
    ['"open', 1, 6],
    ['{"a":1', 1, 7],
    ["]", 1, 1],
    ["[}", 1, 2],
    ["{]", 1, 2],
    ["/* no */ {}", 1, 1],
  ])("finds where %j goes wrong", (text, line, column) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(jsonErrorPosition(text)).toEqual({ line, column });
  });

  it("agrees with JSON.parse about every prefix and every deletion of a document", () => {
    const document = '{"a":[1,-2.5e+3,true,null,"\\u00e9\\n"],"b":{"c":{}},"d":[[],""]}';
    const variants = Array.from({ length: document.length }, (_, at) => [
      document.slice(0, at),
      document.slice(0, at) + document.slice(at + 1),
      `${document.slice(0, at)}}${document.slice(at)}`,
    ]).flat();
    for (const text of variants) {
      const { column } = jsonErrorPosition(text);
      // A document that is fine is fine to its very end.
      const fine = column === text.length + 1 && isJson(text);
      expect([text, fine]).toEqual([text, isJson(text)]);
    }
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
