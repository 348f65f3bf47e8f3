/** When a model's work counts as ended, and what it is told when it does not. */
import { describe, expect, test } from "vitest";
import type { CommandRunner } from "../../../src/agent/agent.ts";
import { nudges } from "../../../src/agent/llm/context/nudges.ts";
import { inShort, openLab } from "../../support/models/lab.ts";
import type { ScriptRequest, Turn } from "../../support/models/turn.ts";

const EDIT: Turn = {
  calls: [{ name: "edit_file", arguments: { path: "README.md", old_text: "Hello", new_text: "Hallo" } }],
};
const READ: Turn = { calls: [{ name: "read_file", arguments: { path: "README.md" } }] };
const FINISH: Turn = {
  text: "That is it.",
  calls: [{ name: "finish", arguments: { title: "Greet in German", summary: "- It greets.\n- In German." } }],
};
const EDITED = { status: "edited", title: "Greet in German", summary: ["It greets.", "In German."] };
const UNFINISHED = {
  status: "incomplete",
  title: "Greet in German",
  summary: ["Unfinished work on what was asked."],
};
const NOT_SAID = "The model had not said that it was done.";

/** What the service says at the end of a request. */
function toldIn(request: ScriptRequest | undefined): readonly string[] {
  const after = request?.messages.slice(request.messages.findLastIndex(({ role }) => role !== "user") + 1);
  return (after ?? []).flatMap((message) => (message.role === "user" ? [message.text] : []));
}

/** A sandbox whose commands end well, and say that they changed files. */
function commandsThatChange(changed: (command: string) => readonly string[]): CommandRunner {
  return {
    // biome-ignore lint/correctness/useYield: these commands print nothing
    async *run(command) {
      return { exitCode: 0, changed: changed(command) };
    },
  };
}

describe("finish", () => {
  test("with edits ends the work in the model's words", async () => {
    await using lab = await openLab({ turns: [EDIT, FINISH] });
    const { outcome, files } = await lab.run();
    expect(outcome).toEqual(EDITED);
    expect(files["README.md"]).toBe("# Demo\n\nHallo\n");
  });

  test("without edits is not taken the first time, and says why at the second", async () => {
    await using lab = await openLab({ turns: [FINISH, FINISH] });
    const { outcome } = await lab.run();
    expect(toldIn(lab.asked()[1])).toEqual([nudges.nothingChanged()]);
    expect(outcome).toEqual({
      status: "no_changes",
      reason: "The model changed nothing. It said: - It greets. - In German.",
      understood: [],
    });
  });

  test("without edits may be followed by one", async () => {
    await using lab = await openLab({ turns: [FINISH, EDIT, FINISH] });
    expect((await lab.run()).outcome).toEqual(EDITED);
  });

  test("without edits in the last turn there is, is taken", async () => {
    await using lab = await openLab({ turns: [FINISH] });
    expect((await lab.run({ budget: { maxTurns: 1 } })).outcome).toMatchObject({ status: "no_changes" });
  });

  test("with what looks like a secret is not taken the first time, and the model may take it out", async () => {
    const secret = `ghp_${"a1B2".repeat(9)}`;
    const write = (content: string): Turn => ({
      calls: [{ name: "write_file", arguments: { path: "env.txt", content } }],
    });
    await using lab = await openLab({
      turns: [write(`token = ${secret}\n`), FINISH, write("token = $TOKEN\n"), FINISH],
    });
    const { outcome, files } = await lab.run();
    const [told = "", ...more] = toldIn(lab.asked()[2]);
    expect(more).toEqual([]);
    expect(told).toMatch(/^Not finished: the edits add what looks like a secret.+: env\.txt line 1 \(.+\)\./);
    expect(told).not.toContain(secret);
    expect([outcome, files["env.txt"]]).toEqual([EDITED, "token = $TOKEN\n"]);
  });

  test("with a secret is left to the run's own check at the second", async () => {
    const content = `token = ghp_${"a1B2".repeat(9)}\n`;
    const write: Turn = { calls: [{ name: "write_file", arguments: { path: "env.txt", content } }] };
    await using lab = await openLab({ turns: [write, FINISH, FINISH] });
    expect((await lab.run()).outcome).toEqual(EDITED);
  });
});

