/** The model server is as strict as the vendors, and its streams are what their own SDKs read. */
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { createPromptCache } from "./models/cache.ts";
import { ask, connect, continued, hear } from "./models/connect.ts";
import { faultsOf } from "./models/faults.ts";
import { type ModelServer, startModelServer } from "./models/server.ts";
import { PROTOCOLS, type Protocol, type Turn } from "./models/turn.ts";
import { until } from "./until.ts";

const TURN: Turn = {
  reasoning: "Hm 🤔.",
  text: 'Grüße "🙂"',
  calls: [
    { name: "read_file", arguments: { path: "ü 🙂\n" } },
    { name: "read_file", arguments: { path: "b" } },
  ],
};
const USER = { role: "user", content: "Hello." };
const TOOL = { type: "object", properties: {} };

/** A request that is all right, with an answer of two calls behind it. */
const GOOD = {
  responses: {
    model: "gpt-6.1-sol",
    stream: true,
    input: [
      USER,
      { type: "function_call", call_id: "c1", name: "a", arguments: "{}" },
      { type: "function_call", call_id: "c2", name: "a", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "1" },
      { type: "function_call_output", call_id: "c2", output: "2" },
    ],
    tools: [{ type: "function", name: "a", parameters: TOOL, strict: false }],
  },
  chat: {
    model: "gpt-4.1",
    stream: true,
    messages: [
      USER,
      {
        role: "assistant",
        content: null,
        tool_calls: ["c1", "c2"].map((id) => ({
          id,
          type: "function",
          function: { name: "a", arguments: "{}" },
        })),
      },
      { role: "tool", tool_call_id: "c1", content: "1" },
      { role: "tool", tool_call_id: "c2", content: "2" },
    ],
    tools: [{ type: "function", function: { name: "a", parameters: TOOL } }],
  },
  messages: {
    model: "claude-sonnet-5-5",
    stream: true,
    max_tokens: 100,
    messages: [
      USER,
      {
        role: "assistant",
        content: ["c1", "c2"].map((id) => ({ type: "tool_use", id, name: "a", input: {} })),
      },
      {
        role: "user",
        content: ["c1", "c2"].map((id) => ({ type: "tool_result", tool_use_id: id, content: "1" })),
      },
    ],
    tools: [{ name: "a", input_schema: TOOL }],
  },
} as const satisfies Record<Protocol, object>;

const PATH: Readonly<Record<Protocol, string>> = {
  responses: "/v1/responses",
  chat: "/v1/chat/completions",
  messages: "/v1/messages",
};

