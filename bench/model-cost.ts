/** `npm run bench:model-cost`: what a run of 20 turns sends to each vendor, against a loop that sends everything again. */
import type { AgentTask } from "../src/agent/agent.ts";
import type { AdapterOptions } from "../src/agent/llm/adapter.ts";
import { createLlmAgent } from "../src/agent/llm/agent.ts";
import { createMessagesModel } from "../src/agent/llm/anthropic/messages.ts";
import type { Message, Model, ModelRequest, Price } from "../src/agent/llm/model.ts";
import { modelFacts } from "../src/agent/llm/models.ts";
import { createChatModel } from "../src/agent/llm/openai/chat.ts";
import { createResponsesModel } from "../src/agent/llm/openai/responses.ts";
import { createRuleAgent } from "../src/agent/rules/agent.ts";
import { startForge } from "../test/support/forge/server.ts";
import { type ModelServer, type RecordedRequest, startModelServer } from "../test/support/models/server.ts";
import type { Turn } from "../test/support/models/turn.ts";
import { open, TOKENS } from "../test/support/open.ts";

/** Files of a repository in which the script looks around, and characters of each. */
const FILES = 16;
const LINES = 420;
const TURNS = 20;

const VENDORS = [
  { name: "Anthropic Messages", model: "claude-sonnet-5-5", create: createMessagesModel },
  { name: "OpenAI Responses", model: "gpt-5.5", create: createResponsesModel },
  { name: "OpenAI Chat Completions", model: "gpt-5.5", create: createChatModel },
] as const;

/** How much a turn of the script looks at: a task in a few files, and one that reads its way through many. */
const TASKS = { small: 60, large: LINES } as const;

interface Sent {
  readonly bytes: number;
  readonly input: number;
  readonly cached: number;
  readonly usd: number;
}

function source(file: number): string {
  const lines = Array.from({ length: LINES }, (_, line) => {
    const name = `part${file}_${line}`;
    return `export function ${name}(value: number): number { return value * ${line + 1} + ${file}; }`;
  });
  return `${lines.join("\n")}\n`;
}

/** Look around, then a read of one file and an edit of it in turn, then finish: TURNS answers. */
function script(linesRead: number): readonly Turn[] {
  const path = (file: number) => `src/part${file}.ts`;
  const middle = Array.from({ length: TURNS - 2 }, (_, at): Turn => {
    const file = (at >>> 1) % FILES;
    if (at % 2 === 0) {
      const input = { path: path(file), start_line: 1, end_line: linesRead };
      return { text: `I read part ${file}.`, calls: [{ name: "read_file", arguments: input }] };
    }
    const old_text = `return value * 1 + ${file};`;
    const input = { path: path(file), old_text, new_text: `return value + ${file};` };
    return { calls: [{ name: "edit_file", arguments: input }] };
  });
  return [
    {
      text: "I look around.",
      calls: [
        { name: "list_files", arguments: {} },
        { name: "search_files", arguments: { query: "value \\* 1 ", regex: true } },
      ],
    },
    ...middle,
    {
      calls: [
        { name: "finish", arguments: { title: "Drop needless factors", summary: "Factors of 1 are gone." } },
      ],
    },
  ];
}

