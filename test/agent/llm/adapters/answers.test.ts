/** What a model says arrives as it said it, however the stream is cut into pieces. */
import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { ask, connect, continued, hear } from "../../../support/models/connect.ts";
import { CHUNKINGS } from "../../../support/models/pieces.ts";
import { startModelServer } from "../../../support/models/server.ts";
import { PROTOCOLS, type Turn } from "../../../support/models/turn.ts";
import { createRandom } from "../../../support/random.ts";
import { until } from "../../../support/until.ts";

const NASTY = 'naïve "quotes" \\ \\u0041 \\ud83d 🙂👨‍👩‍👧 中文\r\n\t\u2028\u0000 end';

const TURN: Turn = {
  reasoning: `Two files, then. ${NASTY}`,
  text: `I write them: ${NASTY}`,
  calls: [
    { name: "write_file", arguments: { path: "a.txt", content: NASTY } },
    { name: "write_file", arguments: { path: "ü/🙂.txt", content: `${NASTY}${NASTY}` } },
    { name: "write_file", arguments: '{ "path" : "spaces.txt",\n "content":"" }' },
  ],
};

/** Name and arguments of each call, as they are in the turn. */
function callsOf(turn: Turn): readonly (readonly [string, string])[] {
  return (turn.calls ?? []).map(({ name, arguments: args }) => [
    name,
    typeof args === "string" ? args : JSON.stringify(args),
  ]);
}

