/** The event stream: its frames, its pace, its pings, and what happens when the reader leaves. */
import { createParser } from "eventsource-parser";
import { describe, expect, it } from "vitest";
import { encodeEvent, sseStream } from "../../src/http/sse.ts";
import type { RecordedEvent, RunEvent } from "../../src/run/events.ts";
import { bodyOf } from "../support/body-of.ts";
import { manualTimers } from "../support/manual-timers.ts";
import { createTestApp, DONE, RUN_ID, TIME } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };

function progress(message: string): RunEvent {
  return { type: "progress", message, step: "clone" };
}

function recorded(seq: number): RecordedEvent {
  return { seq, time: TIME, type: "progress", message: `event ${seq}`, step: "clone" };
}

/** Everything in some SSE text, as a client's parser sees it. */
function parse(text: string) {
  const seen: unknown[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => seen.push({ id, event, data: JSON.parse(data) }),
    onComment: (comment) => seen.push({ comment }),
    onRetry: (retry) => seen.push({ retry }),
    onError: (error) => seen.push({ error }),
  });
  parser.feed(text);
  return seen;
}

/** Reads one chunk as text. */
async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return new TextDecoder().decode(value);
}

describe("frames", () => {
  it("have an id and one line of JSON, no name, and a retry time in front", async () => {
    const { post } = createTestApp({
      run: async function* () {
        yield { type: "info", message: "line one\nline two\r\u2028🙂", run_id: RUN_ID };
        yield progress("data: x\n\nid: 9");
        yield DONE;
      },
    });
    const response = await post("/code", GOOD);
    expect(parse(await response.text())).toEqual([
      { retry: 3_000 },
      {
        id: "1",
        event: undefined,
        data: { seq: 1, time: TIME, type: "info", message: "line one\nline two\r\u2028🙂", run_id: RUN_ID },
      },
      { id: "2", event: undefined, data: { seq: 2, time: TIME, ...progress("data: x\n\nid: 9") } },
      { id: "3", event: undefined, data: { seq: 3, time: TIME, ...DONE } },
    ]);
  });

  it("come with headers that keep proxies from holding or changing them", async () => {
    const response = await createTestApp().post("/code", GOOD);
    await response.text();
    const names = [
      "content-type",
      "cache-control",
      "x-accel-buffering",
      "x-content-type-options",
      "x-run-id",
    ];
    expect(names.map((name) => response.headers.get(name))).toEqual([
      "text/event-stream; charset=utf-8",
      "no-store, no-transform",
      "no",
      "nosniff",
      RUN_ID,
    ]);
  });

  it("are text that any parser splits alike", () => {
    expect(encodeEvent(recorded(7))).toBe(
      `id: 7\ndata: {"seq":7,"time":"${TIME}","type":"progress","message":"event 7","step":"clone"}\n\n`,
    );
  });
});

describe("pace", () => {
  it("lets the first event out before the run does any work", async () => {
    const never = Promise.withResolvers<void>();
    const { post } = createTestApp({
      run: async function* () {
        yield { type: "info", message: "Starting." };
        await never.promise;
        yield DONE;
      },
    });
    const reader = bodyOf(await post("/code", GOOD)).getReader();
    expect(parse((await next(reader)) + (await next(reader)))).toEqual([
      { retry: 3_000 },
      { id: "1", event: undefined, data: { seq: 1, time: TIME, type: "info", message: "Starting." } },
    ]);
    never.resolve();
    await reader.cancel();
  });

  it("is the reader's: nothing is produced that was not asked for", async () => {
    let produced = 0;
    async function* events() {
      for (let seq = 1; seq <= 1_000; seq += 1) {
        produced = seq;
        yield recorded(seq);
      }
    }
    const stream = sseStream(events(), {
      abort: new AbortController(),
      startTimer: manualTimers().startTimer,
    });
    const reader = stream.getReader();
    const counts: number[] = [produced];
    for (let read = 0; read < 4; read += 1) {
      await next(reader);
      counts.push(produced);
    }
    expect(counts).toEqual([0, 0, 1, 2, 3]);
    await reader.cancel();
  });
});

