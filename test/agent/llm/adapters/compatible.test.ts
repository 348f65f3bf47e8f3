/** Servers that speak a vendor's protocol and are not the vendor leave things out. */
import { describe, expect, it } from "vitest";
import { ask, connect, continued, hear } from "../../../support/models/connect.ts";
import type { Exchange } from "../../../support/models/exchange.ts";
import { startModelServer } from "../../../support/models/server.ts";
import type { Quirk, Turn } from "../../../support/models/turn.ts";

const TURN: Turn = {
  reasoning: "Two files 🙂.",
  text: "I write two.",
  calls: [
    { name: "write_file", arguments: { path: "a", content: "1" } },
    { name: "write_file", arguments: { path: "b", content: "2" } },
  ],
};

const QUIRKS: readonly (readonly Quirk[])[] = [
  ["no usage"],
  ["no call ids"],
  ["no call indexes"],
  ["no call ids", "no call indexes"],
  ["whole calls"],
  ["whole calls", "no call ids", "no call indexes"],
  ["whole calls", "no call indexes"],
  ["reasoning_content"],
  ["no [DONE]"],
  ["names again"],
  ["names again", "no call indexes"],
  ["names again", "no call ids"],
  ["finish_reason stop"],
  ["no usage", "no call ids", "no call indexes", "whole calls", "no [DONE]", "finish_reason stop"],
];

it.each(QUIRKS.map((quirks) => [quirks.join(", "), quirks] as const))("%s", async (_, quirks) => {
  await using server = await startModelServer({ turns: [{ ...TURN, quirks }] });
  const { answer } = await hear(connect(server, "chat"));
  expect(answer.message.text).toBe(TURN.text);
  expect(answer.message.calls.map(({ name, arguments: text }) => [name, JSON.parse(text)])).toEqual(
    TURN.calls?.map((call) => [call.name, call.arguments]),
  );
  expect(answer.stop).toBe("calls");
  expect(new Set(answer.message.calls.map(({ id }) => id)).size).toBe(2);
});

it.each([
  ["messages", "whole calls"],
  ["messages", "no signature"],
  ["responses", "whole calls"],
  ["responses", "only the end"],
] as const)("%s, %s", async (protocol, quirk) => {
  await using server = await startModelServer({ turns: [{ ...TURN, quirks: [quirk] }, { text: "Done." }] });
  const model = connect(server, protocol);
  const { answer } = await hear(model);
  expect(answer.message.text).toBe(TURN.text);
  expect(answer.message.calls.map(({ name, arguments: text }) => [name, JSON.parse(text)])).toEqual(
    TURN.calls?.map((call) => [call.name, call.arguments]),
  );
  await hear(model, continued(ask(), answer));
  expect(server.requests[1]?.view?.turn).toBe(1);
});

it("every call with the index 0 is a call of its own", async () => {
  const play = async (exchange: Exchange): Promise<void> => {
    exchange.open();
    for (const frame of exchange.frames) {
      const data = typeof frame.data === "string" ? frame.data : JSON.stringify(frame.data);
      await exchange.event({
        ...frame,
        data: data.replace('"tool_calls":[{"index":1', '"tool_calls":[{"index":0'),
      });
    }
    exchange.end();
  };
  const fault = { name: "index 0", expects: "answer", play } as const;
  await using server = await startModelServer({ turns: [{ ...TURN, quirks: ["whole calls"], fault }] });
  const { answer } = await hear(connect(server, "chat"));
  expect(answer.message.calls.map(({ arguments: text }) => JSON.parse(text))).toEqual(
    TURN.calls?.map((call) => call.arguments),
  );
});

it("tokens are estimated where the server does not count them", async () => {
  await using server = await startModelServer({ turns: [{ text: "x".repeat(4000), quirks: ["no usage"] }] });
  const { answer } = await hear(connect(server, "chat"), ask({ system: "y".repeat(8000) }));
  expect(answer.usage).toMatchObject({ cached: 0, cacheWrites: 0, output: 1000 });
  expect(answer.usage.input).toBeGreaterThan(2000);
  expect(answer.usage.input).toBeLessThan(2400);
});

describe("thinking in the open", () => {
  it("goes back to the server it came from, and is not shown", async () => {
    await using server = await startModelServer({
      turns: [{ ...TURN, quirks: ["reasoning_content"] }, { text: "Done." }],
    });
    const model = connect(server, "chat");
    const request = ask();
    const { deltas, answer } = await hear(model, request);
    expect(deltas.join("")).toBe(TURN.text);
    expect(answer.message.raw?.items).toEqual([{ reasoning_content: TURN.reasoning }]);
    await hear(model, continued(request, answer));
    expect(JSON.stringify(server.requests[1]?.body)).toContain(
      `"reasoning_content":${JSON.stringify(TURN.reasoning)}`,
    );
  });
});

describe("a server that has nothing where it is asked", () => {
  it.each([
    ["responses", 404, "404 page not found", "OPENAI_BASE_URL"],
    ["chat", 404, '{"detail":"Not Found"}', "OPENAI_API_STYLE"],
    ["chat", 405, '{"detail":"Method Not Allowed"}', "OPENAI_BASE_URL"],
    ["messages", 404, "<html>Not found</html>", "ANTHROPIC_BASE_URL"],
  ] as const)(
    "is not taken for one that lacks the model: %s, %i",
    async (protocol, status, body, setting) => {
      await using server = await startModelServer({
        turns: [
          {
            faults: 1,
            fault: {
              name: "nothing",
              expects: "request_refused",
              play: (exchange) => exchange.reply(status, {}, body),
            },
          },
        ],
      });
      const asked = hear(connect(server, protocol));
      await expect(asked).rejects.toMatchObject({
        failure: "request_refused",
        message: expect.stringMatching(
          `has nothing at the address it was asked at: check .*${setting}.* \\(HTTP ${status}\\)`,
        ),
      });
    },
  );

  it.each([
    '{"error":{"message":"model \\"llama9\\" not found, try pulling it first","type":"api_error","code":null}}',
    '{"object":"error","message":"The model `llama9` does not exist.","type":"NotFoundError","code":404}',
  ])("but one that lacks the model is: %s", async (body) => {
    await using server = await startModelServer({
      turns: [
        {
          faults: 1,
          fault: {
            name: "none",
            expects: "request_refused",
            play: (exchange) => exchange.reply(404, {}, body),
          },
        },
      ],
    });
    await expect(hear(connect(server, "chat"))).rejects.toThrow(/does not know the model/);
  });
});

describe("a server that ends an answer in words of its own", () => {
  const stream = (...reasons: (string | null)[]) =>
    reasons
      .map((finish_reason) => JSON.stringify({ choices: [{ delta: { content: "Half" }, finish_reason }] }))
      .map((data) => `data: ${data}\n\n`)
      .join("");

  it.each([
    [
      "an empty reason is none, so that a cut answer does not pass for whole",
      stream("", ""),
      "broken_stream",
    ],
    ["an error is one", stream(null, "error"), "server_error"],
  ] as const)("%s", async (_, body, expects) => {
    const fault = {
      name: "its own words",
      expects,
      play: (exchange: Exchange) => exchange.reply(200, { "content-type": "text/event-stream" }, body),
    };
    await using server = await startModelServer({ turns: [{ faults: 1, fault }] });
    await expect(hear(connect(server, "chat"))).rejects.toMatchObject({ failure: expects });
  });
});
