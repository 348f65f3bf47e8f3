/** A conversation goes on at another vendor, whatever the first one's model wrote. */
import { describe, expect, it } from "vitest";
import type { Message } from "../../../../src/agent/llm/model.ts";
import { ask, connect, continued, hear } from "../../../support/models/connect.ts";
import { startModelServer } from "../../../support/models/server.ts";
import { PROTOCOLS, type Turn } from "../../../support/models/turn.ts";

const TURNS: readonly Turn[] = [
  {
    reasoning: "Two at once.",
    text: "First these.",
    calls: [
      { name: "write_file", arguments: { path: "a", content: "1" } },
      { name: "write_file", arguments: '{"path":"b","content":"cut' },
    ],
  },
  { reasoning: "No words.", calls: [{ name: "read file!", arguments: "[1]" }] },
  { text: "Only words." },
  { calls: [{ name: "write_file", arguments: "" }] },
  { text: "Done." },
];

describe("a conversation that changes its vendor with every answer", () => {
  const orders = PROTOCOLS.flatMap((first) => PROTOCOLS.map((second) => [first, second] as const));
  it.each(orders)("%s, then %s, in turns", async (first, second) => {
    await using server = await startModelServer({ turns: TURNS });
    const models = [connect(server, first), connect(server, second)];
    let request = ask();
    for (const turn of TURNS.keys()) {
      const model = models[turn % 2];
      if (model === undefined) throw new Error("no model");
      request = continued(request, (await hear(model, request)).answer, turn === 1 ? " " : "done");
    }
    expect(server.requests.map(({ protocol, view }) => [protocol, view?.turn])).toEqual(
      [...TURNS.keys()].map((turn) => [turn % 2 === 0 ? first : second, turn]),
    );
  });

  it.each(PROTOCOLS)("%s of one model, then of another", async (protocol) => {
    const other = protocol === "messages" ? "claude-opus-5-5" : "gpt-6-luna";
    await using server = await startModelServer({ turns: TURNS });
    const models = [connect(server, protocol), connect(server, protocol, { model: other })];
    let request = ask();
    for (const turn of TURNS.keys()) {
      const model = models[turn % 2];
      if (model === undefined) throw new Error("no model");
      request = continued(request, (await hear(model, request)).answer);
    }
    expect(server.requests).toHaveLength(TURNS.length);
  });
});

/** Everything that is legal in the domain and not at some vendor. */
const HOSTILE: readonly Message[] = [
  { role: "user", text: "\ud83d half, and \udc00 the other" },
  { role: "user", text: "" },
  {
    role: "assistant",
    text: " \n",
    calls: [
      { id: "functions.write:0/ü ".repeat(20), name: "", arguments: "not json" },
      { id: "b", name: "write file 🙂".repeat(10), arguments: '"text"' },
      { id: "c", name: "write_file", arguments: '{"path":"\\ud83d","content":"\ud83d"}' },
      { id: "d", name: "write_file", arguments: '{"__proto__":{"x":1},"path":"p"}' },
      { id: "e", name: "write_file", arguments: "null" },
      { id: "f", name: "write_file", arguments: `{"deep":${"[".repeat(100_000)}${"]".repeat(100_000)}}` },
    ],
    raw: { protocol: "somebody's", items: [{ type: "reasoning" }] },
  },
  {
    role: "tool",
    results: [
      { callId: "functions.write:0/ü ".repeat(20), text: "", isError: true },
      { callId: "b", text: "\ud83d", isError: true },
      { callId: "c", text: "ok", isError: false },
      { callId: "d", text: "\n", isError: false },
      { callId: "e", text: "ok", isError: false },
      { callId: "f", text: "ok", isError: false },
    ],
  },
  { role: "user", text: "Also this." },
  { role: "assistant", text: "Yes.", calls: [] },
  { role: "user", text: "\t" },
];

describe.each(PROTOCOLS)("%s", (protocol) => {
  it("takes a question without tools", async () => {
    await using server = await startModelServer({ respond: () => ({ text: "Well." }) });
    const { answer } = await hear(connect(server, protocol), ask({ tools: [], system: "" }));
    expect(answer.message.text).toBe("Well.");
    expect(server.requests[0]?.view?.tools).toEqual([]);
  });

  it("takes every conversation there can be", async () => {
    await using server = await startModelServer({ respond: () => ({ text: "Well." }) });
    const { answer } = await hear(connect(server, protocol), ask({ messages: HOSTILE }));
    expect(answer.message.text).toBe("Well.");
    expect(server.requests[0]?.view?.messages.map(({ role }) => role)).toEqual([
      "user",
      "user",
      "assistant",
      "tool",
      "user",
      "assistant",
      "user",
    ]);
  });

  it.each([
    ["of no shape", [17, null, "x"]],
    ["of a later version", [{ type: "prefix", digest: 1 }, { type: "tool_use" }]],
    ["with calls that are not there", [{ type: "function_call", call_id: "zz" }]],
    ["that is no list", { 0: "x" }],
  ])("does without kept items %s", async (_, items) => {
    await using server = await startModelServer({ respond: () => ({ text: "Well." }) });
    const model = connect(server, protocol);
    const { answer } = await hear(model);
    const raw = { protocol: answer.message.raw?.protocol ?? "", items: items as unknown[] };
    const messages: Message[] = [
      { role: "user", text: "Write." },
      { role: "assistant", text: "I do.", calls: [{ id: "x1", name: "write_file", arguments: "{}" }], raw },
      { role: "tool", results: [{ callId: "x1", text: "done", isError: false }] },
    ];
    await hear(model, ask({ messages }));
    expect(server.requests[1]?.view?.messages).toEqual([
      { role: "user", text: "Write." },
      { role: "assistant", text: "I do.", calls: [{ id: "x1", name: "write_file", arguments: "{}" }] },
      { role: "tool", results: [{ callId: "x1", text: "done" }] },
    ]);
  });
});
