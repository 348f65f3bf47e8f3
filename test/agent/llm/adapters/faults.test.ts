/** Attack 22 at the adapters: whatever goes wrong, after any event of an answer, becomes one of our failures, in time. */
import { describe, expect, it } from "vitest";
import { ModelError } from "../../../../src/agent/llm/model.ts";
import { ask, connect, hear, KEY } from "../../../support/models/connect.ts";
import { VENDOR_WORDS } from "../../../support/models/fault.ts";
import { faultsOf } from "../../../support/models/faults.ts";
import { startModelServer } from "../../../support/models/server.ts";
import { PROTOCOLS, type Turn } from "../../../support/models/turn.ts";

const TURN: Turn = {
  reasoning: "The user wants two files.",
  text: "I write both — naïvely 🙂.",
  calls: [
    { name: "write_file", arguments: { path: "a.txt", content: "A 🙂\n" } },
    { name: "write_file", arguments: { path: "b.txt", content: 'B "\\u0000"\n' } },
  ],
};

describe.each(PROTOCOLS)("%s", (protocol) => {
  it("takes comments for a sign of life, but not for ever", async () => {
    await using server = await startModelServer({ turns: [{ ...TURN, fault: "endless comments" }] });
    const model = connect(server, protocol, { idleTimeoutMs: 1000, answerTimeoutMs: 1500 });
    await expect(hear(model)).rejects.toThrow("did not finish its answer within 1.5 s");
  });

  it.each(faultsOf(protocol).map((fault) => [fault.name, fault] as const))("%s", async (_, fault) => {
    await using server = await startModelServer({ turns: [{ ...TURN, fault }] });
    const limits = fault.hangs === true ? { idleTimeoutMs: 300, answerTimeoutMs: 600 } : {};
    const model = connect(server, protocol, limits);
    const heard = hear(model, ask());
    if (fault.expects === "answer") {
      const { answer } = await heard;
      expect(answer.message.text).toBe(TURN.text);
      expect(answer.message.calls.map(({ name, arguments: text }) => [name, JSON.parse(text)])).toEqual(
        TURN.calls?.map((call) => [call.name, call.arguments]),
      );
      return;
    }
    const error = await heard.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ModelError);
    const { failure, message, retryAfterMs } = error as ModelError;
    expect({ failure, retryAfterMs }).toEqual({ failure: fault.expects, retryAfterMs: fault.retryAfterMs });
    expect(`${message} ${JSON.stringify(error)} ${String((error as ModelError).cause)}`).not.toMatch(
      new RegExp(`${KEY}|${VENDOR_WORDS}`),
    );
    expect(message).toMatch(/^The model server "127\.0\.0\.1:\d+" .+\.$/);
  });
});