describe("an answer of words alone", () => {
  const words: Turn = { text: "It is done:\n- I greeted.\n\n* In German." };

  test("is followed by a word on how to go on, and the second ends the work in its words", async () => {
    await using lab = await openLab({ turns: [EDIT, words, words] });
    const { outcome } = await lab.run();
    expect(toldIn(lab.asked()[2])).toEqual([nudges.noCall()]);
    expect(outcome).toEqual({
      status: "edited",
      title: "Greet in German",
      summary: ["It is done:", "I greeted.", "In German."],
    });
  });

  test("without edits ends as no change", async () => {
    await using lab = await openLab({ turns: [words, { text: "I cannot do that." }] });
    const reason = "The model changed nothing. It said: I cannot do that.";
    expect((await lab.run()).outcome).toEqual({ status: "no_changes", reason, understood: [] });
  });

  test("is forgiven when a call follows", async () => {
    await using lab = await openLab({ turns: [words, EDIT, words, FINISH] });
    expect((await lab.run()).outcome).toEqual(EDITED);
  });
});

describe("an answer that was cut at its longest", () => {
  test("carries out the calls that are whole, and the model is told of the one that is not", async () => {
    const cut: Turn = {
      calls: [
        ...(EDIT.calls ?? []),
        { name: "write_file", arguments: '{"path": "b.txt", "content": "half of' },
      ],
      stop: "length",
    };
    await using lab = await openLab({ turns: [cut, FINISH, FINISH] });
    const { outcome, files } = await lab.run();
    expect(Object.keys(files)).toEqual(["README.md", "src/a.ts"]);
    expect(files["README.md"]).toBe("# Demo\n\nHallo\n");
    const results = lab
      .asked()[1]
      ?.messages.flatMap((message) => (message.role === "tool" ? message.results : []));
    expect(results?.map(({ text }) => text.slice(0, 32))).toEqual([
      'Replaced 1 occurrence in "README',
      "The arguments are not valid JSON",
    ]);
    expect(toldIn(lab.asked()[1])).toEqual([nudges.answerCut()]);
    expect(outcome).toEqual(EDITED);
  });

  test("and has no call is followed by a word on it, and the second stops the work as unfinished", async () => {
    const cut: Turn = { text: "I am going to think about", stop: "length" };
    await using lab = await openLab({ turns: [EDIT, cut, cut] });
    const { outcome } = await lab.run();
    expect(toldIn(lab.asked()[2])).toEqual([nudges.answerCut()]);
    expect(outcome).toEqual({
      ...UNFINISHED,
      reason: "The model's answers were cut at the output limit, so it was stopped.",
      missing: [NOT_SAID, "Its last words were: I am going to think about"],
    });
  });
});

