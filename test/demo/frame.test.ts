/** Views and frames: what a person sees at each point of a run, compared as whole windows. */
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/run/events.ts";
import { columnsOf } from "./columns.ts";
import { frame } from "./frame.ts";
import { paint } from "./line.ts";
import { type Action, newView, reduce, type View } from "./view.ts";

const START = Date.parse("2026-01-01T00:00:00.000Z");

const facts = { repository: "the example repository (16 files)", prompt: "Add error handling" };
const prepared: Action[] = [
  { type: "task_started", what: "local forge with demo/bookshelf", at: START - 900 },
  { type: "task_finished", at: START - 600 },
  { type: "task_started", what: "Worker in workerd", at: START - 600 },
  { type: "task_finished", at: START },
];
const usage = { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, turns: 0 };
const failed: RunEvent = {
  type: "done",
  message: "There is no such repository.",
  status: "failed",
  pr_url: null,
  branch: null,
  commit: null,
  changes: [],
  agent: "rule_based",
  agent_reason: "Nobody asked for another.",
  usage,
};

const untilEdit: RunEvent[] = [
  { type: "info", message: "Working on demo/bookshelf." },
  { type: "progress", step: "preflight", message: "Checking access." },
  { type: "success", step: "preflight", message: "It is there.", result: {}, duration_ms: 12 },
  { type: "progress", step: "clone", message: "Fetching main." },
  { type: "success", step: "clone", message: "Fetched 16 paths.", result: {}, duration_ms: 48 },
  { type: "progress", step: "analyse", message: "Looking." },
  { type: "success", step: "analyse", message: "16 files; Python.", result: {}, duration_ms: 0 },
  { type: "progress", step: "edit", message: "The rule_based agent starts." },
];
const writing = (path: string, status: "started" | "ok" | "error"): RunEvent => ({
  type: "tool",
  message: `Write ${path}`,
  name: "write_file",
  input: { path },
  status,
  ...(status === "started" ? {} : { output: status === "ok" ? "Wrote 6 bytes." : "It is too large." }),
});

/** The view after events a millisecond apart, the first one at START. */
function viewAfter(events: readonly RunEvent[], before: readonly Action[] = prepared): View {
  const recorded = events.map((event, index) => ({
    seq: index + 1,
    time: new Date(START + index).toISOString(),
    ...event,
  }));
  return [...before, ...recorded].reduce(reduce, newView(facts));
}

function shown(view: View, { columns = 60, rows = 40, now = START } = {}): string[] {
  return frame(view, { columns, rows, now }).map((line) => paint(line, false).trimEnd());
}

const head = [
  "Tiny Backspace",
  "repository    the example repository (16 files)",
  "prompt        Add error handling",
  "",
  "✔ local forge with demo/bookshelf                     300 ms",
  "✔ Worker in workerd                                   600 ms",
  "",
];