describe("pings", () => {
  it("go out every 15 seconds while the run is quiet, and no timer outlives the stream", async () => {
    const work = Promise.withResolvers<void>();
    const { post, timers } = createTestApp({
      run: async function* () {
        await work.promise;
        yield DONE;
      },
    });
    const reader = bodyOf(await post("/code", GOOD)).getReader();
    await next(reader);
    const seen: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const chunk = next(reader);
      timers.fire(15_000);
      seen.push(await chunk);
    }
    const chunk = next(reader);
    work.resolve();
    seen.push((await chunk).slice(0, 6));
    expect([seen, (await reader.read()).done, timers.running()]).toEqual([
      [": ping\n\n", ": ping\n\n", "id: 1\n"],
      true,
      [],
    ]);
    expect(parse(": ping\n\n")).toEqual([{ comment: "ping" }]);
  });

  it("do not pile up for a reader that has stopped reading", async () => {
    const { post, timers } = createTestApp({
      run: async function* (_request, { signal }) {
        await new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason)),
        );
        yield DONE;
      },
    });
    const reader = bodyOf(await post("/code", GOOD)).getReader();
    await next(reader);
    expect(timers.running()).toEqual([]);
    await reader.cancel();
  });
});

describe("leaving", () => {
  /** A run that is inside an await, and can only be reached by its signal. */
  function waitingRun() {
    const log: string[] = [];
    const run = async function* (
      _request: unknown,
      { signal }: { signal: AbortSignal },
    ): AsyncGenerator<RunEvent> {
      try {
        yield progress("Waiting.");
        await new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason)),
        );
      } catch (error) {
        log.push(`stopped by ${(error as Error).name}`);
        throw error;
      } finally {
        log.push("cleaned up");
      }
    };
    return { run, log };
  }

  it("stops the work inside its await, at once, and cancels only after its clean-up", async () => {
    const { run, log } = waitingRun();
    const { post, runs, timers, reports } = createTestApp({ run });
    const reader = bodyOf(await post("/code", GOOD)).getReader();
    await next(reader);
    await next(reader);
    const pending = next(reader);
    await reader.cancel("tab closed");
    expect([log, runs[0]?.context.signal.aborted, timers.running(), reports, await pending]).toEqual([
      ["stopped by AbortError", "cleaned up"],
      true,
      [],
      [],
      "",
    ]);
  });

  it("stops a run nobody ever read from before it starts", async () => {
    const { run, log } = waitingRun();
    const { post, runs } = createTestApp({ run });
    await bodyOf(await post("/code", GOOD)).cancel();
    expect([log, runs[0]?.context.signal.aborted]).toEqual([[], true]);
  });

  it("is told to the run by the request's own signal, and the record says so", async () => {
    const { run, log } = waitingRun();
    const { app } = createTestApp({ run });
    const client = new AbortController();
    const response = await app.request("/code", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(GOOD),
      signal: client.signal,
    });
    const reader = bodyOf(response).getReader();
    const seen = parse((await next(reader)) + (await next(reader)));
    const last = next(reader);
    client.abort();
    seen.push(...parse(await last));
    expect(seen).toEqual([
      { retry: 3_000 },
      { id: "1", event: undefined, data: { seq: 1, time: TIME, ...progress("Waiting.") } },
      {
        id: "2",
        event: undefined,
        data: { seq: 2, time: TIME, ...DONE, status: "cancelled", message: "The run was cancelled." },
      },
    ]);
    expect([log, (await reader.read()).done]).toEqual([["stopped by AbortError", "cleaned up"], true]);
  });

  it("does not leave a rejected promise behind when the events fail", async () => {
    const failing = (async function* (): AsyncGenerator<RecordedEvent> {
      yield recorded(1);
      throw new Error("a secret reason");
    })();
    const reader = sseStream(failing, {
      abort: new AbortController(),
      startTimer: manualTimers().startTimer,
    }).getReader();
    await next(reader);
    await next(reader);
    await expect(reader.read()).rejects.toThrow("The event stream failed.");
  });
});