describe("a model that gets nowhere", () => {
  test("is told at the third same call, and stopped at the fifth", async () => {
    await using lab = await openLab({
      turns: [{ ...EDIT, text: "First." }, ...Array<Turn>(6).fill({ ...READ, text: "Again." })],
    });
    const { outcome, files } = await lab.run();
    expect(lab.asked().map(toldIn).slice(1)).toEqual([
      [],
      [],
      [],
      [nudges.repeated({ name: "read_file", times: 3 })],
      [],
    ]);
    expect(outcome).toEqual({
      ...UNFINISHED,
      reason: "The model made the same calls with the same results 5 times (read_file), so it was stopped.",
      missing: [NOT_SAID, "Its last words were: Again."],
    });
    expect(files["README.md"]).toBe("# Demo\n\nHallo\n");
  });

  test("that edits to and fro is stopped too", async () => {
    const edit = (old_text: string, new_text: string): Turn => ({
      calls: [{ name: "edit_file", arguments: { path: "README.md", old_text, new_text } }],
    });
    await using lab = await openLab({
      respond: ({ turn }) => (turn % 2 === 0 ? edit("Hello", "Hallo") : edit("Hallo", "Hello")),
    });
    const { outcome, events } = await lab.run();
    expect(outcome).toMatchObject({
      status: "incomplete",
      reason: expect.stringMatching(/^The model made the same/),
    });
    expect(inShort(events).at(-1)).toBe("turn 9");
  });

  test("is not one that checks each of its edits in the same way", async () => {
    const edit = (turn: number): Turn => ({
      calls: [
        { name: "write_file", arguments: { path: `src/${turn}.ts`, content: `export const a = ${turn};\n` } },
      ],
    });
    const check: Turn = { calls: [{ name: "run_command", arguments: { command: "npx tsc --noEmit" } }] };
    await using lab = await openLab({
      respond: ({ turn }) => (turn === 20 ? FINISH : turn % 2 === 0 ? edit(turn) : check),
    });
    const { outcome } = await lab.run({ commands: commandsThatChange(() => []) });
    expect(lab.asked().flatMap(toldIn)).toEqual([expect.stringContaining("Greet in German")]);
    expect(outcome).toEqual(EDITED);
  });

  test("is not one that edits by commands", async () => {
    const command = (turn: number): Turn => ({
      calls: [{ name: "run_command", arguments: { command: `npm run generate ${turn}` } }],
    });
    await using lab = await openLab({ respond: ({ turn }) => (turn >= 27 ? FINISH : command(turn)) });
    const commands = commandsThatChange((line) => [`generated/${line.split(" ").at(-1)}.ts`]);
    const { outcome } = await lab.run({ commands });
    expect(lab.asked().flatMap(toldIn).slice(1)).not.toContain(nudges.noEdits({ turns: 15 }));
    expect(outcome).toMatchObject({ status: "no_changes" });
  });

  test("is told after 15 turns without an edit, and stopped after 25", async () => {
    const look = (query: string): Turn => ({ calls: [{ name: "search_files", arguments: { query } }] });
    await using lab = await openLab({ respond: ({ turn }) => (turn === 3 ? EDIT : look(`number ${turn}`)) });
    const { outcome } = await lab.run({ budget: { maxTurns: 100 } });
    const told = lab.asked().flatMap((request) => toldIn(request).map((text) => [request.turn, text]));
    expect(told.slice(1)).toEqual([[4 + 15, nudges.noEdits({ turns: 15 })]]);
    expect(lab.asked()).toHaveLength(4 + 25);
    expect(outcome).toMatchObject({ reason: "The model made no edit in 25 turns, so it was stopped." });
  });
});

describe("a model whose limits are nearly used up", () => {
  test("is told once, with the turns that are left", async () => {
    const look = (query: string): Turn => ({ calls: [{ name: "search_files", arguments: { query } }] });
    await using lab = await openLab({ respond: ({ turn }) => (turn === 1 ? EDIT : look(`number ${turn}`)) });
    const { outcome } = await lab.run({ budget: { maxTurns: 5 } });
    expect(lab.asked().map(toldIn).slice(1)).toEqual([
      [],
      [],
      [nudges.almostSpent({ what: "turns", turnsLeft: 2 })],
      [],
    ]);
    expect(outcome).toEqual({
      ...UNFINISHED,
      reason: "The run has used all of its 5 turns (limits.max_turns).",
      missing: [NOT_SAID],
    });
  });

  test.each([
    ["tokens", { maxTokens: 100_000 }, 9],
    ["cost", { maxCostUsd: 0.1 }, 17],
  ] as const)("is told of %s once, while there is still room for a turn", async (what, budget, turns) => {
    const usage = { input: what === "tokens" ? 9500 : 5100, cached: 0, cacheWrites: 0, output: 0 };
    const write = (path: string): Turn => ({
      calls: [{ name: "write_file", arguments: { path, content: "" } }],
    });
    await using lab = await openLab({ respond: ({ turn }) => ({ ...write(`f${turn}`), usage }) });
    const { outcome } = await lab.run({ budget });
    const told = lab.asked().flatMap((request) => toldIn(request).map((text) => [request.turn, text]));
    expect(told.slice(1)).toEqual([[turns, nudges.almostSpent({ what })]]);
    expect(outcome).toMatchObject({
      reason: expect.stringMatching(new RegExp(`^The run has .+ of .+ \\(limits\\.max_${what}`)),
    });
  });
});
