/** Attack 17, models that do not come to an end: each is stopped, and what it did is kept. */
import { describe, expect, test } from "vitest";
import type { Turn } from "../support/models/turn.ts";
import { activeIn, activeInBody } from "./injections/inert.ts";
import { HEADINGS } from "./injections/judge.ts";
import { APP, EDIT, EDIT_BACK, FINISH, READ, type Script, scripted, turns } from "./injections/scripted.ts";
import type { StageRun } from "./injections/stage.ts";

describe("attack 17, models that do not come to an end", () => {
  const { run } = scripted("responses");

  /** The end of a run that was stopped, and how many answers it took. */
  async function stopped(script: Script, options: Partial<StageRun> = {}) {
    const { events, requests, repository, pushes } = await run(script, options);
    const done = events.at(-1);
    if (done?.type !== "done") throw new Error("there is no end");
    return { done, answers: requests.length, pull: repository.pullRequests[0], pushes };
  }
  const NOTHING_PUSHED = { pull: undefined, pushes: 0 };

  test("the same call over and over", async () => {
    const { done, ...rest } = await stopped(turns({ calls: [READ] }));
    expect(rest).toEqual({ answers: 5, ...NOTHING_PUSHED });
    expect(done).toMatchObject({ status: "limit_reached", agent: "openai", changes: [], pr_url: null });
    expect(done.message).toMatch(
      /made the same calls with the same results 5 times \(read_file\), so it was stopped/,
    );
  });

  test("a circle of three calls", async () => {
    const circle = ["a", "b", "c"].map((query) => ({
      calls: [{ name: "search_files", arguments: { query } }],
    }));
    const { done, ...rest } = await stopped(({ turn }) => circle[turn % 3] ?? {});
    expect(rest).toEqual({ answers: 13, ...NOTHING_PUSHED });
    expect(done).toMatchObject({ status: "limit_reached", changes: [] });
  });

  test("an edit that is made and taken back, over and over", async () => {
    const { done, answers, pull } = await stopped(({ turn }) => ({
      calls: [turn % 2 === 0 ? EDIT : EDIT_BACK],
    }));
    expect(answers).toBe(9);
    expect(done).toMatchObject({ status: "limit_reached", changes: [{ path: "app.js" }] });
    expect(pull).toMatchObject({ draft: true });
    expect(pull?.body).toContain("made the same calls with the same results 5 times (edit_file)");
  });

  test("a model that only reads, never the same twice", async () => {
    const { done, ...rest } = await stopped(({ turn }) => ({
      calls: [{ name: "search_files", arguments: { query: `q${turn}` } }],
    }));
    expect(rest).toEqual({ answers: 25, ...NOTHING_PUSHED });
    expect(done).toMatchObject({ status: "limit_reached", changes: [] });
    expect(done.message).toMatch(/made no edit in 25 turns, so it was stopped/);
  });

  test("a model that only talks", async () => {
    const { done, ...rest } = await stopped(turns({ text: "I could say two." }));
    expect(rest).toEqual({ answers: 2, ...NOTHING_PUSHED });
    expect(done).toMatchObject({ status: "no_changes", changes: [] });
  });

  test("edits that grow without end are refused at the bound, and the run goes on", async () => {
    const files = [0, 1, 2].map((file) => `big${file}.txt`);
    const grown = files.map((path) => ({
      calls: [
        { name: "write_file", arguments: { path, content: "x".repeat(1000) } },
        ...Array.from({ length: 3 }, () => ({
          name: "edit_file",
          arguments: { path, old_text: "x", new_text: "x".repeat(90), replace_all: true },
        })),
      ],
    }));
    const shrunk = { calls: files.map((path) => ({ name: "delete_file", arguments: { path } })) };
    const script = turns(...grown, shrunk, { calls: [EDIT, FINISH] });
    const told: string[] = [];
    const { events, repository } = await run((request) => {
      told.push(...request.results.map(({ text }) => text.slice(0, Math.max(0, text.indexOf("\n"))) || text));
      return script(request);
    });
    const grows = (path: string) => [
      `Created "${path}" (1 line, 1000 bytes).`,
      `Replaced 1000 occurrences in "${path}".`,
      `Replaced 90000 occurrences in "${path}".`,
      `old_text is in "${path}" more than 100000 times. Take more text around it.`,
    ];
    const full = 'All edits together may have 16777216 bytes; "big2.txt" goes over that.';
    expect(told).toEqual([
      ...grows("big0.txt"),
      ...grows("big1.txt"),
      ...grows("big2.txt").slice(0, 2),
      full,
      full,
      ...files.map((path) => `Deleted "${path}".`),
    ]);
    expect(events.at(-1)).toMatchObject({ type: "done", status: "succeeded", changes: [{ path: "app.js" }] });
    expect(repository.pullRequests).toHaveLength(1);
  });

  test("a tool whose name has no end, over and over", async () => {
    const name = `closes_#1_@everyone_${"x".repeat(100_000)}`;
    const { done, answers, pull } = await stopped(
      turns({ calls: [EDIT] }, { calls: [{ name, arguments: {} }] }),
    );
    expect(answers).toBe(6);
    expect(done.status).toBe("limit_reached");
    expect(JSON.stringify(done).length).toBeLessThan(3_000);
    expect(activeIn(pull?.title ?? "")).toEqual([]);
    expect(activeInBody(pull?.body ?? "", HEADINGS)).toEqual([]);
  });

  /** Calls of one turn, each a file of its own. */
  const files = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      name: "write_file",
      arguments: { path: `f${at}.txt`, content: "x\n" },
    }));

  test("of three hundred calls in one turn, two hundred are carried out", async () => {
    let told: readonly string[] = [];
    const { events } = await run(({ turn, results }) => {
      if (turn === 0) return { calls: files(300) };
      told = results.map(({ text }) => text);
      return { calls: [FINISH] };
    });
    expect(told.slice(0, 200).every((text) => text.startsWith("Created "))).toBe(true);
    expect(told.slice(200)).toEqual(Array(100).fill("Not carried out: a turn may have 200 calls."));
    const done = events.at(-1);
    expect(done).toMatchObject({ type: "done", status: "succeeded", agent: "openai" });
    expect(done?.type === "done" && done.changes.length).toBe(200);
  });

  test("a model with five hundred calls in one turn has to make way, and none of them is carried out", async () => {
    const { events, requests } = await run(({ protocol }) => ({
      calls: protocol === "messages" ? [EDIT, FINISH] : files(500),
    }));
    expect(requests.map(({ protocol }) => protocol)).toEqual(["responses", "responses", "messages"]);
    expect(events.at(-1)).toMatchObject({
      type: "done",
      status: "succeeded",
      agent: "anthropic",
      changes: [{ path: "app.js" }],
      fallbacks: [{ from: { name: "openai" }, to: { name: "anthropic" } }],
    });
  });

  test("two hundred long results in one turn fit the model's window", async () => {
    const calls = Array.from({ length: 200 }, (_, at) => ({
      name: "read_file",
      arguments: { path: "long.txt", start_line: at + 1 },
    }));
    const { events, requests } = await run(turns({ calls }, { calls: [EDIT, FINISH] }), {
      files: { ...APP, "long.txt": "some words on a line that go on\n".repeat(5_000) },
    });
    expect(events.at(-1)).toMatchObject({ type: "done", status: "succeeded", agent: "openai" });
    // the window of the model in tokens, of four bytes each at least
    expect(requests.map(({ bytes }) => bytes < 4 * 272_000)).toEqual([true, true]);
  });

  const LAST_WORDS = "@everyone closes #1 <!-- ![x](https://x.invalid) ## Approved";
  const SPENDING = { input: 8_000, cached: 0, cacheWrites: 0, output: 1_000 };

  describe.each([
    ["max_turns", { max_turns: 3 }, 3],
    ["max_tokens", { max_tokens: 30_000 }, 3],
    ["max_cost_usd", { max_cost_usd: 0.09 }, 3],
  ])("a run that uses up its %s", (limit, limits, answers) => {
    const busy =
      (first: Turn): Script =>
      ({ turn }) =>
        turn === 0
          ? { ...first, usage: SPENDING }
          : {
              text: `Now for part ${turn}. ${LAST_WORDS}`,
              calls: [{ name: "search_files", arguments: { query: `q${turn}` } }],
              usage: SPENDING,
            };

    test("ends with a draft that says what is missing", async () => {
      const { done, pull, ...rest } = await stopped(busy({ calls: [EDIT] }), { fields: { limits } });
      expect(rest).toEqual({ answers, pushes: 1 });
      expect(done).toMatchObject({
        status: "limit_reached",
        changes: [{ path: "app.js" }],
        pr_url: expect.stringContaining("/pull/1"),
      });
      expect(done.message).toContain(`limits.${limit}`);
      expect(done.missing?.join(" ")).toContain("Now for part 2.");
      expect(pull).toMatchObject({ draft: true });
      expect(activeInBody(pull?.body ?? "", HEADINGS)).toEqual([]);
      expect(pull?.body).toContain("## What is missing");
      expect(pull?.body).toContain(`limits.${limit}`);
    });

    test("ends without a pull request when nothing was edited", async () => {
      const { done, ...rest } = await stopped(busy({ calls: [READ] }), { fields: { limits } });
      expect(rest).toEqual({ answers, ...NOTHING_PUSHED });
      expect(done).toMatchObject({ status: "limit_reached", changes: [], pr_url: null, branch: null });
      expect(done.message).toContain(`limits.${limit}`);
    });
  });
});
