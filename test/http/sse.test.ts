/** The frames of an event stream, as a client's parser sees them. */
import { createParser } from "eventsource-parser";
import { describe, expect, it } from "vitest";
import { cutOffComment, encodeFrame, PING_FRAME, RETRY_FRAME } from "../../src/http/sse.ts";
import type { RecordedEvent } from "../../src/run/events.ts";
import { createTestApp, DONE, TIME } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };

function recorded(seq: number, message: string): RecordedEvent {
  return { seq, time: TIME, type: "progress", message, step: "clone" };
}

function frame(event: RecordedEvent): string {
  return encodeFrame(event.seq, JSON.stringify(event));
}

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

describe("frames", () => {
  it("are text that any parser splits alike", () => {
    expect(frame(recorded(7, "event 7"))).toBe(
      `id: 7\ndata: {"seq":7,"time":"${TIME}","type":"progress","message":"event 7","step":"clone"}\n\n`,
    );
  });

  it("of events have an id and one line of JSON, and no name, whatever the message holds", () => {
    const odd = [recorded(1, "line one\nline two\r\u2028🙂"), recorded(2, "data: x\n\nid: 9")];
    expect(parse(odd.map(frame).join(""))).toEqual([
      { id: "1", event: undefined, data: odd[0] },
      { id: "2", event: undefined, data: odd[1] },
    ]);
  });

  it("between events are a time to wait before reconnecting, and comments that parsers pass over", () => {
    expect(parse(RETRY_FRAME + PING_FRAME + cutOffComment(1_000, 41))).toEqual([
      { retry: 3_000 },
      { comment: "ping" },
      { comment: "cut off: this reader fell 1000 events behind; resume with Last-Event-ID: 41" },
    ]);
  });
});

describe("a stream", () => {
  it("comes with headers that keep proxies from holding or changing it", async () => {
    const { post } = createTestApp({ script: () => [{ seq: 1, time: TIME, ...DONE }] });
    const response = await post("/code", GOOD);
    const names = ["content-type", "cache-control", "x-accel-buffering", "x-content-type-options"];
    expect(names.map((name) => response.headers.get(name))).toEqual([
      "text/event-stream; charset=utf-8",
      "no-store, no-transform",
      "no",
      "nosniff",
    ]);
    expect(parse(await response.text())).toEqual([
      { retry: 3_000 },
      { id: "1", event: undefined, data: { seq: 1, time: TIME, ...DONE } },
    ]);
  });
});
