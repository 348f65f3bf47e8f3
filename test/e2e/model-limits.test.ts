/** The limits of a run that a model drives: each ends it with a draft of the work so far. */
import { describe, expect, test } from "vitest";
import {
  ADD,
  expectMissing,
  FINISH,
  GREETS,
  hopsOf,
  modelWork,
  PROMPT,
  READ,
  type Running,
  TURNS,
} from "../support/model-work.ts";
import { faultNamed } from "../support/models/faults.ts";
import type { Turn } from "../support/models/turn.ts";

const { run } = modelWork("responses", "chat");

describe.concurrent("a limit", () => {
  const costly = (turn: Turn): Turn => ({ ...turn, usage: { input: 20_000, cached: 0, cacheWrites: 0 } });
  const stalled: Running["script"] = ({ protocol, turn }) =>
    turn === 2 ? { ...ADD, fault: faultNamed(protocol, "nothing, not even headers") } : undefined;
  const early: Running["script"] = ({ protocol }) => ({
    ...READ,
    fault: faultNamed(protocol, "nothing, not even headers"),
  });
  const rich: Running["script"] = ({ turn }) => costly(TURNS[turn] ?? FINISH);
  const look: Running["script"] = ({ turn }) =>
    costly(turn === 0 ? READ : { calls: [{ name: "list_files", arguments: {} }] });

  test.each([
    [
      "max_turns",
      "responses",
      { max_turns: 2 },
      undefined,
      {},
      / has used all of its 2 turns \(limits\.max_turns\)\.$/,
    ],
    [
      "max_tokens",
      "chat",
      { max_tokens: 45_000 },
      rich,
      {},
      / has used \d+ of its 45000 tokens \(limits\.max_tokens\)/,
    ],
    [
      "max_cost_usd",
      "responses",
      { max_cost_usd: 0.1 },
      rich,
      {},
      / has cost \$0\.08\d+ of the \$0\.1 it may cost/,
    ],
    [
      "max_cost_usd, at the operator's price,",
      "chat",
      { max_cost_usd: 4.5 },
      rich,
      { llm_model: "dear" },
      / has cost \$4\.0\d+ of the \$4\.5 /,
    ],
    [
      "timeout_seconds",
      "responses",
      { timeout_seconds: 12 },
      stalled,
      {},
      / came to the end of its time \(limits\.timeout_seconds\);/,
    ],
  ] as const)(
    "of %s ends the run with a draft of the work so far",
    async (_, where, limits, script, body, says) => {
      const ran = await run({
        where,
        ...(script === undefined ? {} : { script }),
        body: { limits, llm_provider: "openai", ...body },
      });
      expect([ran.done.status, ran.files, ran.pull?.draft, ran.pull?.title]).toEqual([
        "limit_reached",
        GREETS,
        true,
        PROMPT,
      ]);
      const [reason = ""] = ran.done.message.split(" Done so far: ");
      expect(reason).toMatch(says);
      const missing = ["The model had not said that it was done.", "Its last words were: Now I greet."];
      expect([hopsOf(ran), ran.done.missing]).toEqual([[], missing]);
      expectMissing(ran, [reason, ...missing]);
    },
  );

  test.each([
    ["max_turns", { max_turns: 1 }, undefined],
    ["max_tokens", { max_tokens: 1000 }, undefined],
    ["max_cost_usd", { max_cost_usd: 0 }, undefined],
    ["max_cost_usd, in the middle,", { max_cost_usd: 0.1 }, look],
    ["timeout_seconds", { timeout_seconds: 4 }, early],
  ] as const)("of %s without an edit ends the run without a pull request", async (_, limits, script) => {
    const { done, pull } = await run({ ...(script === undefined ? {} : { script }), body: { limits } });
    expect([done.status, pull, done.branch, done.changes]).toEqual(["limit_reached", undefined, null, []]);
    expect(done.message).toMatch(/\(limits\.\w+\).* Nothing was changed\.$/);
  });
});
