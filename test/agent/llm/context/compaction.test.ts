/** Compaction: what is left out first, what stays, and when. */
import { expect, test } from "vitest";
import { compact, fitted } from "../../../../src/agent/llm/context/compaction.ts";
import { boundsOf, shouldCompact } from "../../../../src/agent/llm/context/compaction-policy.ts";
import { clipped } from "../../../../src/agent/llm/context/stubs.ts";
import { estimateTokens } from "../../../../src/agent/llm/context/tokens.ts";
import { type Compaction, NOT_COMPACTED, viewOf } from "../../../../src/agent/llm/context/view.ts";
import type { Message } from "../../../../src/agent/llm/model.ts";
import { edit, read, turn } from "./conversations.ts";

const task: Message = { role: "user", text: "The map, then the task." };
const LARGE = { window: 200_000, maxOutput: 16_000 };

/** Reads of about 1,000 tokens each, every one of another file. */
const reads = (count: number, from = 0): readonly Message[] =>
  Array.from({ length: count }, (_, i) => turn(`r${from + i}`, [read(`src/f${from + i}.ts`, 120)])).flat();

/** The calls whose results a view shows otherwise than they were. */
function stubbed(messages: readonly Message[], compaction: Compaction): readonly string[] {
  const results = (of: readonly Message[]) =>
    of.flatMap((message) => (message.role === "tool" ? message.results : []));
  const shown = new Map(results(viewOf(messages, compaction)).map(({ callId, text }) => [callId, text]));
  return results(messages)
    .filter(({ callId, text }) => shown.get(callId) !== text)
    .map(({ callId }) => callId);
}

test("it starts at 60,000 tokens or 60 % of the window, aims for half, and stays under the window", () => {
  expect(boundsOf(LARGE)).toEqual({ start: 60_000, target: 30_000, enough: 45_000, limit: 165_600 });
  expect(boundsOf({ window: 32_000, maxOutput: 4_000, overhead: 3_000 })).toEqual({
    start: 19_200,
    target: 9_600,
    enough: 14_400,
    limit: 22_200,
  });
  expect(boundsOf({ window: 8_000, maxOutput: 4_000, overhead: 3_500 })).toEqual({
    start: 600,
    target: 300,
    enough: 450,
    limit: 600,
  });
  const bounds = boundsOf(LARGE);
  expect(shouldCompact(60_000, bounds)).toBe(false);
  expect(shouldCompact(60_001, bounds)).toBe(true);
  // What could not be brought down far is left alone until it has grown by a quarter, or does not fit.
  expect(shouldCompact(62_000, bounds, 55_000)).toBe(false);
  expect(shouldCompact(69_000, bounds, 55_000)).toBe(true);
  expect(shouldCompact(165_601, bounds, 165_000)).toBe(true);
});

test("a conversation that fits is sent as it is", () => {
  const messages = [task, ...reads(5)];
  const result = fitted({ messages, compaction: NOT_COMPACTED, ...LARGE });
  expect(result.view).toBe(messages);
  expect(result.compaction).toBe(NOT_COMPACTED);
  expect(result.tokens).toBe(estimateTokens(messages));
});

