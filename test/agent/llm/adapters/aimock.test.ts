/** Somebody else's implementation of the wire is understood as well as our own. */
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ask, connect, continued, hear } from "../../../support/models/connect.ts";
import { PROTOCOLS } from "../../../support/models/turn.ts";

const CONTENT = 'A "file" 🙂\n'.repeat(40);
const mock = new LLMock({ port: 0, chunkSize: 7 });

beforeAll(async () => {
  mock.on(
    { userMessage: /Write/, hasToolResult: false },
    {
      content: "I write it.",
      toolCalls: [
        { name: "write_file", arguments: JSON.stringify({ path: "a", content: CONTENT }) },
        { name: "write_file", arguments: JSON.stringify({ path: "b", content: "b" }) },
      ],
    },
  );
  mock.on({ hasToolResult: true }, { content: "Both are written 🙂." });
  await mock.start();
});
afterAll(() => mock.stop());

describe.each(PROTOCOLS)("%s", (protocol) => {
  it("brings tool calls, then a text", async () => {
    const server = { openaiUrl: `${mock.url}/v1`, anthropicUrl: mock.url };
    const model = connect(server, protocol);
    const request = ask();
    const first = await hear(model, request);
    expect(first.deltas.join("")).toBe("I write it.");
    expect(first.answer.stop).toBe("calls");
    expect(first.answer.message.calls.map(({ name, arguments: text }) => [name, JSON.parse(text)])).toEqual([
      ["write_file", { path: "a", content: CONTENT }],
      ["write_file", { path: "b", content: "b" }],
    ]);
    const second = await hear(model, continued(request, first.answer));
    expect(second.answer.stop).toBe("end");
    expect(second.answer.message).toMatchObject({ text: "Both are written 🙂.", calls: [] });
    expect(second.deltas.length).toBeGreaterThan(1);
    expect(second.answer.usage.output).toBeGreaterThan(0);
  });
});
