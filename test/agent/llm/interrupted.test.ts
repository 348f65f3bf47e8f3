/** Agents that are out of time, or whose run is cancelled, at any moment of a turn. */
import { describe, expect, test } from "vitest";
import { inShort, openLab } from "../../support/models/lab.ts";
import type { Turn } from "../../support/models/turn.ts";
import { until } from "../../support/until.ts";

const TURNS: readonly Turn[] = [
  {
    reasoning: "I should look first.",
    text: "I look first.",
    calls: [
      { name: "read_file", arguments: { path: "README.md" } },
      { name: "search_files", arguments: { query: "Hello" } },
    ],
  },
  {
    calls: [
      { name: "write_file", arguments: { path: "b.txt", content: "b\n" } },
      { name: "move_file", arguments: { from: "b.txt", to: "c.txt" } },
      { name: "edit_file", arguments: { path: "c.txt", old_text: "b", new_text: "c" } },
    ],
  },
  { text: "Nothing else?" },
  { calls: [{ name: "finish", arguments: { title: "Add c.txt", summary: "It holds c." } }] },
];
const FINISHED = { status: "edited", title: "Add c.txt", summary: ["It holds c."] };
const FILES_AFTER = { "README.md": "# Demo\n\nHello\n", "c.txt": "c\n", "src/a.ts": "export const a = 1;\n" };

describe("an agent that has to come to an end", () => {
  const TIME =
    "The run came to the end of its time (limits.timeout_seconds); the rest of it was kept for publishing the work so far.";

  test("before it begins asks nobody", async () => {
    await using lab = await openLab({ turns: TURNS });
    const { outcome, events } = await lab.run({ budget: { deadline: AbortSignal.abort() } });
    expect([outcome, events, lab.server.requests]).toEqual([
      expect.objectContaining({ status: "incomplete", reason: TIME }),
      [],
      [],
    ]);
  });

  test("while a model speaks ends the request and keeps the edits", async () => {
    const deadline = new AbortController();
    await using lab = await openLab({
      turns: [...TURNS.slice(0, 2), { ...TURNS[2], fault: stalling(() => deadline.abort()) }],
    });
    const { outcome, files } = await lab.run({ budget: { deadline: deadline.signal } });
    expect(outcome).toMatchObject({ status: "incomplete", reason: TIME });
    expect(files).toEqual(FILES_AFTER);
    await until("the request ends", () => lab.server.requests.at(-1)?.state === "left");
  });

  test("while it waits for a vendor waits no longer", async () => {
    const deadline = new AbortController();
    await using lab = await openLab({
      respond: () => ({ ...TURNS[0], fault: A_MINUTE }),
    });
    const run = lab.run({ budget: { deadline: deadline.signal } });
    await until("the vendor is asked", () => lab.server.requests[0]?.state === "sent");
    deadline.abort();
    expect((await run).outcome).toMatchObject({ status: "incomplete", reason: TIME });
    expect(lab.server.requests).toHaveLength(1);
  });

  test("in the middle of a turn carries out no more of it, and takes no finish behind an edit it left out", async () => {
    const deadline = new AbortController();
    await using lab = await openLab({
      turns: [{ calls: [...(TURNS[1]?.calls ?? []), ...(TURNS[3]?.calls ?? [])] }],
    });
    const { outcome, files, events } = await lab.run({
      budget: { deadline: deadline.signal },
      // asked for each path a tool names
      isProtected: (path) => {
        if (path === "b.txt") deadline.abort();
        return false;
      },
    });
    expect(inShort(events)).toEqual(["write_file started", "write_file ok", "turn 1"]);
    expect(outcome).toMatchObject({ status: "incomplete", reason: TIME });
    expect(files["b.txt"]).toBe("b\n");
  });

  test("behind the last edit takes the finish that comes with it", async () => {
    const deadline = new AbortController();
    const calls = [...(TURNS[1]?.calls ?? []).slice(0, 1), ...(TURNS[3]?.calls ?? [])];
    await using lab = await openLab({ turns: [{ calls }] });
    const { outcome } = await lab.run({
      budget: { deadline: deadline.signal },
      isProtected: () => {
        deadline.abort();
        return false;
      },
    });
    expect(outcome).toEqual(FINISHED);
  });
});

describe("an agent whose run is cancelled", () => {
  test("when its time is up too ends as cancelled", async () => {
    const cancel = new AbortController();
    const deadline = new AbortController();
    const both = (): void => {
      deadline.abort();
      cancel.abort("cancelled");
    };
    await using lab = await openLab({ turns: [{ ...TURNS[0], fault: stalling(both) }] });
    const run = lab.run({ signal: cancel.signal, budget: { deadline: deadline.signal } });
    await expect(run).rejects.toBe("cancelled");
  });

  test("ends with the reason, and ends the request", async () => {
    const cancel = new AbortController();
    await using lab = await openLab({
      turns: [{ ...TURNS[0], fault: stalling(() => cancel.abort("cancelled")) }],
    });
    await expect(lab.run({ signal: cancel.signal })).rejects.toBe("cancelled");
    await until("the request ends", () => lab.server.requests.at(-1)?.state === "left");
  });

  test("while it waits for a vendor ends at once", async () => {
    const cancel = new AbortController();
    await using lab = await openLab({
      respond: () => ({ ...TURNS[0], fault: A_MINUTE }),
    });
    const run = lab.run({ signal: cancel.signal });
    await until("the vendor is asked", () => lab.server.requests[0]?.state === "sent");
    cancel.abort("cancelled");
    await expect(run).rejects.toBe("cancelled");
    expect(lab.server.requests).toHaveLength(1);
  });
});

/** Longer than any test waits. */
const A_MINUTE: NonNullable<Turn["fault"]> = {
  name: "429 for a minute",
  expects: "rate_limited",
  play: (exchange) => exchange.reply(429, { "retry-after": "60" }, "{}"),
};

/** Says the first word and no more, once somebody has been told. */
function stalling(then: () => void): NonNullable<Turn["fault"]> {
  return {
    name: "a stall",
    expects: "timeout",
    play: async (exchange) => {
      exchange.open();
      for (const frame of exchange.frames.slice(0, 2)) await exchange.event(frame);
      then();
      await exchange.left();
    },
  };
}
