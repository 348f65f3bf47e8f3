/** Runs that a model drives, end to end: the built Worker, a real git server, and a scripted vendor for each protocol. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Api, createApi } from "../support/api.ts";
import { faultNamed } from "../support/models/faults.ts";
import { type ModelServer, startModelServer } from "../support/models/server.ts";
import type { Protocol, ScriptRequest, Turn } from "../support/models/turn.ts";
import { SERVICE_LOGIN, type Service, startService } from "../support/service.ts";
import { until } from "../support/until.ts";

const KEYS = {
  OPENAI_API_KEY: "canary-openai-key-0123456789",
  ANTHROPIC_API_KEY: "canary-anthropic-key-0123456789",
};
const VENDORS: Readonly<
  Record<Protocol, { readonly provider: "openai" | "anthropic"; readonly model: string }>
> = {
  responses: { provider: "openai", model: "gpt-6.1-sol" },
  chat: { provider: "openai", model: "gpt-6.1-sol" },
  messages: { provider: "anthropic", model: "claude-sonnet-5-5" },
};

const GREETING: readonly Turn[] = [
  {
    text: "I look at the file first, naïvely 😀.",
    calls: [
      { name: "read_file", arguments: { path: "README.md" } },
      { name: "search_files", arguments: { query: "Hello" } },
    ],
  },
  {
    calls: [{ name: "edit_file", arguments: { path: "README.md", old_text: "Hello", new_text: "Grüße 😀" } }],
  },
  {
    calls: [
      { name: "finish", arguments: { title: "Greet in German", summary: "- README.md greets in German." } },
    ],
  },
];

/** Turns by what the prompt begins with: `stall: <fault>` meets that fault after an edit. */
function answer(request: ScriptRequest): Turn {
  const [first] = request.messages;
  const fault = first?.role === "user" ? /stall: (.*)/.exec(first.text)?.[1] : undefined;
  if (fault === undefined) return GREETING[request.turn] ?? { text: "?" };
  const edit = GREETING[1] ?? {};
  return request.turn === 0 ? edit : { ...edit, fault: faultNamed(request.protocol, fault) };
}

describe.each(["responses", "chat", "messages"] as const)("a run over %s", (protocol) => {
  const { provider, model } = VENDORS[protocol];
  let models: ModelServer;
  let service: Service;
  let api: Api;

  beforeAll(async () => {
    models = await startModelServer({ respond: answer, keys: Object.values(KEYS) });
    service = await startService({
      env: {
        ...KEYS,
        OPENAI_BASE_URL: models.openaiUrl,
        ANTHROPIC_BASE_URL: models.anthropicUrl,
        OPENAI_API_STYLE: protocol === "chat" ? "chat" : "responses",
        MAX_RUNS_PER_CALLER: "100",
      },
    });
    api = createApi(service.worker.url, {});
  });
  afterAll(async () => {
    await service.close();
    await models.close();
  });

  const repository = (name: string) =>
    service.forge.addRepository(`${SERVICE_LOGIN}/${name}`, { files: { "README.md": "# Demo\n\nHello\n" } });
  const body = (name: string, prompt: string) => ({
    repoUrl: `${service.forge.url}/${SERVICE_LOGIN}/${name}`,
    prompt,
    use_llm: true,
    llm_provider: provider,
  });

  test("tells every word, call and cost as it happens, and opens a pull request", async () => {
    const demo = await repository("demo");
    const events = await service.run(body("demo", "Greet in German"));

    const from = events.findIndex((event) => event.type === "progress" && event.step === "edit");
    const to = events.findIndex((event) => event.type === "success" && event.step === "edit");
    const work = events.slice(from + 1, to);
    const words = work.flatMap((event) => (event.type === "text" ? [event.delta] : []));
    expect(words.length).toBeGreaterThan(1);
    expect(words.join("")).toBe(GREETING[0]?.text);
    const tool = (name: string) => ["started", "ok"].map((status) => `tool ${name} ${status}`);
    const told = work.flatMap((event) => {
      if (event.type === "text") return [];
      return [event.type === "tool" ? `tool ${event.name} ${event.status}` : event.type];
    });
    expect(told).toEqual([
      ...tool("read_file"),
      ...tool("search_files"),
      "usage",
      ...tool("edit_file"),
      "usage",
      ...tool("finish"),
      "usage",
      "change",
    ]);
    const usage = work.filter((event) => event.type === "usage");
    expect(usage.map(({ turns }) => turns)).toEqual([1, 2, 3]);
    expect(usage.at(-1)?.cached_tokens).toBeGreaterThan(0);

    const [pull] = demo.pullRequests;
    const { input_tokens, output_tokens, cached_tokens, cost_usd, turns } = usage.at(-1) ?? {};
    expect(events.at(-1)).toMatchObject({
      type: "done",
      status: "succeeded",
      agent: provider,
      model,
      agent_reason: `The request asked for ${provider}, so ${provider} (${model}) did the work.`,
      changes: [{ path: "README.md", kind: "modified", additions: 1, deletions: 1 }],
      usage: { input_tokens, output_tokens, cached_tokens, cost_usd, turns },
    });
    expect(pull?.title).toBe("Greet in German");
    expect(pull?.body).toContain(`${provider} (${model})`);
    expect(await demo.git("show", `${pull?.head}:README.md`)).toBe("# Demo\n\nGrüße 😀");
  });

  test.each([
    "nothing, not even headers",
    "a stall behind the headers",
    "a stall inside an event",
    "429 Retry-After in seconds",
  ])("that meets %s is cancelled there: the request is cut, and none follows", async (fault) => {
    const name = `stall-${fault.replace(/\W+/g, "-")}`;
    const stalled = await repository(name);
    const { id } = await api.start(body(name, `stall: ${fault}`));
    const mine = () => models.requests.filter(({ body }) => JSON.stringify(body).includes(`stall: ${fault}`));
    await until("the model stalls", async () => mine().length === 2 && mine()[1]);
    const waits = fault.startsWith("429");
    if (waits) await until("the run waits", async () => (await api.soFar(id)).includes('"waiting"'));

    const view = await api.cancel(id);
    expect(view).toMatchObject({
      status: "cancelled",
      pr_url: null,
      message: "Cancelled. Nothing more is sent.",
    });
    if (!waits) await until("the request is cut", async () => mine()[1]?.state === "left");
    expect(mine()).toHaveLength(2);
    expect(stalled.pullRequests).toEqual([]);
    const events = await api.events(id);
    expect(events.at(-1)).toMatchObject({ type: "done", status: "cancelled", agent: provider });
  });
});