test("old results become one line, old arguments lose what is long, old reasoning goes, and what is short stays", () => {
  const old: readonly Message[] = [
    ...turn(
      "a",
      [read("src/a.ts", 70), { name: "list_files", arguments: {}, result: "a.ts\nb.ts" }],
      "Looking.",
    ),
    ...turn("b", [
      edit("src/b.ts", 400),
      {
        name: "write_file",
        arguments: { path: "c.ts", content: "x".repeat(5_000) },
        result: `Error: ${"y".repeat(600)}`,
        isError: true,
      },
      {
        name: "search_files",
        arguments: "{broken json".padEnd(900, "z"),
        result: `no match\n${"-\n".repeat(300)}`,
      },
    ]),
    { role: "user", text: "Go on." },
  ];
  const messages = [task, ...old, ...reads(3)];
  const view = viewOf(messages, { ...NOT_COMPACTED, elidedBefore: 1 + old.length, seen: messages.length });
  expect(view.slice(0, 1 + old.length)).toEqual([
    task,
    {
      role: "assistant",
      text: "Looking.",
      calls: [
        { id: "a-0", name: "read_file", arguments: '{"path":"src/a.ts"}' },
        { id: "a-1", name: "list_files", arguments: "{}" },
      ],
    },
    {
      role: "tool",
      results: [
        {
          callId: "a-0",
          isError: false,
          text: '[read_file src/a.ts: 71 lines taken out to save space, call again if needed; began with "src/a.ts, 70 lines:"]',
        },
        { callId: "a-1", isError: false, text: "a.ts\nb.ts" },
      ],
    },
    {
      role: "assistant",
      text: "",
      calls: [
        {
          id: "b-0",
          name: "edit_file",
          arguments: '{"path":"src/b.ts","elided":"old_text (400 characters), new_text (400 characters)"}',
        },
        { id: "b-1", name: "write_file", arguments: '{"path":"c.ts","elided":"content (5000 characters)"}' },
        { id: "b-2", name: "search_files", arguments: '{"elided":"all (900 characters)"}' },
      ],
    },
    {
      role: "tool",
      results: [
        { callId: "b-0", isError: false, text: "Edited src/b.ts." },
        {
          callId: "b-1",
          isError: true,
          text: `[write_file c.ts: 607 characters taken out to save space; began with "Error: ${"y".repeat(113)}"]`,
        },
        {
          callId: "b-2",
          isError: false,
          text: '[search_files: 302 lines taken out to save space, call again if needed; began with "no match"]',
        },
      ],
    },
    { role: "user", text: "Go on." },
  ]);
  expect(view.slice(1 + old.length)).toEqual(reads(3));
});

test("no more is taken out than it takes, oldest first, and the last three turns stay", () => {
  const messages = [task, ...reads(70)];
  const { view, compaction, tokens } = fitted({ messages, compaction: NOT_COMPACTED, ...LARGE });
  expect(tokens).toBeLessThanOrEqual(30_000);
  const less = { ...compaction, elidedBefore: compaction.elidedBefore - 2 };
  expect(estimateTokens(viewOf(messages, less))).toBeGreaterThan(30_000);
  expect(compaction).toEqual({
    elidedBefore: compaction.elidedBefore,
    droppedBefore: 0,
    seen: 141,
    left: tokens,
  });
  expect(view).toHaveLength(messages.length);
  expect(view.slice(compaction.elidedBefore)).toEqual(messages.slice(compaction.elidedBefore));
  expect(view[0]).toBe(task);
  expect(compaction.elidedBefore).toBeLessThan(messages.length - 6);
});

test("reads that were repeated or whose file was edited later go before others", () => {
  const messages = [
    task,
    ...turn("same", [read("a.ts", 1_000)]),
    ...turn("part", [read("b.ts", 1_000, { start_line: 1, end_line: 1_000 })]),
    ...turn("other", [read("b.ts", 1_000, { start_line: 2_000, end_line: 3_000 })]),
    ...turn("edited", [read("./c.ts", 1_000)]),
    ...turn("failed", [read("d.ts", 1_000)]),
    ...turn("moved", [read("e.ts", 1_000)]),
    ...turn("again", [
      read("a.ts", 10),
      read("b.ts", 10, { start_line: 1, end_line: 1_500 }),
      edit("c.ts"),
      { ...edit("d.ts"), isError: true },
      { name: "move_file", arguments: { from: "e.ts", to: "f.ts" }, result: "Moved." },
    ]),
    ...reads(3),
  ];
  const view = viewOf(messages, { ...NOT_COMPACTED, seen: messages.length });
  expect(stubbed(messages, { ...NOT_COMPACTED, seen: messages.length })).toEqual([
    "same-0",
    "part-0",
    "edited-0",
    "moved-0",
  ]);
  // As far as this is enough, nothing else is touched.
  const window = { window: 100_000, maxOutput: 4_000 };
  const tokens = estimateTokens(messages);
  const factor = 61_000 / tokens;
  const result = fitted({ messages, compaction: NOT_COMPACTED, factor, ...window });
  expect(result.view).toEqual(view);
  expect(result.compaction.elidedBefore).toBe(0);
});

test("reads of the last three turns are not superseded", () => {
  const messages = [
    task,
    ...turn("a", [read("a.ts", 70)]),
    ...turn("b", [edit("a.ts")]),
    ...turn("c", [read("a.ts", 70)]),
  ];
  expect(viewOf(messages, { ...NOT_COMPACTED, seen: messages.length })).toEqual(messages);
});

