/** The loop as a whole: turns, their order and their record, and what models are shown. */
import { describe, expect, test } from "vitest";
import { faultNamed } from "../../support/models/faults.ts";
import { FACTS, inShort, openLab } from "../../support/models/lab.ts";
import { PROTOCOLS, type Turn } from "../../support/models/turn.ts";

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

describe.each(PROTOCOLS)("over %s", (protocol) => {
  test("several calls in one turn are carried out in order, and their results go back in order", async () => {
    await using lab = await openLab({ turns: TURNS, protocols: [protocol] });
    const { events, outcome, files } = await lab.run();
    const said =
      protocol === "messages" ? "says I should look first.\n\nI look first." : "says I look first.";
    expect(inShort(events)).toEqual([
      said,
      "read_file started",
      "read_file ok",
      "search_files started",
      "search_files ok",
      "turn 1",
      "write_file started",
      "write_file ok",
      "move_file started",
      "move_file ok",
      "edit_file started",
      "edit_file ok",
      "turn 2",
      "says Nothing else?",
      "turn 3",
      "finish started",
      "finish ok",
      "turn 4",
    ]);
    expect([outcome, files]).toEqual([FINISHED, FILES_AFTER]);
    expect(lab.asked()[2]?.results.map(({ text }) => text.split(" ")[0])).toEqual([
      "Created",
      "Moved",
      "Replaced",
    ]);
  });

  test("whatever is asked, the task, the tools and the rules stay the same, so that they can be cached", async () => {
    await using lab = await openLab({ turns: TURNS, protocols: [protocol] });
    await lab.run();
    const fixed = lab.asked().map(({ system, tools, messages }) => ({ system, tools, first: messages[0] }));
    expect(fixed).toHaveLength(4);
    expect(new Set(fixed.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(lab.server.requests.at(-1)?.usage?.cached).toBeGreaterThan(0);
  });
});

describe("a turn", () => {
  const edit = (old_text: string) => ({
    name: "edit_file",
    arguments: { path: "README.md", old_text, new_text: "x" },
  });
  const finish = { name: "finish", arguments: { title: "Do it", summary: "Done." } };
  const DONE = { status: "edited", title: "Do it", summary: ["Done."] };

  test("ends with finish: calls behind it are not carried out", async () => {
    await using lab = await openLab({ turns: [{ calls: [edit("Hello"), finish, edit("Demo")] }] });
    const { events, outcome, files } = await lab.run();
    expect(inShort(events)).toEqual([
      "edit_file started",
      "edit_file ok",
      "finish started",
      "finish ok",
      "turn 1",
    ]);
    expect([outcome, files["README.md"]]).toEqual([DONE, "# Demo\n\nx\n"]);
  });

  test("does not end with finish when an edit before it was not made", async () => {
    await using lab = await openLab({
      turns: [{ calls: [edit("Hello"), edit("absent"), finish] }, { calls: [edit("Demo"), finish] }],
    });
    const { events, outcome, files } = await lab.run();
    expect(inShort(events).slice(0, 5)).toEqual([
      "edit_file started",
      "edit_file ok",
      "edit_file started",
      "edit_file error",
      "turn 1",
    ]);
    expect(lab.asked()[1]?.results[2]?.text).toBe(
      "Not finished: an edit before this call was not made, see its result. Make it in another way, or call finish again without it.",
    );
    expect([outcome, files["README.md"]]).toEqual([DONE, "# x\n\nx\n"]);
  });

  test("ends with finish although it looked for something that is not there", async () => {
    const look = { name: "read_file", arguments: { path: "absent.txt" } };
    await using lab = await openLab({ turns: [{ calls: [look, edit("Hello"), finish] }] });
    expect((await lab.run()).outcome).toEqual(DONE);
  });

  test("carries out 200 calls, and says so of those that are more", async () => {
    const write = (index: number) => ({ name: "write_file", arguments: { path: `f${index}`, content: "" } });
    const calls = Array.from({ length: 203 }, (_, index) => write(index));
    await using lab = await openLab({ turns: [{ calls }, { calls: [finish] }] });
    const { events, outcome, files } = await lab.run();
    expect(inShort(events).filter((event) => event === "write_file ok")).toHaveLength(200);
    expect([files["f199"], files["f200"]]).toEqual(["", undefined]);
    expect(
      lab
        .asked()[1]
        ?.results.map(({ text }) => text)
        .slice(199),
    ).toEqual([
      expect.stringMatching(/^Created "f199"/),
      ...Array<string>(3).fill("Not carried out: a turn may have 200 calls."),
    ]);
    expect(outcome).toEqual(DONE);
  });

  test("is kept whole: no checkpoint comes between its calls, and each holds what the turn added", async () => {
    await using lab = await openLab({ turns: TURNS });
    const { marks, markedAt } = await lab.run();
    expect(markedAt.map(({ requests }) => requests)).toEqual([1, 2, 3, 4]);
    const roles = marks.map(({ entries }) => entries.map((entry) => (entry as { role: string }).role));
    const first = ["user", "assistant", "tool"];
    const third = [...first, "assistant", "tool", "assistant", "user"];
    expect(roles).toEqual([first, third.slice(0, 5), third, [...third, "assistant", "tool"]]);
  });
});

describe("secrets of the run", () => {
  const redact = (text: string): string => text.replaceAll("s3cr3t", "[hidden]");

  test("are in nothing the model reads", async () => {
    const files = {
      "README.md": "s3cr3t\n",
      "AGENTS.md": "Say s3cr3t.\n",
      "src/AGENTS.md": "Or s3cr3t.\n",
      "src/a.ts": "a\n",
    };
    const calls = ["README.md", "src/a.ts"].map((path) => ({ name: "read_file", arguments: { path } }));
    const turns = [{ calls }, { text: "No." }, { text: "No." }];
    await using lab = await openLab({ turns, files });
    await lab.run({ redact });
    const read = lab.asked().map(({ text }) => text);
    expect(read.join("\n")).not.toContain("s3cr3t");
    expect(read.at(-1)?.match(/\[hidden\]/g)).toHaveLength(3);
  });

  test.each(PROTOCOLS)(
    "that a model over %s thinks of, says or writes are in nothing that is kept or sent",
    async (protocol) => {
      const [, edit = {}, , finish = {}] = TURNS;
      const call = { name: "write_file", arguments: { path: "s3cr3t.txt", content: "s3cr3t\n" } };
      const turns = [
        { ...edit, reasoning: "s3cr3t?" },
        { ...edit, text: "s3cr3t!" },
        { calls: [call] },
        finish,
      ];
      await using lab = await openLab({ turns, protocols: [protocol] });
      const { marks, outcome } = await lab.run({ redact });
      expect(outcome).toEqual(FINISHED);
      expect(JSON.stringify(marks.map(({ transcript, entries }) => [transcript, entries]))).not.toContain(
        "s3cr3t",
      );
      expect(lab.asked().map(({ text }) => text.includes("s3cr3t"))).toEqual([false, false, false, false]);
    },
  );
});

describe("what the next request takes", () => {
  const [first = {}, ...rest] = TURNS;
  const counted = { ...first, usage: { input: 9000 } };
  /** Room for a turn as we reckon it, and not for one that is four times as long. */
  const budget = { maxTokens: 9000 + 5000 };

  test("is reckoned as the vendor has counted the one before", async () => {
    await using lab = await openLab({ turns: [counted, ...rest] });
    const { outcome } = await lab.run({ budget });
    expect(outcome).toMatchObject({
      status: "incomplete",
      reason: expect.stringContaining("limits.max_tokens"),
    });
    expect(lab.server.requests).toHaveLength(1);
  });

  test("is reckoned anew for a model that takes over", async () => {
    await using lab = await openLab({
      protocols: ["chat", "messages"],
      respond: ({ protocol, turn }) => {
        if (turn === 0) return counted;
        return protocol === "chat"
          ? { ...TURNS[turn], fault: faultNamed("chat", "401") }
          : (TURNS[turn] ?? {});
      },
    });
    await lab.run({ budget: { maxTokens: 9000 + 12_000 } });
    const bodies = lab.server.requests.map(({ body }) => body as Readonly<Record<string, number>>);
    const before = bodies[1]?.["max_completion_tokens"] ?? 0;
    const after = bodies[2]?.["max_tokens"] ?? 0;
    expect([before < 5000, after]).toEqual([true, FACTS.maxOutputTokens]);
  });
});

describe("a model without a price", () => {
  const facts = { ...FACTS, price: undefined };
  const WARNING = "price_unknown";

  test("is warned of once, also when the agent goes on later", async () => {
    await using lab = await openLab({ turns: TURNS, adapters: { responses: { facts } } });
    const { events, marks } = await lab.run();
    expect(events.filter(({ type }) => type === "warning")).toEqual([
      {
        type: "warning",
        code: WARNING,
        message:
          "The price of gpt-6.1-sol is not known, so limits.max_cost_usd cannot be kept; limits.max_tokens is. The operator can set MODEL_PRICES.",
      },
    ]);
    expect(inShort(events).indexOf(WARNING)).toBe(0);
    expect(inShort((await lab.run({ from: marks[0] })).events)).not.toContain(WARNING);
  });

  test("that takes over is warned of then", async () => {
    await using lab = await openLab({
      protocols: ["chat", "responses"],
      adapters: { responses: { facts } },
      respond: ({ protocol, turn }) => ({
        ...TURNS[turn],
        ...(protocol === "chat" ? { fault: faultNamed("chat", "401") } : {}),
      }),
    });
    const { events, outcome } = await lab.run();
    expect(inShort(events).slice(0, 2)).toEqual(["openai to openai", WARNING]);
    expect(outcome).toEqual(FINISHED);
  });
});