describe("a frame", () => {
  it("says what is being started before the run", () => {
    const view = viewAfter([], prepared.slice(0, 3));
    expect(shown(view, { now: START + 1500 })).toEqual([
      ...head.slice(0, 5),
      "⠇ Worker in workerd                                    2.1 s",
    ]);
  });

  it("lists steps that are done, the one that runs, and those to come", () => {
    const view = viewAfter([
      ...untilEdit.slice(0, 4),
      { type: "progress", step: "clone", message: "Received 3 of 6 objects.", loaded: 3, total: 6 },
    ]);
    expect(shown(view, { now: START + 1303 })).toEqual([
      ...head,
      "✔ preflight     It is there.                           12 ms",
      "⠦ clone         Received 3 of 6 objects.          3/6  1.3 s",
      "○ analyse",
      "○ edit",
      "○ verify",
      "○ commit",
      "○ push",
      "○ pull request",
    ]);
  });

  it("shows tool calls, words, output, changes and warnings under the step they belong to", () => {
    const view = viewAfter([
      ...untilEdit,
      { type: "text", message: "…", delta: "I will wr" },
      { type: "text", message: "…", delta: "ite it.\nNow." },
      writing("a.md", "started"),
      writing("a.md", "ok"),
      writing("b.md", "started"),
      {
        type: "warning",
        message: "c.md was left alone: it has more than a thousand lines.",
        code: "file_skipped",
      },
      writing("b.md", "error"),
      { type: "output", message: "…", stream: "stdout", data: "1 passed\n" },
      { type: "change", message: "…", path: "a.md", kind: "added", additions: 3, deletions: 0 },
      { type: "change", message: "…", path: "d", from: "c", kind: "renamed", additions: 1, deletions: 2 },
      writing("e.md", "started"),
    ]);
    expect(shown(view)).toEqual([
      ...head,
      "✔ preflight     It is there.                           12 ms",
      "✔ clone         Fetched 16 paths.                      48 ms",
      "✔ analyse       16 files; Python.",
      "⠋ edit          The rule_based agent starts.",
      "      I will write it.",
      "      Now.",
      "    ✔ Write a.md  Wrote 6 bytes.",
      "    ✖ Write b.md  It is too large.",
      "    ⚠ c.md was left alone: it has more than a thousand",
      "      lines.",
      "      1 passed",
      "    + a.md  +3",
      "    → c → d  +1  -2",
      "    ⠋ Write e.md",
      "○ verify",
      "○ commit",
      "○ push",
      "○ pull request",
    ]);
  });

  it("keeps what is going on now when the window is low", () => {
    const tools = ["a", "b", "c", "d", "e"].flatMap((path) => [
      writing(path, "started"),
      writing(path, "ok"),
    ]);
    const view = viewAfter([...untilEdit, ...tools]);
    expect(shown(view, { rows: 18 })).toEqual([
      ...head,
      "✔ preflight     It is there.                           12 ms",
      "✔ clone         Fetched 16 paths.                      48 ms",
      "✔ analyse       16 files; Python.",
      "⠋ edit          The rule_based agent starts.",
      "    … 3 more above",
      "    ✔ Write d  Wrote 6 bytes.",
      "    ✔ Write e  Wrote 6 bytes.",
      "○ verify",
      "○ commit",
      "○ push",
      "○ pull request",
    ]);
    expect(shown(view, { rows: 6 })).toEqual([
      "✔ analyse       16 files; Python.",
      "⠋ edit          The rule_based agent starts.",
      "○ verify",
      "○ commit",
      "○ push",
      "○ pull request",
    ]);
  });

  it("counts the tool calls of a step that is done and lists its changes", () => {
    const change = (path: string): RunEvent => ({
      type: "change",
      message: "…",
      path,
      kind: "modified",
      additions: 1,
      deletions: 1,
    });
    const view = viewAfter([
      ...untilEdit,
      writing("a.md", "started"),
      writing("a.md", "ok"),
      writing("b.md", "started"),
      writing("b.md", "error"),
      ...Array.from({ length: 22 }, (_, index) => change(`src/${index}.ts`)),
      { type: "success", step: "edit", message: "Change files", result: {}, duration_ms: 7 },
      { type: "warning", message: "Not verified: no sandbox.", code: "not_verified" },
      { type: "progress", step: "commit", message: "Writing the commit." },
    ]);
    expect(shown(view)).toEqual([
      ...head,
      "✔ preflight     It is there.                           12 ms",
      "✔ clone         Fetched 16 paths.                      48 ms",
      "✔ analyse       16 files; Python.",
      "✔ edit          Change files                            7 ms",
      "    2 tool calls, 1 failed",
      ...Array.from({ length: 20 }, (_, index) => `    ~ src/${index}.ts  +1  -1`),
      "    … 2 more in the diff",
      "– verify        Not verified: no sandbox.",
      "⠋ commit        Writing the commit.",
      "○ push",
      "○ pull request",
    ]);
  });

  it("leaves out the steps a run did not come to, and marks the one it failed in", () => {
    const view = viewAfter([
      { type: "warning", message: "No model is set up.", code: "agent_fallback" },
      ...untilEdit.slice(0, 2),
      {
        type: "error",
        message: "There is no such repository.",
        code: "repository_not_found",
        retryable: false,
      },
      failed,
    ]);
    expect(shown(view)).toEqual([
      ...head,
      "    ⚠ No model is set up.",
      "✖ preflight     Checking access.",
      "    ✖ There is no such repository.",
    ]);
  });

  it("marks the step that was going on when somebody stopped the demo", () => {
    const view = reduce(viewAfter(untilEdit.slice(0, 4)), { type: "stopped" });
    expect(shown(view).slice(7, 10)).toEqual([
      "✔ preflight     It is there.                           12 ms",
      "■ clone         Fetching main.",
      "○ analyse",
    ]);
  });

  it("gives up messages before names in a narrow window", () => {
    expect(shown(viewAfter(untilEdit), { columns: 24 }).slice(-8)).toEqual([
      "✔ preflight        12 ms",
      "✔ clone            48 ms",
      "✔ analyse",
      "⠋ edit",
      "○ verify",
      "○ commit",
      "○ push",
      "○ pull request",
    ]);
  });

  it.each([10, 20, 33, 47, 60, 100])("has no line wider than %d columns", (columns) => {
    const events: RunEvent[] = [
      ...untilEdit,
      writing("漢字/".repeat(30), "started"),
      { type: "warning", message: "漢字".repeat(40), code: "waiting" },
      { type: "text", message: "…", delta: `${"word ".repeat(40)}\n\t${"漢".repeat(80)}` },
      { type: "change", message: "…", path: "p".repeat(150), kind: "deleted", additions: 0, deletions: 9 },
    ];
    const view: View = { ...viewAfter(events), prompt: `${"long ".repeat(99)}`, repository: "r".repeat(150) };
    const widths = shown(view, { columns, rows: Number.POSITIVE_INFINITY }).map(columnsOf);
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
  });

  it("shows no control character of what comes from outside", () => {
    const evil = "\x1b[2J\r\x9b31m\u202e";
    const events: RunEvent[] = [
      ...untilEdit,
      { type: "progress", step: "edit", message: `message ${evil}` },
      writing(`tool ${evil}`, "error"),
      { type: "change", message: "…", path: `path ${evil}`, kind: "added", additions: 1, deletions: 0 },
      { type: "text", message: "…", delta: `words ${evil}` },
      { type: "output", message: "…", stream: "stderr", data: `output ${evil}` },
      { type: "warning", message: `warning ${evil}`, code: "waiting" },
      { type: "error", message: `error ${evil}`, code: "internal", retryable: false },
    ];
    const recorded = events.map((event, index) => ({
      seq: index + 1,
      time: new Date(START).toISOString(),
      ...event,
    }));
    const view = recorded.reduce(reduce, newView({ repository: evil, prompt: evil }));
    const text = shown(view, { rows: Number.POSITIVE_INFINITY }).join("\n");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there.
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
    for (const word of ["message", "tool", "path", "words", "output", "warning", "error"]) {
      expect(text).toContain(`${word} ␛[2J`);
    }
  });
});
