/** What holds for the compaction of any conversation, tried on random ones. */
import { expect, test } from "vitest";
import { compact, fitted } from "../../../../src/agent/llm/context/compaction.ts";
import { boundsOf } from "../../../../src/agent/llm/context/compaction-policy.ts";
import { estimateTokens } from "../../../../src/agent/llm/context/tokens.ts";
import { type Compaction, NOT_COMPACTED, viewOf } from "../../../../src/agent/llm/context/view.ts";
import type { Message } from "../../../../src/agent/llm/model.ts";
import { createRandom } from "../../../support/random.ts";
import { randomConversation, randomTurn } from "./conversations.ts";

const WINDOWS = [
  { window: 1_000, maxOutput: 200 },
  { window: 4_000, maxOutput: 1_000, overhead: 500 },
  { window: 16_000, maxOutput: 8_000 },
  { window: 128_000, maxOutput: 16_000, overhead: 4_000 },
  { window: 1_000_000, maxOutput: 64_000 },
] as const;

/** Begins with a user message; each call has its one result right behind it, and each result its call. */
function expectValid(view: readonly Message[]): void {
  expect(view[0]?.role).toBe("user");
  for (const [i, message] of view.entries()) {
    const results = view[i + 1];
    if (message.role === "assistant" && message.calls.length > 0) {
      expect(results?.role === "tool" && results.results.map(({ callId }) => callId)).toEqual(
        message.calls.map(({ id }) => id),
      );
    }
    if (message.role === "tool") expect(view[i - 1]?.role).toBe("assistant");
    if (message.role === "assistant")
      expect(message.text !== "" || message.calls.length > 0 || message.raw !== undefined).toBe(true);
  }
}

/** What was made shorter is JSON where it has to be, and no longer than it was. */
function expectStubs(messages: readonly Message[], view: readonly Message[]): void {
  const calls = new Map(
    messages
      .flatMap((message) => (message.role === "assistant" ? message.calls : []))
      .map((call) => [call.id, call]),
  );
  for (const message of view) {
    if (message.role !== "assistant") continue;
    for (const call of message.calls) {
      const original = calls.get(call.id);
      expect(call.name).toBe(original?.name);
      if (call.arguments === original?.arguments) continue;
      const stub: unknown = JSON.parse(call.arguments);
      expect(stub).toEqual(expect.objectContaining({ elided: expect.any(String) }));
      expect(call.arguments.length).toBeLessThanOrEqual(1_000);
    }
  }
}

test("any conversation is brought under the limit, stays valid, and twice is as once", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = createRandom(seed);
    const window = random.pick(WINDOWS);
    const messages = randomConversation(seed, random.pick([2, 20, 120]), random.pick([50, 400, 1_500]));
    const factor = random.pick([0.7, 1, 1.4]);
    const input = { messages, factor, ...window };
    const { view, compaction, tokens } = fitted({ ...input, compaction: NOT_COMPACTED });
    expect(tokens).toBeLessThanOrEqual(boundsOf(window).limit);
    expect(tokens).toBe(estimateTokens(view, factor));
    expectValid(view);
    expectStubs(messages, view);
    expect(viewOf(messages, compaction)).toEqual(view);
    if (compaction !== NOT_COMPACTED) expect(compact({ ...input, compaction })).toEqual(compaction);
    expect(fitted({ ...input, compaction: NOT_COMPACTED })).toEqual({ view, compaction, tokens });
    if (compaction.firstCut === undefined) expect(view[0]).toEqual(messages[0]);
    // It is JSON that comes back from a checkpoint as it was.
    expect(JSON.parse(JSON.stringify(compaction))).toEqual(compaction);
  }
});

test("over a whole run the boundaries only move on, and caches break only where something is compacted", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = createRandom(1_000 + seed);
    const window = random.pick(WINDOWS);
    const messages: Message[] = [{ role: "user", text: "Do it. ".repeat(1 + random.int(200)) }];
    let compaction: Compaction = NOT_COMPACTED;
    let before: readonly Message[] = [];
    for (let i = 0; i < 60; i++) {
      messages.push(...randomTurn(random, `t${i}`, random.pick([50, 400])));
      const next = fitted({ messages, compaction, ...window });
      expect(next.tokens).toBeLessThanOrEqual(boundsOf(window).limit);
      expectValid(next.view);
      expect(next.compaction.elidedBefore).toBeGreaterThanOrEqual(compaction.elidedBefore);
      expect(next.compaction.droppedBefore).toBeGreaterThanOrEqual(compaction.droppedBefore);
      if (next.compaction === compaction) expect(next.view.slice(0, before.length)).toEqual(before);
      ({ compaction, view: before } = next);
    }
  }
});

test("the newest turn stays as it is whenever it fits beside the first message", () => {
  let kept = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const random = createRandom(5_000 + seed);
    const window = random.pick(WINDOWS);
    const messages = randomConversation(seed, 40, random.pick([50, 1_000]));
    const newest = messages.slice(messages.findLastIndex(({ role }) => role === "assistant"));
    // The note on dropped turns takes some room, too.
    const least = estimateTokens([...messages.slice(0, 1), ...newest]) + 300;
    if (messages.length === newest.length || least > boundsOf(window).limit) continue;
    const { view } = fitted({ messages, compaction: NOT_COMPACTED, ...window });
    expect(view.slice(-newest.length)).toEqual(newest);
    kept += 1;
  }
  expect(kept).toBeGreaterThan(60);
});
