/** Every turn reads from the vendor's cache what the turn before wrote, and thinking goes back only where it belongs. */
import { describe, expect, it } from "vitest";
import type { Message, ModelRequest } from "../../../../src/agent/llm/model.ts";
import { ask, connect, continued, hear } from "../../../support/models/connect.ts";
import { startModelServer } from "../../../support/models/server.ts";
import type { Protocol, Turn } from "../../../support/models/turn.ts";

const SYSTEM = "Rules of the house. ".repeat(400);

/** A run of so many turns, each with so many calls; returns the last request. */
async function run(
  model: ReturnType<typeof connect>,
  turns: number,
  request: ModelRequest = ask({ system: SYSTEM }),
): Promise<ModelRequest> {
  let next = request;
  for (let turn = 0; turn < turns; turn += 1) {
    next = continued(next, (await hear(model, next)).answer, "x".repeat(2000));
  }
  return next;
}

function turnsWith(calls: number): readonly Turn[] {
  return Array.from({ length: 10 }, (_, turn) => ({
    reasoning: `Thought ${turn}.`,
    calls: Array.from({ length: calls }, (_, call) => ({
      name: "write_file",
      arguments: { path: `${turn}/${call}`, content: "y".repeat(300) },
    })),
  }));
}

describe.each([1, 30])("with %i calls a turn", (calls) => {
  it("Anthropic reads all that it wrote the turn before", async () => {
    await using server = await startModelServer({ turns: turnsWith(calls), chunking: "whole" });
    await run(connect(server, "messages"), 6);
    const usages = server.requests.map(({ usage }) => usage);
    for (const [turn, usage] of usages.entries()) {
      const before = usages[turn - 1];
      expect(usage?.cached).toBe(before === undefined ? 0 : before.cached + before.cacheWrites);
      // all that is new is written, to the last token
      expect(usage?.input).toBe((usage?.cached ?? 0) + (usage?.cacheWrites ?? 0));
    }
  });

  it.each(["responses", "chat"] as const)(
    "OpenAI's %s reads all but the last step of it",
    async (protocol) => {
      await using server = await startModelServer({ turns: turnsWith(calls), chunking: "whole" });
      await run(connect(server, protocol), 6);
      const usages = server.requests.map(({ usage }) => usage);
      for (const [turn, usage] of usages.entries()) {
        const before = usages[turn - 1];
        if (before === undefined) continue;
        expect(usage?.cached).toBeGreaterThan(before.input - 256);
      }
    },
  );
});

it("the tools and the system prompt are read in another conversation too", async () => {
  await using server = await startModelServer({ turns: turnsWith(1) });
  const model = connect(server, "messages");
  await run(model, 1);
  await run(model, 1, ask({ system: SYSTEM, messages: [{ role: "user", text: "Something else." }] }));
  const [first, second] = server.requests.map(({ usage }) => usage);
  expect(first?.cached).toBe(0);
  expect(second?.cached).toBeGreaterThan(2000);
});

function thoughts(body: unknown, protocol: Protocol): number {
  const type = protocol === "messages" ? "thinking" : "reasoning";
  const text = JSON.stringify(body);
  return text.split(`"type":"${type}"`).length - 1;
}

describe("what the model thought", () => {
  it("goes back to Anthropic behind the same conversation only", async () => {
    await using server = await startModelServer({ turns: turnsWith(1) });
    const model = connect(server, "messages");
    const request = await run(model, 4);
    const shortened = request.messages.map(
      (message, index): Message =>
        message.role === "tool" && index < 4
          ? { role: "tool", results: message.results.map((result) => ({ ...result, text: "(shortened)" })) }
          : message,
    );
    await run(model, 2, { ...request, messages: shortened });
    // the first answer came before anything that was shortened; later ones are behind it
    expect(server.requests.map(({ body }) => thoughts(body, "messages"))).toEqual([0, 1, 2, 3, 1, 2]);
  });

  it("goes back to Anthropic only with the same system prompt", async () => {
    await using server = await startModelServer({ turns: turnsWith(1) });
    const model = connect(server, "messages");
    const request = await run(model, 2);
    await run(model, 1, { ...request, system: `${SYSTEM}!` });
    expect(server.requests.map(({ body }) => thoughts(body, "messages"))).toEqual([0, 1, 0]);
  });

  it("goes back to OpenAI in every case, but not without what it led to", async () => {
    await using server = await startModelServer({ turns: turnsWith(1) });
    const model = connect(server, "responses");
    const request = await run(model, 3);
    const emptied = request.messages.map(
      (message): Message =>
        message.role === "assistant" ? { ...message, text: "Cut.", calls: [] } : message,
    );
    await run(model, 1, { ...request, messages: emptied.filter(({ role }) => role !== "tool") }).catch(
      () => undefined,
    );
    expect(server.requests.map(({ body }) => thoughts(body, "responses"))).toEqual([0, 1, 2, 3]);
    expect(server.takeViolations()).toEqual([expect.stringContaining("ends with the assistant")]);
  });
});
