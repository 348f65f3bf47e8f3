/** What is done about each failure of a vendor, and how long runs wait before they ask again. */
import { describe, expect, test } from "vitest";
import { ModelError, type ModelFailure } from "../../../src/agent/llm/model.ts";
import { remedyFor } from "../../../src/agent/llm/recovery.ts";

const NEARLY_ONE = 1 - 2 ** -53;

function remedy(failure: ModelFailure, failures = 0, random = 0, retryAfterMs?: number) {
  return remedyFor(new ModelError(failure, "It failed.", { retryAfterMs }), failures, () => random);
}

function wait(milliseconds: number) {
  return { kind: "wait", milliseconds };
}

test("each failure is tried again as often as it may pass, and what cannot pass is not", () => {
  const tries: Record<ModelFailure, number> = {
    unauthorized: 0,
    quota_exceeded: 0,
    rate_limited: 3,
    overloaded: 2,
    server_error: 2,
    unreachable: 2,
    timeout: 1,
    broken_stream: 2,
    empty_answer: 2,
    answer_too_long: 1,
    context_too_long: 3,
    request_refused: 0,
    content_refused: 0,
  };
  for (const [failure, most] of Object.entries(tries)) {
    const kinds = [0, 1, 2, 3, 4].map((failures) => remedy(failure as ModelFailure, failures).kind);
    const again = failure === "context_too_long" ? "shorten" : "wait";
    expect([failure, kinds]).toEqual([failure, [0, 1, 2, 3, 4].map((i) => (i < most ? again : "give_up"))]);
  }
});

describe("waits without a vendor's word", () => {
  test("double from a second on, with up to as much again at random", () => {
    expect([0, 1, 2].map((failures) => remedy("rate_limited", failures, 0))).toEqual(
      [1000, 2000, 4000].map(wait),
    );
    expect([0, 1, 2].map((failures) => remedy("rate_limited", failures, 0.5))).toEqual(
      [1500, 3000, 6000].map(wait),
    );
    expect([0, 1, 2].map((failures) => remedy("rate_limited", failures, NEARLY_ONE))).toEqual(
      [2000, 4000, 8000].map(wait),
    );
  });

  test("are the same when the vendor asks for none, or for one that has passed", () => {
    expect(remedy("rate_limited", 1, 0.5, 0)).toEqual(wait(3000));
  });
});

describe("a vendor's wait", () => {
  test.each([
    [1, 0, 1],
    [1, 0.5, 51],
    [7000, 0, 7000],
    [7000, 0.999, 7100],
    [0.5, 0, 1],
    [60_000, 0.999, 60_100],
  ])("of %s ms is kept and never cut short (random %s)", (asked, random, milliseconds) => {
    for (const failure of ["rate_limited", "overloaded", "server_error"] as const) {
      expect(remedy(failure, 1, random, asked)).toEqual(wait(milliseconds));
    }
  });

  test("of more than a minute gives the model up", () => {
    expect(remedy("rate_limited", 0, 0, 60_001)).toEqual({ kind: "give_up" });
  });

  test("changes nothing for what is not tried again", () => {
    expect(remedy("unauthorized", 0, 0, 1000)).toEqual({ kind: "give_up" });
    expect(remedy("overloaded", 2, 0, 1000)).toEqual({ kind: "give_up" });
    expect(remedy("context_too_long", 0, 0, 1000)).toEqual({ kind: "shorten" });
  });
});
