/** The whole request, as each vendor gets it. */
import { expect, it } from "vitest";
import type { Message } from "../../../../src/agent/llm/model.ts";
import { ask, connect, hear } from "../../../support/models/connect.ts";
import { type ModelServer, startModelServer } from "../../../support/models/server.ts";

const PARAMETERS = {
  type: "object",
  properties: { path: { type: "string" }, content: { type: "string" } },
  required: ["path", "content"],
  additionalProperties: false,
};

const MESSAGES: readonly Message[] = [
  { role: "user", text: "Write two files." },
  {
    role: "assistant",
    text: "Here they are.",
    calls: [
      { id: "one", name: "write_file", arguments: '{"path": "a"}' },
      { id: "two", name: "write_file", arguments: '{"path": ' },
    ],
  },
  {
    role: "tool",
    results: [
      { callId: "one", text: "Written.", isError: false },
      { callId: "two", text: "The arguments are not JSON.", isError: true },
    ],
  },
  { role: "user", text: "Go on." },
];

const BROKEN = '{"path": ';

async function bodySent(
  server: ModelServer,
  protocol: Parameters<typeof connect>[1],
  more: Parameters<typeof connect>[2] = {},
): Promise<unknown> {
  await hear(connect(server, protocol, more), ask({ messages: MESSAGES, conversation: "r".repeat(70) }));
  return server.requests.at(-1)?.body;
}

it("asks OpenAI's Responses API to keep nothing, and for the reasoning to be sent back", async () => {
  await using server = await startModelServer({ respond: () => ({ text: "Done." }) });
  expect(await bodySent(server, "responses")).toEqual({
    model: "gpt-6.1-sol",
    stream: true,
    store: false,
    include: ["reasoning.encrypted_content"],
    instructions: "You edit files.",
    tools: [
      {
        type: "function",
        name: "write_file",
        description: "Writes a file.",
        parameters: PARAMETERS,
        strict: false,
      },
    ],
    parallel_tool_calls: true,
    input: [
      { role: "user", content: "Write two files." },
      { role: "assistant", content: "Here they are." },
      { type: "function_call", call_id: "call00000", name: "write_file", arguments: '{"path": "a"}' },
      {
        type: "function_call",
        call_id: "call00001",
        name: "write_file",
        arguments: JSON.stringify({ invalid_arguments: BROKEN }),
      },
      { type: "function_call_output", call_id: "call00000", output: "Written." },
      { type: "function_call_output", call_id: "call00001", output: "The arguments are not JSON." },
      { role: "user", content: "Go on." },
    ],
    max_output_tokens: 4000,
    prompt_cache_key: "r".repeat(64),
  });
  expect(await bodySent(server, "responses", { model: "gpt-4.1" })).not.toHaveProperty("include");
});

it("asks OpenAI for no fewer tokens than it takes", async () => {
  await using server = await startModelServer({ respond: () => ({ text: "Done." }) });
  await hear(connect(server, "responses"), ask({ maxOutputTokens: 5 }));
  expect(server.requests[0]?.body).toMatchObject({ max_output_tokens: 16 });
});

it("keeps reasoning from OpenAI that led to nothing", async () => {
  await using server = await startModelServer({ respond: () => ({ text: "Done." }) });
  const reasoning = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "cut" };
  const items = [{ type: "message", role: "assistant", content: "First" }, reasoning];
  const messages: Message[] = [
    { role: "user", text: "Write." },
    { role: "assistant", text: "First", calls: [], raw: { protocol: "responses:gpt-6.1-sol", items } },
    { role: "user", text: "Go on." },
  ];
  await hear(connect(server, "responses"), ask({ messages }));
  expect(server.requests[0]?.body).toMatchObject({
    input: [
      { role: "user", content: "Write." },
      { type: "message", role: "assistant", content: "First" },
      { role: "user", content: "Go on." },
    ],
  });
});

it("asks servers like OpenAI's in the words they all know", async () => {
  await using server = await startModelServer({ respond: () => ({ text: "Done." }) });
  expect(await bodySent(server, "chat")).toEqual({
    model: "llama-4-coder",
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: "system", content: "You edit files." },
      { role: "user", content: "Write two files." },
      {
        role: "assistant",
        content: "Here they are.",
        tool_calls: [
          {
            id: "call00000",
            type: "function",
            function: { name: "write_file", arguments: '{"path": "a"}' },
          },
          {
            id: "call00001",
            type: "function",
            function: { name: "write_file", arguments: JSON.stringify({ invalid_arguments: BROKEN }) },
          },
        ],
      },
      { role: "tool", tool_call_id: "call00000", content: "Written." },
      { role: "tool", tool_call_id: "call00001", content: "The arguments are not JSON." },
      { role: "user", content: "Go on." },
    ],
    tools: [
      {
        type: "function",
        function: { name: "write_file", description: "Writes a file.", parameters: PARAMETERS },
      },
    ],
    max_tokens: 4000,
  });
  expect(await bodySent(server, "chat", { model: "o4-mini" })).toMatchObject({
    max_completion_tokens: 4000,
  });
});

