/** Work that goes from one model to the next and to the rules, with the edits that were made. */
import { describe, expect, test } from "vitest";
import { nudges } from "../../../src/agent/llm/context/nudges.ts";
import { faultNamed } from "../../support/models/faults.ts";
import { inShort, type LabOptions, openLab } from "../../support/models/lab.ts";
import { PROTOCOLS, type Protocol, type Turn } from "../../support/models/turn.ts";

const TURNS: readonly Turn[] = [
  {
    reasoning: "I should look first.",
    text: "I look first.",
    calls: [
      { name: "read_file", arguments: { path: "README.md" } },
      { name: "no such tool!", arguments: "[broken" },
    ],
  },
  { text: "Words.", calls: [{ name: "write_file", arguments: { path: "b.txt", content: "b\n" } }] },
  { calls: [{ name: "finish", arguments: { title: "Add b.txt", summary: "It holds b." } }] },
];
const FINISHED = { status: "edited", title: "Add b.txt", summary: ["It holds b."] };
/** What the rules make of a prompt they do not understand. */
const notUnderstood = await (async () => {
  const lab = await openLab({ protocols: [] });
  await using _lab = lab;
  const { outcome } = await lab.run();
  if (outcome.status !== "no_changes") throw new Error("the rules understand the prompt");
  return outcome;
})();
const PAIRS = PROTOCOLS.flatMap((from) =>
  PROTOCOLS.filter((to) => to !== from).map((to) => [from, to] as const),
);

/** The script, in which one vendor refuses its key from a turn on. */
function failing(
  protocols: readonly Protocol[],
  fails: (protocol: Protocol, turn: number) => boolean,
): LabOptions {
  return {
    protocols,
    respond: ({ protocol, turn }) => {
      const answer = TURNS[turn];
      if (answer === undefined) throw new Error(`no turn ${turn}`);
      return fails(protocol, turn) ? { ...answer, fault: faultNamed(protocol, "401") } : answer;
    },
  };
}

const REFUSED = /^The model server "127\.0\.0\.1:\d+" refused the API key \(HTTP 401\)\.$/;

describe.each(PAIRS)("from %s to %s", (from, to) => {
  test("in the middle, edits stay, the conversation goes along, and the model is told", async () => {
    await using lab = await openLab(failing([from, to], (protocol, turn) => protocol === from && turn === 2));
    const { events, outcome, files } = await lab.run();
    const [one, other] = lab.models.map(({ provider: name, name: model }) => ({ name, model }));
    const fallback = events.find((event) => event.type === "fallback");
    expect(fallback).toEqual({
      type: "fallback",
      message: `${fallback?.reason} So ${other?.name} (${other?.model}) goes on; edits made so far are kept.`,
      from: one,
      to: other,
      reason: expect.stringMatching(REFUSED),
    });
    expect([outcome, files["b.txt"]]).toEqual([FINISHED, "b\n"]);
    const taken = lab.asked().at(-1);
    expect(taken?.messages.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "tool",
      "user",
    ]);
    expect(taken?.messages.at(-1)).toEqual({ role: "user", text: nudges.handover({ changed: ["b.txt"] }) });
    expect(taken?.messages[1]).toMatchObject({ text: "I look first.", calls: [{ name: "read_file" }, {}] });
    expect(events.findLast(({ type }) => type === "usage")).toMatchObject({ turns: 3 });
  });

  test("before the first answer, nobody needs to be told", async () => {
    await using lab = await openLab(failing([from, to], (protocol) => protocol === from));
    const { outcome } = await lab.run();
    expect(outcome).toEqual(FINISHED);
    expect(lab.asked()[1]?.messages.map(({ role }) => role)).toEqual(["user"]);
  });
});

test("every model is tried once, in order, and the rules are last", async () => {
  await using lab = await openLab(failing(["messages", "responses", "chat"], () => true));
  const { events, outcome } = await lab.run({ prompt: "Add a .gitignore" });
  expect(inShort(events).slice(0, 3)).toEqual([
    "anthropic to openai",
    "openai to openai",
    "openai to rule_based",
  ]);
  expect(lab.server.requests.map(({ protocol }) => protocol)).toEqual(["messages", "responses", "chat"]);
  expect(outcome).toMatchObject({ status: "edited", title: "Add a .gitignore" });
});

describe("rules that take over", () => {
  const always = failing(["chat"], () => true);
  const later = failing(["chat"], (_, turn) => turn === 2);

  test("without edits and without understanding say both reasons, and what they understand", async () => {
    await using lab = await openLab(always);
    const { outcome } = await lab.run();
    expect(outcome).toEqual({
      ...notUnderstood,
      reason: expect.stringMatching(/ refused the API key \(HTTP 401\)\. /),
    });
    expect(outcome.status === "no_changes" && outcome.reason.endsWith(` ${notUnderstood.reason}`)).toBe(true);
  });

  test("with edits of a model and without understanding call the work unfinished", async () => {
    await using lab = await openLab(later);
    const { outcome, files } = await lab.run();
    expect(outcome).toEqual({
      status: "incomplete",
      title: "Greet in German",
      summary: ["Edits that a model made before it failed."],
      reason: expect.stringMatching(REFUSED),
      missing: [
        "The model failed before it said that it was done; its edits so far are here.",
        notUnderstood.reason,
      ],
    });
    expect(files["b.txt"]).toBe("b\n");
  });

  test("with edits of a model add their own, and call the work unfinished all the same", async () => {
    await using lab = await openLab(later);
    const { outcome, files } = await lab.run({ prompt: 'Replace "Hello" with "Hallo" in README.md' });
    expect(outcome).toMatchObject({
      status: "incomplete",
      title: 'Replace "Hello" with "Hallo" in README.md',
      missing: ["The model failed before it said that it was done; its edits so far are here."],
    });
    expect([files["b.txt"], files["README.md"]]).toEqual(["b\n", "# Demo\n\nHallo\n"]);
  });

  test("are gone on with behind each of their instructions, without asking a model", async () => {
    const prompt = 'Replace "Hello" with "Hallo" in README.md; create c.txt with "c"; create d.txt with "d"';
    for (const script of [later, always]) {
      await using lab = await openLab(script);
      const whole = await lab.run({ prompt });
      const asked = lab.server.requests.length;
      const byRules = whole.marks.slice(whole.marks.findIndex(({ transcript }) => isRules(transcript)));
      expect(byRules).toHaveLength(3);
      for (const [index, from] of byRules.entries()) {
        const rest = await lab.run({ prompt, from });
        expect([rest.outcome, rest.files]).toEqual([whole.outcome, whole.files]);
        expect(rest.marks).toHaveLength(2 - index);
      }
      expect(lab.server.requests).toHaveLength(asked);
    }
  });

  test("from the start do what they always do", async () => {
    await using lab = await openLab({ protocols: [] });
    const { outcome, events } = await lab.run();
    expect([outcome, events]).toEqual([notUnderstood, []]);
  });
});

function isRules(transcript: unknown): boolean {
  return (transcript as { by: string }).by === "rules";
}