async function post(server: ModelServer, protocol: Protocol, body: unknown, key = "key"): Promise<Response> {
  return await fetch(`${server.anthropicUrl}${PATH[protocol]}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "anthropic-version": "2023-06-01" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** A body with one text in its JSON replaced, which has to be there. */
function changed(protocol: Protocol, from: string, to: string): string {
  const json = JSON.stringify(GOOD[protocol]);
  if (!json.includes(from)) throw new Error(`no ${from} in ${json}`);
  return json.replace(from, to);
}

const LONG = "c".repeat(65);
const LEAF = JSON.stringify({ cache_control: { type: "ephemeral" } }).slice(1, -1);
const WRONG: Readonly<
  Record<Protocol, readonly (readonly [what: string, complaint: string, from: string, to: string])[]>
> = {
  responses: [
    ["a field that is not in the types", "nope", '"stream":true', '"stream":true,"nope":1'],
    ["no stream", "stream", '"stream":true', '"stream":false'],
    [
      "a result that is missing",
      "the end before the results of c2",
      ',{"type":"function_call_output","call_id":"c2","output":"2"}',
      "",
    ],
    [
      "a result that nobody asked for",
      'a result for "c3"',
      '"call_id":"c2","output"',
      '"call_id":"c3","output"',
    ],
    [
      "an id that comes twice",
      "the call id c1 comes twice",
      '"call_id":"c2","name"',
      '"call_id":"c1","name"',
    ],
    ["an id that is too long", "is not allowed", '"call_id":"c2","name"', `"call_id":"${LONG}","name"`],
    ["arguments that are no JSON", "arguments are no JSON", '"arguments":"{}"', '"arguments":"{"'],
    ["arguments that are no object", "arguments are no object", '"arguments":"{}"', '"arguments":"[]"'],
    ["half a surrogate pair", "half a surrogate pair", "Hello.", "\\ud83d"],
    [
      "a name of a tool with a blank",
      'the tool name "a b"',
      '"type":"function","name":"a"',
      '"type":"function","name":"a b"',
    ],
    [
      "no user at the start",
      "not begin with the user",
      JSON.stringify(USER),
      JSON.stringify({ role: "assistant", content: "x" }),
    ],
    [
      "too few tokens",
      "max_output_tokens is less than 16",
      '"stream":true',
      '"stream":true,"max_output_tokens":8',
    ],
    ["a long cache key", "prompt_cache_key", '"stream":true', `"stream":true,"prompt_cache_key":"${LONG}"`],
    [
      "reasoning of a model that does not reason",
      "not supported with gpt-4.1",
      '"gpt-6.1-sol"',
      '"gpt-4.1","include":["reasoning.encrypted_content"]',
    ],
    [
      "reasoning that nobody thought",
      "could not be verified",
      `${JSON.stringify(USER)},`,
      `${JSON.stringify(USER)},{"type":"reasoning","id":"r","summary":[],"encrypted_content":"x"},`,
    ],
  ],
  chat: [
    ["a field that is not in the types", "nope", '"stream":true', '"stream":true,"nope":1'],
    [
      "a result that is missing",
      "the end before the results of c2",
      ',{"role":"tool","tool_call_id":"c2","content":"2"}',
      "",
    ],
    ["a result that nobody asked for", 'a result for "c3"', '"tool_call_id":"c2"', '"tool_call_id":"c3"'],
    ["an id that is too long", "is not allowed", '"id":"c2"', `"id":"${"c".repeat(41)}"`],
    ["arguments that are no JSON", "arguments are no JSON", '"arguments":"{}"', '"arguments":"{"'],
    ["half a surrogate pair", "half a surrogate pair", "Hello.", "\\udc00"],
    [
      "max_tokens for a model that reasons",
      "use max_completion_tokens",
      '"gpt-4.1"',
      '"o4-mini","max_tokens":50',
    ],
    [
      "an answer without anything",
      "neither content nor calls",
      '"tool_calls":[',
      '"refusal":"x","audio":null},{"role":"user","content":"x"},{"role":"assistant","tool_calls":[',
    ],
    [
      "thinking in the open that is not the server's",
      "reasoning_content",
      '"content":null',
      '"content":null,"reasoning_content":"x"',
    ],
  ],
  messages: [
    ["a field that is not in the types", "nope", '"stream":true', '"stream":true,"nope":1'],
    ["no max_tokens", "max_tokens", '"max_tokens":100,', ""],
    ["blank text", "nothing but white space", '"Hello."', '" \\n"'],
    [
      "a result that is missing",
      "the end before the results of c2",
      ',{"type":"tool_result","tool_use_id":"c2","content":"1"}',
      "",
    ],
    ["a result that nobody asked for", 'a result for "c3"', '"tool_use_id":"c2"', '"tool_use_id":"c3"'],
    [
      "text before the results",
      "a block text before the results of c1, c2",
      '"content":[{"type":"tool_result"',
      '"content":[{"type":"text","text":"x"},{"type":"tool_result"',
    ],
    ["an id with a dot", 'the call id "c.2" is not allowed', '"id":"c2"', '"id":"c.2"'],
    ["input that is no object", "is no object", '"input":{}', '"input":[]'],
    [
      "two users in a row",
      "two messages of the user in a row",
      JSON.stringify(USER),
      `${JSON.stringify(USER)},${JSON.stringify(USER)}`,
    ],
    [
      "no user at the start",
      "not begin with the user",
      JSON.stringify(USER),
      '{"role":"assistant","content":"x"},{"role":"user","content":"x"}',
    ],
    ["an error without content", "an error without content", '"content":"1"', '"content":"","is_error":true'],
    [
      "five breakpoints",
      "5 cache breakpoints",
      '"stream":true',
      `"stream":true,"system":[${Array.from({ length: 5 }, () => `{"type":"text","text":"x",${LEAF}}`).join(",")}]`,
    ],
    [
      "thinking that nobody thought",
      "was never given",
      '"content":[{"type":"tool_use"',
      '"content":[{"type":"thinking","thinking":"x","signature":"x"},{"type":"tool_use"',
    ],
    ["half a surrogate pair", "half a surrogate pair", "Hello.", "\\ud83d"],
  ],
};

describe.each(PROTOCOLS)("%s", (protocol) => {
  it("takes what the vendor takes", async () => {
    await using server = await startModelServer({ turns: [{}, TURN] });
    const response = await post(server, protocol, GOOD[protocol]);
    expect(response.status).toBe(200);
    await response.text();
    expect(server.requests[0]?.view).toMatchObject({
      protocol,
      turn: 1,
      results: [{ callId: "c1" }, { callId: "c2" }],
      tools: [{ name: "a", parameters: TOOL }],
      attempt: 0,
    });
  });

  it.each(WRONG[protocol])("refuses %s", async (_, complaint, from, to) => {
    await using server = await startModelServer({ respond: () => TURN });
    const response = await post(server, protocol, changed(protocol, from, to));
    expect(response.status).toBe(400);
    expect(server.takeViolations().join("; ")).toContain(complaint);
  });

  it("refuses what is not JSON", async () => {
    await using server = await startModelServer({ turns: [TURN] });
    expect((await post(server, protocol, "not JSON")).status).toBe(400);
    expect(server.takeViolations()).toHaveLength(1);
  });

  it("answers with each fault as often as it is told to", async () => {
    await using server = await startModelServer({
      turns: [{ text: "x" }, { ...TURN, fault: "503", faults: 2 }],
    });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const response = await post(server, protocol, GOOD[protocol]);
      statuses.push(response.status);
      await response.text();
    }
    expect(statuses).toEqual([503, 503, 200]);
    expect(server.requests.map(({ view }) => view?.attempt)).toEqual([0, 1, 2]);
  });

  it("knows keys, and who left", async () => {
    await using server = await startModelServer({
      respond: () => ({ text: "x", fault: "a stall behind the headers" }),
      keys: ["good"],
    });
    expect((await post(server, protocol, GOOD[protocol], "bad")).status).toBe(401);
    const response = await post(server, protocol, GOOD[protocol], "good");
    await response.body?.cancel();
    await until("the server has noticed", () => server.requests[1]?.state === "left");
    expect(server.requests[0]?.state).toBe("sent");
  });

  it("has more than 40 faults, each with a name of its own", () => {
    const names = faultsOf(protocol).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(40);
    expect(new Set(names).size).toBe(names.length);
  });
});

it.each([
  ["responses", "encrypted_content", "could not be verified"],
  ["messages", "signature", "was never given"],
  ["messages", "thinking", "a thinking block was changed"],
] as const)("refuses thoughts at %s whose %s was changed", async (protocol, field, complaint) => {
  await using server = await startModelServer({ turns: [TURN, TURN] });
  const model = connect(server, protocol);
  const request = continued(ask(), (await hear(model)).answer);
  const changes = JSON.parse(JSON.stringify(request.messages), (key, value) =>
    key === field && typeof value === "string" ? `${value}!` : value,
  );
  await expect(hear(model, { ...request, messages: changes })).rejects.toThrow("HTTP 400");
  expect(server.takeViolations()).toEqual([expect.stringContaining(complaint)]);
});

it("fails the test when a request was against the rules, or the script was too short", async () => {
  const server = await startModelServer({ turns: [] });
  expect((await post(server, "chat", GOOD.chat)).status).toBe(500);
  await post(server, "chat", {});
  await expect(server.close()).rejects.toThrow(
    /the script has no turn 1\n\/v1\/chat\/completions: .*required/,
  );
});

describe("the prompt cache", () => {
  const block = (text: string, marked = false) => ({
    type: "text",
    text,
    ...(marked ? { cache_control: { type: "ephemeral" } } : {}),
  });
  const asking = (content: readonly object[]) => ({ model: "m", messages: [{ role: "user", content }] });
  const long = "x".repeat(8000);

  it("of Anthropic keeps what is marked, from 1,024 tokens on, and is found up to 20 blocks later", () => {
    const cache = createPromptCache();
    const read = (content: readonly object[], key = "key") => cache.read("messages", asking(content), key);
    const fill = (count: number) => Array.from({ length: count }, () => block("w"));
    expect(read([block("short", true)])).toMatchObject({ cached: 0, cacheWrites: 0 });
    const first = read([block(long, true)]);
    expect(first).toEqual({ input: first.input, cached: 0, cacheWrites: first.input });
    expect(read([block(long), block("y", true)]).cached).toBe(first.input);
    expect(read([block(long), ...fill(19), block("z", true)]).cached).toBe(first.input);
    expect(read([block(long), ...fill(20), block("z", true)]).cached).toBe(0);
    expect(read([block(long, true)], "another key").cached).toBe(0);
    expect(read([block(`${long}.`, true)]).cached).toBe(0);
  });

  it("of OpenAI finds the longest beginning by itself, in steps of 128 tokens", () => {
    const cache = createPromptCache();
    const read = (text: string, model = "gpt-6.1-sol", key = "run") =>
      cache.read(
        "chat",
        { model, messages: [{ role: "user", content: text }], prompt_cache_key: key },
        "key",
      );
    const first = read(long);
    expect(first).toEqual({ input: first.input, cached: 0, cacheWrites: first.input });
    const second = read(`${long} and more`);
    expect(second.cached).toBe(1920);
    expect(second.cacheWrites).toBe(second.input - 1920);
    expect(read(`${long} and more`, "gpt-4.1")).toMatchObject({ cached: 0, cacheWrites: 0 });
    expect(read(`${long} and more`, "gpt-6.1-sol", "other").cached).toBe(0);
    expect(read("short").cached).toBe(0);
  });
});

describe("the vendors' own SDKs read", () => {
  it("what OpenAI's Responses API says", async () => {
    await using server = await startModelServer({ turns: [TURN] });
    const client = new OpenAI({ apiKey: "key", baseURL: server.openaiUrl });
    const input = [{ role: "user" as const, content: "Hello." }];
    const response = await client.responses.stream({ model: "gpt-6.1-sol", input }).finalResponse();
    expect(response.output_text).toBe(TURN.text);
    const calls = response.output.flatMap((item) => (item.type === "function_call" ? [item] : []));
    expect(calls.map(({ name, arguments: text }) => ({ name, arguments: JSON.parse(text) }))).toEqual(
      TURN.calls,
    );
    expect(response.usage?.input_tokens).toBe(server.requests[0]?.usage?.input);
  });

  it("what its Chat Completions say", async () => {
    await using server = await startModelServer({ turns: [{ ...TURN, interleaved: true }] });
    const client = new OpenAI({ apiKey: "key", baseURL: server.openaiUrl });
    const messages = [{ role: "user" as const, content: "Hello." }];
    const stream = client.chat.completions.stream({ model: "gpt-4.1", messages });
    const message = (await stream.finalChatCompletion()).choices[0]?.message;
    expect(message?.content).toBe(TURN.text);
    const calls = message?.tool_calls?.flatMap((call) => (call.type === "function" ? [call.function] : []));
    expect(calls?.map(({ name, arguments: text }) => ({ name, arguments: JSON.parse(text) }))).toEqual(
      TURN.calls,
    );
  });

  it("what Anthropic's Messages API says", async () => {
    await using server = await startModelServer({ turns: [TURN] });
    const client = new Anthropic({ apiKey: "key", baseURL: server.anthropicUrl });
    const message = await client.messages
      .stream({
        model: "claude-sonnet-5-5",
        max_tokens: 100,
        thinking: { type: "adaptive", display: "summarized" },
        messages: [{ role: "user", content: "Hello." }],
      })
      .finalMessage();
    expect(message.content.map((block) => (block.type === "tool_use" ? block.input : block.type))).toEqual([
      "thinking",
      "text",
      ...(TURN.calls ?? []).map((call) => call.arguments),
    ]);
    expect(message.content[0]).toMatchObject({ thinking: TURN.reasoning });
  });
});