/** Carries the script out with our loop; returns the whole conversation beside what was sent. */
async function ours(create: (url: ModelServer) => Model, linesRead: number) {
  await using forge = await startForge({ tokens: TOKENS });
  const files = Object.fromEntries(Array.from({ length: FILES }, (_, i) => [`src/part${i}.ts`, source(i)]));
  const { workspace } = await open(await forge.addRepository("octo/library", { files }));
  const turns = script(linesRead);
  let turn = 0;
  await using server = await startModelServer({ respond: () => turns[turn++] ?? { text: "?" } });
  const model = create(server);
  const never = new AbortController().signal;
  const task: AgentTask = {
    prompt: "Drop the factors of 1 in src/",
    repository: "octo/library",
    workspace,
    budget: { maxTurns: 100, maxTokens: 10_000_000, maxCostUsd: 100, deadline: never },
    redact: (text) => text,
    isProtected: () => false,
    signal: never,
  };
  const requests: ModelRequest[] = [];
  const listening: Model = {
    ...model,
    answer(request) {
      requests.push(request);
      return model.answer(request);
    },
  };
  const agent = createLlmAgent({
    models: [listening],
    rules: createRuleAgent(),
    now: Date.now,
    random: Math.random,
  });
  const messages: Message[] = [];
  for await (const event of agent.run(task)) {
    if (event.type === "checkpoint") messages.push(...((event.append ?? []) as Message[]));
  }
  if (server.requests.length !== TURNS)
    throw new Error(`${server.requests.length} turns instead of ${TURNS}`);
  const [first] = requests;
  if (first === undefined) throw new Error("nothing was asked");
  return { sent: sentBy(server.requests, model.price), messages, first };
}

/** The same conversation, all of it in every request, nothing marked for a cache and none of it read from one. */
async function naive(
  create: (server: ModelServer) => Model,
  messages: readonly Message[],
  first: ModelRequest,
): Promise<Sent> {
  await using server = await startModelServer({ respond: () => ({ text: "Go on." }) });
  const model = create(server);
  for (const [index, message] of messages.entries()) {
    if (message.role !== "assistant") continue;
    const asked = model.answer({ ...first, messages: messages.slice(0, index), conversation: String(index) });
    while ((await asked.next()).done !== true);
  }
  const { bytes, input } = sentBy(server.requests, undefined);
  return { bytes, input, cached: 0, usd: (input * (model.price?.input ?? 0)) / 1_000_000 };
}

function sentBy(requests: readonly RecordedRequest[], price: Price | undefined): Sent {
  let sent: Sent = { bytes: 0, input: 0, cached: 0, usd: 0 };
  for (const { bytes, usage } of requests) {
    if (usage === undefined) throw new Error("a request was not answered");
    const plain = usage.input - usage.cached - usage.cacheWrites;
    const millionths =
      plain * (price?.input ?? 0) +
      usage.cached * (price?.cached ?? 0) +
      usage.cacheWrites * (price?.cacheWrite ?? 0);
    sent = {
      bytes: sent.bytes + bytes,
      input: sent.input + usage.input,
      cached: sent.cached + usage.cached,
      usd: sent.usd + millionths / 1_000_000,
    };
  }
  return sent;
}

async function main(): Promise<void> {
  const rows = [
    "| task | vendor | bytes sent | naive | **ratio** | input from cache | input cost to naive |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
  ];
  for (const [task, linesRead] of Object.entries(TASKS)) {
    for (const { name, model, create } of VENDORS) {
      const provider = create === createMessagesModel ? "anthropic" : "openai";
      const made = (server: ModelServer, facts = modelFacts(provider, model, {})): Model =>
        create(options(server, provider, model, facts));
      const { sent, messages, first } = await ours(made, linesRead);
      const plain = await naive(made, messages, first);
      const cells = [
        task,
        name,
        sent.bytes.toLocaleString("en"),
        plain.bytes.toLocaleString("en"),
        (sent.bytes / plain.bytes).toFixed(3),
        `${((100 * sent.cached) / sent.input).toFixed(1)} %`,
        (sent.usd / plain.usd).toFixed(3),
      ];
      rows.push(`| ${cells.join(" | ")} |`);
    }
  }
  console.log(rows.join("\n"));
}

function options(
  server: ModelServer,
  provider: Model["provider"],
  model: string,
  facts: AdapterOptions["facts"],
): AdapterOptions {
  return {
    apiKey: "bench-key-0123456789",
    baseUrl: provider === "openai" ? server.openaiUrl : server.anthropicUrl,
    model,
    fetch,
    facts,
    idleTimeoutMs: 60_000,
    answerTimeoutMs: 300_000,
  };
}

await main();