test("between compactions each view begins with the one before, so that caches hold, and compactions are rare", () => {
  const messages: Message[] = [task];
  let compaction = NOT_COMPACTED;
  let before: readonly Message[] = [];
  let compactions = 0;
  for (let i = 0; i < 400; i++) {
    const next = fitted({ messages, compaction, ...LARGE });
    if (next.compaction === compaction) {
      expect(JSON.stringify(next.view.slice(0, before.length))).toBe(JSON.stringify(before));
    } else {
      compactions += 1;
      expect(next.compaction.elidedBefore).toBeGreaterThanOrEqual(compaction.elidedBefore);
      expect(next.compaction.droppedBefore).toBeGreaterThanOrEqual(compaction.droppedBefore);
    }
    ({ compaction, view: before } = next);
    // Every other read is of a file that was read some turns ago.
    messages.push(...turn(`r${i}`, [read(`src/f${i % 2 === 0 ? i : i % 20}.ts`, 120)]));
  }
  // 400 turns of about 900 tokens, of which each compaction takes out 30,000.
  expect(compactions).toBeGreaterThanOrEqual(9);
  expect(compactions).toBeLessThanOrEqual(13);
});

test("when stubs alone are too long, old turns go, and a note says how many and what they changed", () => {
  const many = Array.from({ length: 900 }, (_, i) =>
    turn(`e${i}`, [edit(`src/f${i % 40}.ts`), { ...edit("never.ts"), isError: true }]),
  ).flat();
  const messages = [task, ...many, ...reads(3)];
  const { view, compaction, tokens } = fitted({ messages, compaction: NOT_COMPACTED, ...LARGE });
  expect(tokens).toBeLessThanOrEqual(30_000);
  expect(compaction.droppedBefore).toBeGreaterThan(1);
  const turns = (compaction.droppedBefore - 1) / 2;
  const names = Array.from({ length: 20 }, (_, i) => `src/f${i}.ts`).join(", ");
  expect(view.slice(0, 2)).toEqual([
    task,
    {
      role: "user",
      text: `[${turns} earlier turns were taken out to save space. Their edits are in the repository as you see it. They changed ${names} and 20 more.]`,
    },
  ]);
  expect(view.slice(2)).toHaveLength(messages.length - compaction.droppedBefore);
  expect(view.slice(-6)).toEqual(reads(3));
});

test("the note on old turns is short, however long the names and odd the texts", () => {
  const names = Array.from({ length: 30 }, (_, i) => `${i}${"\u202e".repeat(300)}.ts`);
  const messages = [task, ...names.flatMap((name, i) => turn(`e${i}`, [edit(name)])), ...reads(3)];
  const view = viewOf(messages, {
    ...NOT_COMPACTED,
    droppedBefore: 61,
    elidedBefore: 61,
    seen: messages.length,
  });
  const note = view[1]?.role === "user" ? view[1].text : "";
  expect(note).toMatch(/^\[30 earlier turns were taken out.* and \d+ more\.\]$/);
  expect(note.length).toBeLessThan(800);

  const moves = [{ name: "move_file", arguments: { from: "a", to: "b" }, result: "Moved." }];
  const moved = viewOf([task, ...turn("m", moves)], { ...NOT_COMPACTED, droppedBefore: 3, seen: 3 });
  expect(moved[1]).toMatchObject({ text: expect.stringMatching(/They changed a, b\.\]$/) });
  const looked = viewOf([task, ...reads(1)], { ...NOT_COMPACTED, droppedBefore: 3, seen: 3 });
  expect(looked[1]).toMatchObject({
    text: "[1 earlier turn was taken out to save space. Nothing was edited in them.]",
  });
});

test("no cut leaves half of a surrogate pair", () => {
  for (let max = 4; max < 12; max++) {
    const text = clipped("\u{1f600}".repeat(20), max);
    expect(text.toWellFormed().replaceAll("\ufffd", "")).toBe(text.replaceAll("\ufffd", ""));
    expect(text.isWellFormed()).toBe(true);
  }
});

test("what is short enough is not compacted", () => {
  const messages = [task, ...reads(10)];
  expect(compact({ messages, compaction: NOT_COMPACTED, ...LARGE })).toBe(NOT_COMPACTED);
});

