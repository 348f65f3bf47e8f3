/** One answer out of a model over its vendor's bad moments, on the wire. */
import { describe, expect, test } from "vitest";
import type { AgentEvent } from "../../../src/agent/agent.ts";
import { ask } from "../../../src/agent/llm/ask.ts";
import { type ModelAnswer, ModelError } from "../../../src/agent/llm/model.ts";
import * as wire from "../../support/models/connect.ts";
import type { Fault } from "../../support/models/fault.ts";
import { faultNamed } from "../../support/models/faults.ts";
import { FACTS, openLab } from "../../support/models/lab.ts";
import { type ModelServerOptions, startModelServer } from "../../support/models/server.ts";
import { PROTOCOLS, type Protocol, type Turn } from "../../support/models/turn.ts";
import { until } from "../../support/until.ts";

const TURN: Turn = { text: "Here.", calls: [{ name: "write_file", arguments: { path: "a", content: "b" } }] };

/** A refusal that asks to wait for a moment, so that tests need not. */
const soon = (status: number): Fault => ({
  name: `${status} soon`,
  expects: "rate_limited",
  play: (exchange) => exchange.reply(status, { "retry-after-ms": "5" }, "{}"),
});

interface Asked {
  readonly events: readonly AgentEvent[];
  /** Whether each request was to be shorter. */
  readonly shorter: readonly boolean[];
  readonly requests: number;
  readonly end: ModelAnswer | ModelError | string;
}

async function askOf(protocol: Protocol, script: ModelServerOptions, signal = NEVER): Promise<Asked> {
  await using server = await startModelServer(script);
  const events: AgentEvent[] = [];
  const shorter: boolean[] = [];
  const request = (less: boolean) => {
    shorter.push(less);
    return wire.ask({ signal });
  };
  const asking = ask(wire.connect(server, protocol), { request, failed: () => [], signal, random: () => 0 });
  for (;;) {
    const next = await asking.next();
    if (next.done === true) return { events, shorter, requests: server.requests.length, end: next.value };
    events.push(next.value);
  }
}

const NEVER = new AbortController().signal;
const said = (events: readonly AgentEvent[]): string =>
  events.map((event) => (event.type === "text" ? event.delta : `[${event.type}]`)).join("");

describe.each(PROTOCOLS)("over %s", (protocol) => {
  test("a vendor is asked again no sooner than it said", async () => {
    const times: number[] = [];
    const play: Fault["play"] = (exchange) => exchange.reply(429, { "retry-after-ms": "400" }, "{}");
    await askOf(protocol, {
      respond: ({ attempt }) => {
        times.push(performance.now());
        return attempt === 0 ? { ...TURN, fault: { name: "429", expects: "rate_limited", play } } : TURN;
      },
    });
    const [first = 0, second = 0, ...more] = times;
    expect([second - first >= 400, more]).toEqual([true, []]);
  });

  test("words come as they arrive, then the answer", async () => {
    const { events, end, requests } = await askOf(protocol, { turns: [TURN] });
    expect([said(events), requests]).toEqual(["Here.", 1]);
    expect(events.every((event) => event.type !== "text" || event.message === event.delta)).toBe(true);
    expect(end).toMatchObject({ message: { text: "Here." }, stop: "calls" });
  });

  test("a vendor that asked for a moment is asked again behind a warning, up to three times", async () => {
    const { events, end, requests } = await askOf(protocol, {
      turns: [{ ...TURN, fault: soon(429), faults: 3 }],
    });
    expect(events.slice(0, 3)).toEqual(
      Array(3).fill({
        type: "warning",
        code: "waiting",
        message: expect.stringMatching(
          /^The model server "127\.0\.0\.1:\d+" asked for fewer requests \(HTTP 429\)\. Trying again in 1 s\.$/,
        ),
      }),
    );
    expect([said(events.slice(3)), requests]).toEqual(["Here.", 4]);
    expect(end).not.toBeInstanceOf(ModelError);
  });

  test("a vendor that fails once more is given up with its last error", async () => {
    const { events, end, requests } = await askOf(protocol, { turns: [{ ...TURN, fault: soon(429) }] });
    expect([said(events), requests]).toEqual(["[warning][warning][warning]", 4]);
    expect(end).toMatchObject({ name: "ModelError", failure: "rate_limited" });
  });

  test("a vendor that asks to wait for a day is given up at once", async () => {
    const fault = faultNamed(protocol, "429 Retry-After as a date");
    const { events, requests } = await askOf(protocol, { turns: [{ ...TURN, fault }] });
    expect([events, requests]).toEqual([[], 1]);
  });

  test("a conversation that does not fit is made shorter three times, without a wait", async () => {
    const fault = faultNamed(protocol, "400 context too long");
    const { events, shorter, end } = await askOf(protocol, { turns: [{ ...TURN, fault }] });
    expect([events, shorter]).toEqual([[], [false, true, true, true]]);
    expect(end).toMatchObject({ failure: "context_too_long" });
  });

  test("words of an answer that broke stay said, and the next answer is whole", async () => {
    const play: Fault["play"] = async (exchange) => {
      exchange.open();
      const last = exchange.frames.findIndex(
        ({ kind }) => kind.includes("arguments") || kind === "input_json_delta",
      );
      for (const frame of exchange.frames.slice(0, last)) await exchange.event(frame);
      exchange.cut();
    };
    const fault = { name: "cut", expects: "broken_stream", play } as const;
    const { events, end } = await askOf(protocol, { turns: [{ ...TURN, fault, faults: 1 }] });
    // The turn that breaks has a thought as well, and what Anthropic's models think streams by with their words.
    const thought = protocol === "messages" ? "Hm.\n\n" : "";
    expect(said(events)).toBe(`${thought}Here.[warning]Here.`);
    expect(end).toMatchObject({ message: { text: "Here." } });
  });
});