it("sends calls without words as Chat Completions have them", async () => {
  await using server = await startModelServer({ respond: () => ({ text: "Done." }) });
  const messages: Message[] = [
    { role: "user", text: "Write." },
    { role: "assistant", text: "\n", calls: [{ id: "x", name: "write_file", arguments: "{}" }] },
    { role: "tool", results: [{ callId: "x", text: "", isError: false }] },
  ];
  await hear(connect(server, "chat"), ask({ messages }));
  expect(server.requests[0]?.body).toMatchObject({
    messages: [
      { role: "system" },
      { role: "user", content: "Write." },
      { role: "assistant", content: null, tool_calls: [{ id: "call00000" }] },
      { role: "tool", tool_call_id: "call00000", content: "(nothing)" },
    ],
  });
});

it("asks OpenAI itself for its own cache and limit", async () => {
  await using server = await startModelServer({ respond: () => ({ text: "Done." }) });
  const body = await bodySent(server, "chat", {
    model: "gpt-4.1",
    baseUrl: "https://api.openai.com/v1",
    fetch: (input, init) => fetch(String(input).replace("https://api.openai.com/v1", server.openaiUrl), init),
  });
  expect(body).toMatchObject({ max_completion_tokens: 4000, prompt_cache_key: "r".repeat(64) });
  expect(body).not.toHaveProperty("max_tokens");
});

it("marks for Anthropic what it is to keep: tools, system prompt, the end and the end before", async () => {
  await using server = await startModelServer({ respond: () => ({ text: "Done." }) });
  const cache_control = { type: "ephemeral" };
  expect(await bodySent(server, "messages")).toEqual({
    model: "claude-sonnet-5-5",
    stream: true,
    max_tokens: 4000,
    thinking: { type: "adaptive", display: "summarized" },
    tools: [{ name: "write_file", description: "Writes a file.", input_schema: PARAMETERS, cache_control }],
    system: [{ type: "text", text: "You edit files.", cache_control }],
    messages: [
      { role: "user", content: [{ type: "text", text: "Write two files.", cache_control }] },
      {
        role: "assistant",
        content: [
          { type: "text", text: "Here they are." },
          { type: "tool_use", id: "call00000", name: "write_file", input: { path: "a" } },
          { type: "tool_use", id: "call00001", name: "write_file", input: { invalid_arguments: BROKEN } },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "call00000", content: "Written." },
          {
            type: "tool_result",
            tool_use_id: "call00001",
            content: "The arguments are not JSON.",
            is_error: true,
          },
          { type: "text", text: "Go on.", cache_control },
        ],
      },
    ],
  });
});

it.each([
  ["claude-sonnet-4-6", true],
  ["claude-opus-5", true],
  ["claude-fable-5-2", true],
  ["claude-sonnet-4-5-20250929", false],
  ["claude-haiku-4-5", false],
  ["claude-opus-4-20250514", false],
  ["glm-5", false],
])("lets %s think as it likes: %s", async (model, thinks) => {
  await using server = await startModelServer({ respond: () => ({ text: "Done." }) });
  const body = (await bodySent(server, "messages", { model })) as object;
  expect("thinking" in body).toBe(thinks);
});

it("sends a key to each vendor as it wants it, and nothing of the environment", async () => {
  await using server = await startModelServer({ respond: () => ({ text: "Done." }) });
  Object.assign(process.env, {
    OPENAI_ORG_ID: "org-env",
    OPENAI_PROJECT_ID: "proj-env",
    OPENAI_ADMIN_KEY: "admin-env",
  });
  Object.assign(process.env, { ANTHROPIC_API_KEY: "key-env", ANTHROPIC_AUTH_TOKEN: "token-env" });
  try {
    for (const protocol of ["responses", "chat", "messages"] as const) await bodySent(server, protocol);
  } finally {
    for (const name of ["OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"]) delete process.env[name];
    for (const name of ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"]) delete process.env[name];
  }
  expect(new Set(server.requests.map(({ apiKey }) => apiKey))).toEqual(new Set(["key-5f0c-not-for-anybody"]));
  expect(JSON.stringify(server.requests.map(({ headers }) => headers))).not.toMatch(/-env/);
});