test("a newest turn that is larger than the target stays whole, beside stubs of older ones", () => {
  const large = turn(
    "large",
    Array.from({ length: 8 }, (_, i) => read(`big${i}.ts`, 1_000)),
  );
  const messages = [task, ...reads(30), ...large];
  const { view, compaction, tokens } = fitted({ messages, compaction: NOT_COMPACTED, ...LARGE });
  expect(tokens).toBeGreaterThan(60_000);
  expect(compaction).toEqual({ elidedBefore: 61, droppedBefore: 0, seen: 63, left: tokens });
  expect(view).toHaveLength(messages.length);
  expect(view.slice(-2)).toEqual(large);
  // Nothing would be gained by compacting again in the next turn; once the large one is old, there is.
  const next = fitted({ messages: [...messages, ...reads(1, 90)], compaction, ...LARGE });
  expect(next.compaction).toBe(compaction);
  const later = fitted({ messages: [...messages, ...reads(30, 90)], compaction, ...LARGE });
  expect(later.tokens).toBeLessThanOrEqual(30_000);
});

test("a newest turn that the window has no room for has its results cut, beginning and end kept", () => {
  const messages = [task, ...turn("large", [read("big.ts", 20_000)])];
  const window = { window: 32_000, maxOutput: 4_000 };
  const { view, compaction, tokens } = fitted({ messages, compaction: NOT_COMPACTED, ...window });
  expect(tokens).toBeLessThanOrEqual(boundsOf(window).limit);
  expect(compaction.resultsCut).toBe(30_000);
  const [, , results] = view;
  const text = results?.role === "tool" ? (results.results[0]?.text ?? "") : "";
  expect(text).toMatch(/^big\.ts, 20000 lines:\n1\tconst line0 = 0;\n/);
  expect(text).toMatch(/\n\[… \d+ characters taken out to save space …\]\n/);
  expect(text).toMatch(/const line19999 = 19999;$/);
});

test("an answer that is too long by itself goes with its turn, and the first message is cut last", () => {
  const write = {
    name: "write_file",
    arguments: { path: "a.ts", content: "x ".repeat(5_000_000) },
    result: "Wrote.",
  };
  const messages = [task, ...turn("w", [write])];
  const { view, compaction } = fitted({
    messages,
    compaction: NOT_COMPACTED,
    window: 128_000,
    maxOutput: 8_000,
  });
  expect(compaction).toEqual({ elidedBefore: 3, droppedBefore: 3, seen: 3, left: estimateTokens(view) });
  expect(view).toEqual([
    task,
    {
      role: "user",
      text: "[1 earlier turn was taken out to save space. Their edits are in the repository as you see it. They changed a.ts.]",
    },
  ]);

  const long: Message = { role: "user", text: `${"map ".repeat(20_000)}The task.` };
  const small = fitted({
    messages: [long, ...reads(2)],
    compaction: NOT_COMPACTED,
    window: 8_000,
    maxOutput: 2_000,
  });
  expect(small.tokens).toBeLessThanOrEqual(boundsOf({ window: 8_000, maxOutput: 2_000 }).limit);
  const [first] = small.view;
  expect(first?.role === "user" && first.text).toMatch(
    /^map map [\s\S]*\n\[… \d+ characters taken out to save space …\]\n[\s\S]*map The task\.$/,
  );
});

test("an answer that said nothing is left out when it is old", () => {
  const silent: Message = {
    role: "assistant",
    text: "",
    calls: [],
    raw: { protocol: "p", items: [{ type: "reasoning" }] },
  };
  const nudge: Message = { role: "user", text: "You made no tool call." };
  const messages = [task, silent, nudge, ...reads(4)];
  const view = viewOf(messages, { ...NOT_COMPACTED, elidedBefore: 3, seen: messages.length });
  expect(view).toEqual([task, nudge, ...reads(4)]);
});

test("a raised factor compacts what a vendor found too long", () => {
  const messages = [task, ...reads(20)];
  expect(fitted({ messages, compaction: NOT_COMPACTED, ...LARGE }).compaction).toBe(NOT_COMPACTED);
  const compaction = compact({ messages, compaction: NOT_COMPACTED, factor: 3, ...LARGE });
  expect(estimateTokens(viewOf(messages, compaction))).toBeLessThanOrEqual(10_000);
});
