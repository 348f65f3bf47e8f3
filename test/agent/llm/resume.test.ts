/** Agents that go on in another process: behind any turn, and with other keys than before. */
import { describe, expect, test } from "vitest";
import { connect } from "../../support/models/connect.ts";
import { faultNamed } from "../../support/models/faults.ts";
import { FACTS, inShort, type Lab, openLab } from "../../support/models/lab.ts";
import { PROTOCOLS, type Turn } from "../../support/models/turn.ts";

const TURNS: readonly Turn[] = [
  {
    reasoning: "I should look first.",
    text: "I look first.",
    calls: [
      { name: "read_file", arguments: { path: "docs/a.md" } },
      { name: "search_files", arguments: { query: "Hello" } },
    ],
  },
  {
    calls: [
      { name: "write_file", arguments: { path: "b.txt", content: "b\n" } },
      { name: "write_file", arguments: { path: "docs/b.md", content: "" } },
      { name: "move_file", arguments: { from: "b.txt", to: "c.txt" } },
      { name: "edit_file", arguments: { path: "c.txt", old_text: "b", new_text: "c" } },
    ],
  },
  { text: "Nothing else?" },
  { calls: [{ name: "finish", arguments: { title: "Add c.txt", summary: "It holds c." } }] },
];
/** Instructions come once, with the first file of their folder. */
const FILES = { "README.md": "Hello\n", "docs/AGENTS.md": "Be brief.\n", "docs/a.md": "a\n" };
/** What a vendor's cache holds depends on what it was asked before. */
const UNCACHED = TURNS.map((turn) => ({ ...turn, usage: { cached: 0, cacheWrites: 0 } }));
const FINISHED = { status: "edited", title: "Add c.txt", summary: ["It holds c."] };

describe.each(PROTOCOLS)("over %s", (protocol) => {
  test("an agent that goes on behind any turn asks, says and does what one that was not interrupted does", async () => {
    await using lab = await openLab({ turns: UNCACHED, protocols: [protocol], files: FILES });
    await expectSameFromAnywhere(lab);
  });

  test("so does one that goes on with the other vendor's model, or where it was handed over", async () => {
    const other = protocol === "messages" ? "responses" : "messages";
    await using lab = await openLab({
      protocols: [protocol, other],
      files: FILES,
      respond: (request) => {
        const turn = UNCACHED[request.turn];
        if (turn === undefined) throw new Error(`no turn ${request.turn}`);
        return request.protocol === protocol && request.turn === 2
          ? { ...turn, fault: faultNamed(protocol, "401") }
          : turn;
      },
    });
    await expectSameFromAnywhere(lab);
  });
});

describe("an agent that goes on in a service that was started again", () => {
  const edited: Turn = { calls: [{ name: "write_file", arguments: { path: "b.txt", content: "b\n" } }] };
  const turns = [edited, ...TURNS.slice(3)];

  test("without the model's key leaves the work to the next model, and says why", async () => {
    await using lab = await openLab({ turns, protocols: ["messages", "chat"] });
    const [mark] = (await lab.run()).marks;
    const models = lab.models.slice(1);
    const { events, outcome, files } = await lab.run({ from: mark, models });
    const reason =
      "There is no key for anthropic any more: one that came with the request is kept in memory only, and the service was started again.";
    expect(events[0]).toEqual({
      type: "fallback",
      message: `${reason} So openai (llama-4-coder) goes on; edits made so far are kept.`,
      from: { name: "anthropic", model: "claude-sonnet-5-5" },
      to: { name: "openai", model: "llama-4-coder" },
      reason,
    });
    expect(lab.asked().at(-1)?.messages.at(-1)).toMatchObject({
      role: "user",
      text: expect.stringContaining(
        "You take over from another model; what it said and did is above. Edited so far: b.txt.",
      ),
    });
    expect([outcome, files["b.txt"]]).toEqual([FINISHED, "b\n"]);
  });

  test("is warned of a next model whose price is not known", async () => {
    const facts = { ...FACTS, price: undefined };
    await using lab = await openLab({
      turns,
      protocols: ["messages", "chat"],
      adapters: { chat: { facts } },
    });
    const [mark] = (await lab.run()).marks;
    const { events } = await lab.run({ from: mark, models: lab.models.slice(1) });
    expect(inShort(events).slice(0, 2)).toEqual(["anthropic to openai", "price_unknown"]);
  });

  test("without any key leaves the work to the rules, which leave the edits and call it unfinished", async () => {
    await using lab = await openLab({ turns, protocols: ["messages"] });
    const [mark] = (await lab.run()).marks;
    const { events, outcome, files } = await lab.run({ from: mark, models: [] });
    expect(inShort(events)).toEqual(["anthropic to rule_based"]);
    expect(outcome).toMatchObject({ status: "incomplete", title: "Greet in German" });
    expect(files["b.txt"]).toBe("b\n");
  });

  test("with another model of the same vendor says that", async () => {
    await using lab = await openLab({ turns, protocols: ["chat"] });
    const [mark] = (await lab.run()).marks;
    const models = [connect(lab.server, "chat", { facts: FACTS, model: "llama-5-coder" })];
    const { events, outcome } = await lab.run({ from: mark, models });
    expect(events[0]).toMatchObject({
      type: "fallback",
      reason: "The service was set up anew and no longer uses llama-4-coder.",
    });
    expect(outcome).toEqual(FINISHED);
  });
});

/** Goes on from each mark of a whole run in a fresh agent, and compares the rest with the whole. */
async function expectSameFromAnywhere(lab: Lab): Promise<void> {
  const whole = await lab.run();
  const asked = lab.server.requests.map(({ body }) => body);
  expect(whole.marks).toHaveLength(4);
  for (const [index, mark] of whole.marks.entries()) {
    const before = lab.server.requests.length;
    const rest = await lab.run({ from: mark });
    const seen = lab.server.requests.slice(before).map(({ body }) => body);
    const at = whole.markedAt[index];
    expect(seen).toEqual(asked.slice(at?.requests));
    expect(rest.events).toEqual(whole.events.slice(at?.events));
    expect(rest.marks).toEqual(whole.marks.slice(index + 1));
    expect([rest.outcome, rest.files]).toEqual([whole.outcome, whole.files]);
  }
}