describe.each(PROTOCOLS)("%s", (protocol) => {
  it.each(CHUNKINGS)("brings words and calls exactly, written in pieces: %s", async (chunking) => {
    for (let seed = 1; seed <= (chunking === "bytes" ? 3 : 12); seed += 1) {
      await using server = await startModelServer({ turns: [TURN], chunking, seed });
      const { deltas, answer } = await hear(connect(server, protocol));
      const { message } = answer;
      expect(message.text).toBe(TURN.text);
      expect(message.calls.map(({ name, arguments: text }) => [name, text])).toEqual(callsOf(TURN));
      expect(new Set(message.calls.map(({ id }) => id)).size).toBe(3);
      expect(answer.stop).toBe("calls");
      expect(deltas.filter((delta) => !delta.isWellFormed())).toEqual([]);
      const shown = protocol === "messages" ? `${TURN.reasoning}\n\n${TURN.text}` : TURN.text;
      expect(deltas.join("")).toBe(shown);
    }
  });

  it("brings three million characters of arguments exactly", async () => {
    const random = createRandom(7);
    const content = Array.from({ length: 2_400_000 }, () =>
      random.pick(["a", "\n", '"', "é", "🙂", "\\"]),
    ).join("");
    const turn: Turn = { calls: [{ name: "write_file", arguments: { path: "big.txt", content } }] };
    await using server = await startModelServer({ turns: [turn], chunking: "whole" });
    const { answer } = await hear(connect(server, protocol));
    const sent = callsOf(turn)[0]?.[1] ?? "";
    expect(sent.length).toBeGreaterThan(3_000_000);
    expect(answer.message.calls[0]?.arguments === sent).toBe(true);
  });

  it("ends half a surrogate pair that the model left", async () => {
    await using server = await startModelServer({ turns: [{ text: "half \ud83d" }] });
    const { deltas, answer } = await hear(connect(server, protocol));
    expect(answer.message.text).toBe("half \ufffd");
    expect(deltas.join("")).toBe("half \ufffd");
  });

  it("says how the answer ended", async () => {
    const turns: readonly Turn[] = [
      { text: "Done." },
      { text: "Cut he", stop: "length" },
      { calls: [{ name: "write_file", arguments: '{"path":"a' }], stop: "length" },
      { calls: [{ name: "write_file", arguments: {} }] },
    ];
    await using server = await startModelServer({
      respond: ({ text }) => turns[Number(/turn (\d)/.exec(text)?.[1])] ?? {},
    });
    const model = connect(server, protocol);
    const stops: string[] = [];
    for (const turn of turns.keys()) {
      const request = ask({ messages: [{ role: "user", text: `turn ${turn}` }] });
      stops.push((await hear(model, request)).answer.stop);
    }
    expect(stops).toEqual(["end", "length", "length", "calls"]);
  });

  it("counts tokens as the vendor does", async () => {
    const usage = { input: 5000, cached: 3000, cacheWrites: 1500, output: 77 };
    await using server = await startModelServer({ turns: [{ text: "Hello.", usage }] });
    const { answer } = await hear(connect(server, protocol));
    expect(answer.usage).toEqual(usage);
  });

  it("sends its own answers back, with what the model thought", async () => {
    await using server = await startModelServer({
      turns: [TURN, { ...TURN, reasoning: "More." }, { text: "Done." }],
    });
    const model = connect(server, protocol);
    let request = ask();
    for (let turn = 0; turn < 3; turn += 1) request = continued(request, (await hear(model, request)).answer);
    const last = server.requests.at(-1);
    expect(last?.view?.turn).toBe(2);
    expect(last?.view?.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "tool",
    ]);
    const thought = JSON.stringify(last?.body).match(/"type":"(?:thinking|reasoning)"/g) ?? [];
    expect(thought).toHaveLength(protocol === "chat" ? 0 : 2);
  });

  it("gives the same answer to the same conversation again", async () => {
    const turn: Turn = { calls: [1, 2].map(() => ({ name: "write_file", arguments: {}, id: "" })) };
    await using server = await startModelServer({ turns: [turn] });
    const model = connect(server, protocol);
    const first = await hear(model);
    expect(first.answer.message.calls.map(({ id }) => id)).toEqual(["call_1_0", "call_1_1"]);
    expect(await hear(model)).toEqual(first);
  });

  it("makes up ids in place of those that no vendor takes, and an object in place of no arguments", async () => {
    const ids = ["ü", "with a blank", "x".repeat(41), "functions.write_file:0"];
    const calls = ids.map((id) => ({ name: "write_file", arguments: "", id }));
    await using server = await startModelServer({ turns: [{ calls }] });
    const { answer } = await hear(connect(server, protocol));
    expect(answer.message.calls).toEqual(
      ["call_1_0", "call_1_1", "call_1_2", "functions.write_file:0"].map((id) => ({
        id,
        name: "write_file",
        arguments: "{}",
      })),
    );
  });

  it("gives each call of a conversation an id of its own", async () => {
    const turn: Turn = { calls: [1, 2].map(() => ({ name: "write_file", arguments: {}, id: "same" })) };
    await using server = await startModelServer({ turns: [turn, turn, { text: "Done." }] });
    const model = connect(server, protocol);
    let request = ask();
    for (let turns = 0; turns < 3; turns += 1)
      request = continued(request, (await hear(model, request)).answer);
    const ids = request.messages.flatMap((message) =>
      message.role === "assistant" ? message.calls.map(({ id }) => id) : [],
    );
    expect(ids).toEqual(["same", "call_1_1", "call_3_0", "call_3_1"]);
  });

  it("ends the connection when the caller aborts, with the caller's reason", async () => {
    const stall = { name: "stall", expects: "timeout" } as const;
    await using server = await startModelServer({
      turns: [
        {
          ...TURN,
          fault: {
            ...stall,
            play: async (exchange) => {
              exchange.open();
              for (const frame of exchange.frames.slice(0, -4)) await exchange.event(frame);
              await exchange.left();
            },
          },
        },
      ],
    });
    const controller = new AbortController();
    const reason = new Error("the run was cancelled");
    const answer = connect(server, protocol).answer(ask({ signal: controller.signal }));
    await answer.next();
    controller.abort(reason);
    const rest = async (): Promise<void> => {
      while ((await answer.next()).done !== true);
    };
    await expect(rest()).rejects.toBe(reason);
    await until("the connection is closed", () => server.requests[0]?.state === "left");
  });

  it("ends the connection when nobody listens any more", async () => {
    await using server = await startModelServer({
      turns: [
        {
          reasoning: "…",
          text: "…",
          fault: {
            name: "endless",
            expects: "timeout",
            play: async (exchange) => {
              exchange.open();
              for (const frame of exchange.frames.slice(0, -3)) await exchange.event(frame);
              await exchange.left();
            },
          },
        },
      ],
    });
    for await (const delta of connect(server, protocol).answer(ask())) {
      expect(delta).toEqual({ type: "text", delta: "…" });
      break;
    }
    await until("the connection is closed", () => server.requests[0]?.state === "left");
  });

  it("asks nothing when it is aborted before", async () => {
    await using server = await startModelServer({ turns: [TURN] });
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(hear(connect(server, protocol), ask({ signal }))).rejects.toThrow("too late");
    expect(server.requests).toEqual([]);
  });

  it("leaves no listener and no timer behind", async () => {
    await using server = await startModelServer({ turns: [{ text: "Hello." }] });
    const { signal } = new AbortController();
    const model = connect(server, protocol);
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    await hear(model, ask({ signal }));
    const before = timers();
    for (let again = 0; again < 20; again += 1) await hear(model, ask({ signal }));
    expect(timers() - before).toBeLessThan(10);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});
