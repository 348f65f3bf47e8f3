/** Answers that came to nothing cost what others cost: they count against the limits and are told. */
import { describe, expect, test } from "vitest";
import type { Fault } from "../../support/models/fault.ts";
import { inShort, openLab } from "../../support/models/lab.ts";
import { PROTOCOLS, type Turn } from "../../support/models/turn.ts";

const WRITE: Turn = { calls: [{ name: "write_file", arguments: { path: "b.txt", content: "b" } }] };
const FINISH: Turn = { calls: [{ name: "finish", arguments: { title: "Do it", summary: "Done." } }] };

const cut: Fault = {
  name: "cut at the end",
  expects: "broken_stream",
  play: async (exchange) => {
    exchange.open();
    for (const frame of exchange.frames.slice(0, 2)) await exchange.event(frame);
    exchange.cut();
  },
};

describe.each(PROTOCOLS)("over %s", (protocol) => {
  test("an answer that is cut before its first word is a turn like any other", async () => {
    const turns: Turn[] = [{ reasoning: "Hm.", stop: "length" }, WRITE, FINISH];
    // in the order of the requests: not all protocols send such an answer back
    const respond = () => turns.shift() ?? FINISH;
    await using lab = await openLab({ protocols: [protocol], respond });
    const { events, outcome } = await lab.run();
    const heard = inShort(events).filter((event) => !event.startsWith("says"));
    expect(heard).toEqual([
      "turn 1",
      "write_file started",
      "write_file ok",
      "turn 2",
      "finish started",
      "finish ok",
      "turn 3",
    ]);
    expect(outcome).toEqual({ status: "edited", title: "Do it", summary: ["Done."] });
    expect(JSON.stringify(lab.asked()[1]?.messages.at(-1))).toContain("was cut at the output limit");
  });

  test("what a broken answer cost is told as an estimate, kept, and counts against the limits", async () => {
    const broken: Turn = { ...WRITE, fault: cut, faults: 1 };
    await using lab = await openLab({ protocols: [protocol], turns: [broken, FINISH] });
    const { events, marks } = await lab.run();
    const [first, next] = events.filter((event) => event.type === "usage");
    const { input_tokens = 0, output_tokens = 0 } = first ?? {};
    expect(first).toMatchObject({ turns: 0, estimated_tokens: input_tokens + output_tokens });
    expect(input_tokens).toBeGreaterThan(500);
    expect(next).toMatchObject({ turns: 1, estimated_tokens: input_tokens + output_tokens });
    expect(next?.input_tokens).toBeGreaterThan(input_tokens);
    const [kept] = marks;
    expect(kept?.transcript).toMatchObject({ spent: { turns: 0, input: input_tokens } });

    await using small = await openLab({ protocols: [protocol], turns: [{ ...WRITE, fault: cut }] });
    const { outcome } = await small.run({ budget: { maxTokens: Math.round(input_tokens * 1.7) } });
    expect(outcome).toMatchObject({
      status: "incomplete",
      reason: expect.stringContaining("limits.max_tokens"),
    });
    expect(small.server.requests).toHaveLength(1);

    await using resumed = await openLab({ protocols: [protocol], turns: [WRITE, FINISH] });
    const [after] = (await resumed.run({ from: kept })).events.filter((event) => event.type === "usage");
    // another server has nothing in its cache
    expect([after?.turns, after?.input_tokens, after?.estimated_tokens]).toEqual([
      1,
      next?.input_tokens,
      next?.estimated_tokens,
    ]);
  });
});