test("failures of different kinds are counted together", async () => {
  const faults = [soon(429), soon(503), soon(500)];
  const { end, requests } = await askOf("chat", {
    respond: ({ attempt }) => ({
      ...TURN,
      ...(faults[attempt] === undefined ? {} : { fault: faults[attempt] }),
    }),
  });
  expect([requests, end]).toEqual([3, expect.objectContaining({ failure: "server_error" })]);
});

test("a run that has ended asks nobody", async () => {
  const reason = new Error("It has ended.");
  await expect(askOf("chat", { turns: [TURN] }, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test("whoever stops listening ends the request", async () => {
  const play: Fault["play"] = async (exchange) => {
    exchange.open();
    for (const frame of exchange.frames.slice(0, -2)) await exchange.event(frame);
    await exchange.left();
  };
  await using server = await startModelServer({
    turns: [{ ...TURN, fault: { name: "a stall", expects: "timeout", play } }],
  });
  const request = () => wire.ask();
  const asking = ask(wire.connect(server, "chat"), {
    request,
    failed: () => [],
    signal: NEVER,
    random: () => 0,
  });
  expect((await asking.next()).value).toMatchObject({ type: "text" });
  await asking.return(undefined as never);
  await until("the request ends", () => server.requests[0]?.state === "left");
});

test("what is no failure of the vendor's goes through", async () => {
  const request = (): never => {
    throw new TypeError("a defect");
  };
  await using server = await startModelServer({ turns: [TURN] });
  const asking = ask(wire.connect(server, "chat"), {
    request,
    failed: () => [],
    signal: NEVER,
    random: () => 0,
  });
  await expect(asking.next()).rejects.toThrow("a defect");
});

test("a conversation that was made shorter is smaller, still has the task, and stays so", async () => {
  const read: Turn = {
    calls: Array.from({ length: 4 }, (_, i) => ({ name: "read_file", arguments: { path: `f${i}.txt` } })),
  };
  const edit: Turn = { calls: [{ name: "write_file", arguments: { path: "b.txt", content: "b" } }] };
  const finish: Turn = { calls: [{ name: "finish", arguments: { title: "Do it", summary: "Done." } }] };
  const files = Object.fromEntries(
    Array.from({ length: 4 }, (_, i) => [`f${i}.txt`, `line of file ${i}\n`.repeat(500)]),
  );
  const scripted = [read, edit, edit, edit, edit, finish];
  let refusals = 0;
  await using lab = await openLab({
    files,
    adapters: { responses: { facts: FACTS } },
    respond: ({ turn }) => {
      const answer = scripted[turn] ?? finish;
      if (turn !== 3 || refusals > 0) return answer;
      refusals += 1;
      return { ...answer, fault: faultNamed("responses", "400 context too long") };
    },
  });
  const { outcome, events } = await lab.run();
  const sizes = lab.asked().map(({ text }) => text.length);
  const [refused = 0, again = 0, next = 0] = sizes.slice(3);
  expect(refused).toBeGreaterThan(30_000);
  expect(again).toBeLessThan(refused / 2);
  expect(next).toBeLessThan(refused / 2);
  expect(lab.asked().every(({ text }) => text.includes("Greet in German"))).toBe(true);
  expect(events.filter(({ type }) => type === "warning")).toEqual([]);
  expect(outcome).toMatchObject({ status: "edited" });
});
