/** Whatever a model sends as a call comes back as a result it can act on, between two events. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Tool, ToolOutcome } from "../../../../src/agent/llm/tool.ts";
import type { ErrorCode } from "../../../../src/errors.ts";
import { ServiceError } from "../../../../src/errors.ts";
import { runEventSchema } from "../../../../src/run/events.ts";
import { createMemoryWorkspace } from "../../../support/memory-workspace.ts";
import { answer, CALL_MS, call } from "../../../support/tool-calls.ts";

const workspace = createMemoryWorkspace({ "a.txt": "one\ntwo\n" });
const NAMES = "list_files, read_file, search_files, edit_file, write_file, delete_file, move_file, finish";
const TAKES =
  "read_file takes path (a string), start_line (a whole number, optional) and end_line (a whole number, optional).";

/** A tool that does as it is told. */
function toolThat(run: () => Promise<ToolOutcome>): Tool {
  return { name: "scripted", description: "Does as it is told.", schema: z.strictObject({}), run };
}

describe("arguments", () => {
  test.each([
    ["", `- path is missing: give a string\n${TAKES}`],
    [" \n", `- path is missing: give a string\n${TAKES}`],
    [{ path: null }, `- path must be a string, not null\n${TAKES}`],
    [{ path: ["a.txt", "b"] }, `- path must be a string, not an array of 2\n${TAKES}`],
    [{ path: {} }, `- path must be a string, not an object\n${TAKES}`],
    [{ path: "a.txt", start_line: "2" }, `- start_line must be a whole number, not the string "2"\n${TAKES}`],
    [{ path: "a.txt", start_line: 1.5 }, `- start_line must be a whole number, not 1.5\n${TAKES}`],
    [{ path: "a.txt", start_line: 0 }, `- start_line must be at least 1, not 0\n${TAKES}`],
    [{ path: "a.txt", end_line: 1e300 }, `- end_line must be at most 9007199254740991, not 1e+300\n${TAKES}`],
    [
      { path: "a.txt", end_line: "x".repeat(99) },
      `- end_line must be a whole number, not a string of 99 characters\n${TAKES}`,
    ],
    [
      { file_path: "a.txt", lines: true, zzz: 1 },
      `- path is missing: give a string\n- "file_path" is not an argument; did you mean path?\n- "lines" is not an argument; did you mean end_line?\n- "zzz" is not an argument; leave it out\n${TAKES}`,
    ],
    ['{"path":"a.txt","__proto__":{"x":1}}', `- "__proto__" is not an argument; leave it out\n${TAKES}`],
    ['{"path":"a.txt","constructor":null}', `- "constructor" is not an argument; leave it out\n${TAKES}`],
  ])("%j: every problem is named, and what the tool takes", async (args, told) => {
    expect(await answer({ workspace }, "read_file", args)).toBe(
      `error: The arguments do not fit read_file:\n${told}`,
    );
  });

  test("ninety thousand unknown ones are counted", async () => {
    const args = Object.fromEntries(Array.from({ length: 90_000 }, (_, index) => [`x${index}`, 1]));
    const { events, outcome } = await call({ workspace }, "list_files", args);
    expect(outcome.text).toMatch(
      /"x9" is not an argument; leave it out\n- and 89990 more problems\nlist_files takes /,
    );
    expect(events[0]).toMatchObject({ input: { x0: 1, x19: 1, "…": "(89980 more fields)" } });
  });

  test("null stands for an optional one that is not given", async () => {
    const args = { path: "a.txt", start_line: 2, end_line: null };
    expect(await answer({ workspace }, "read_file", args)).toBe(
      'ok: "a.txt": lines 2 to 2 of 2.\n    2\ttwo',
    );
    expect(await answer({ workspace }, "list_files", { path: null, glob: null })).toContain("ok: ");
    expect(await answer({ workspace }, "list_files", "")).toContain("ok: ");
  });

  const HOW =
    "Send one JSON object; inside of strings, quotes and backslashes need a backslash, and line breaks are \\n.";
  test.each([
    [
      '{"path": "a',
      `The arguments are not valid JSON: Unterminated string in JSON at position 11 (line 1 column 12). They seem to be cut off: write less in one call. ${HOW}`,
    ],
    [
      '{"path": "a"',
      `The arguments are not valid JSON: Expected ',' or '}' after property value in JSON at position 12 (line 1 column 13). They seem to be cut off: write less in one call. ${HOW}`,
    ],
    [
      "{path: 1}",
      `The arguments are not valid JSON: Expected property name or '}' in JSON at position 1 (line 1 column 2). ${HOW}`,
    ],
    ["[]", "The arguments must be a JSON object, not an array of 0."],
    ['"a.txt"', 'The arguments must be a JSON object, not the string "a.txt".'],
    ["null", "The arguments must be a JSON object, not null."],
    ["17", "The arguments must be a JSON object, not 17."],
  ])("%s is no JSON object, and the answer says what to send", async (args, told) => {
    const { events, outcome } = await call({ workspace }, "read_file", args);
    expect([outcome.status, outcome.text]).toEqual(["error", told]);
    expect(events[0]).toMatchObject({ input: { arguments: args } });
  });

  test("more than 1 MiB of them is refused and shown nowhere", async () => {
    const secret = "do-not-echo".repeat(100_000);
    const { events, outcome } = await call({ workspace }, "write_file", { path: "big.txt", content: secret });
    expect(outcome).toEqual({
      status: "error",
      text: "The arguments have 1,100,031 characters; at most 1,048,576 are taken. Write a large file in parts: the beginning with write_file, the rest with edit_file.",
      message: "The arguments have 1,100,031 characters; at most 1,048,576 are taken.",
    });
    expect(events[0]).toMatchObject({ input: { arguments: "(1,100,031 characters, not shown)" } });
    expect(JSON.stringify(events)).not.toContain("do-not-echo");
    expect(await workspace.entry("big.txt")).toBeUndefined();
    const fits = { path: "fits.txt", content: "x".repeat(1024 * 1024 - 50) };
    expect(await answer({ workspace }, "write_file", fits)).toContain("ok: Created");
  });

  test("nested a hundred thousand deep they are a result as well", async () => {
    const deep = `{"path":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    expect(await answer({ workspace }, "read_file", deep)).toContain(
      "- path must be a string, not an array of 1\n",
    );
    const objects = `{"path":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`;
    expect(await answer({ workspace }, "read_file", objects)).toContain(
      "- path must be a string, not an object\n",
    );
  });
});

describe("tools", () => {
  test.each([
    ["readfile", " Did you mean read_file?"],
    ["Read_File", " Did you mean read_file?"],
    ["create_file", " Did you mean write_file?"],
    ["search", " Did you mean search_files?"],
    ["rename_file", " Did you mean move_file?"],
    ["list", " Did you mean list_files?"],
    ["bash", ""],
    ["make_file", ""],
    ["qqq", ""],
    ["", ""],
    ["__proto__", ""],
  ])("one called %j is not there, and the answer names the others", async (name, hint) => {
    expect(await answer({ workspace }, name, {})).toBe(
      `error: There is no tool ${JSON.stringify(name)}.${hint} The tools are ${NAMES}.`,
    );
  });

  test("a name of a megabyte is cut wherever it is shown", async () => {
    const { events, outcome } = await call({ workspace }, `\ud83d${"n".repeat(1_000_000)}`, {});
    expect(outcome.text.length).toBeLessThan(600);
    expect(JSON.stringify(events).length).toBeLessThan(2_000);
    expect(JSON.stringify(events).isWellFormed()).toBe(true);
    for (const event of events) expect(runEventSchema.safeParse(event).success).toBe(true);
  });

  test.each<[ErrorCode, string]>([
    ["path_refused", " Paths are relative to the repository's root, with / between folders."],
    ["invalid_pattern", " Regular expressions are RE2's: no lookaround and no backreferences."],
    ["edit_too_large", ""],
    ["network_error", " This is not about the arguments: try once more, or go on without it."],
    ["rate_limited", " This is not about the arguments: try once more, or go on without it."],
  ])("what the service refuses with %s is a result", async (code, hint) => {
    const tools = [toolThat(() => Promise.reject(new ServiceError(code, "It cannot be done.")))];
    const { events, outcome } = await call({ workspace, tools }, "scripted", {});
    const text = `It cannot be done.${hint}`;
    expect(outcome).toEqual({ status: "error", text, message: "It cannot be done." });
    expect(events).toEqual([
      { type: "tool", name: "scripted", message: 'Call "scripted"', input: {}, status: "started" },
      {
        type: "tool",
        name: "scripted",
        message: "It cannot be done.",
        input: {},
        status: "error",
        output: text,
        duration_ms: CALL_MS,
      },
    ]);
  });

  test("aborts and defects are thrown on", async () => {
    const abort = new AbortController();
    const tools = [
      toolThat(async () => {
        abort.abort(new DOMException("cancelled", "AbortError"));
        return { status: "ok", text: "too late", message: "Too late." };
      }),
    ];
    const options = { workspace, tools, signal: abort.signal };
    await expect(call(options, "scripted", {})).rejects.toThrow("cancelled");
    await expect(call({ workspace, signal: abort.signal }, "list_files", {})).rejects.toThrow("cancelled");
    const broken = [toolThat(() => Promise.reject(new TypeError("a defect")))];
    await expect(call({ workspace, tools: broken }, "scripted", {})).rejects.toThrow("a defect");
  });

  test("an outcome is bounded and whole Unicode whatever the tool made", async () => {
    const tools = [
      toolThat(async () => ({
        status: "ok",
        text: `\udc00${"x".repeat(60_000)}`,
        message: "a\nb\ud800".repeat(200),
      })),
    ];
    const { outcome } = await call({ workspace, tools }, "scripted", {});
    expect(outcome.text).toBe(`\ufffd${"x".repeat(39_999)}\n(cut: this has 60,001 characters)`);
    expect(outcome.message).toMatch(/^a b\ufffda b.*…$/);
    expect(outcome.message.length).toBeLessThanOrEqual(300);
  });
});

test("events show long strings cut, with their length, and nested values as what they are", async () => {
  const input = { path: "x.txt", content: "y".repeat(5_000) };
  const { events } = await call({ workspace }, "write_file", input);
  const shown = { path: "x.txt", content: `${"y".repeat(1_000)}… (5,000 characters)` };
  expect(events.map((event) => "input" in event && event.input)).toEqual([shown, shown]);
  const odd = await call(
    { workspace },
    "write_file",
    '{"path":["a",["b"]],"__proto__":{"c":1},"n":1,"t":true,"z":null}',
  );
  expect(
    odd.events.flatMap((event) => ("input" in event ? Object.entries(event.input) : [])).slice(0, 5),
  ).toEqual([
    ["path", "(an array of 2)"],
    ["__proto__", "(an object)"],
    ["n", 1],
    ["t", true],
    ["z", null],
  ]);
});

test.each([
  ["list_files", {}, "List files"],
  ["list_files", { path: "src", glob: "*.ts" }, 'List "*.ts" in "src"'],
  ["read_file", { path: "a.txt" }, 'Read "a.txt"'],
  ["search_files", { query: "x" }, 'Search all files for "x"'],
  ["search_files", { query: "x", glob: "*.ts" }, 'Search "*.ts" for "x"'],
  ["delete_file", { path: 1 }, "Delete ?"],
  ["move_file", { from: "a", to: "b\nc" }, 'Move "a" to "b c"'],
  ["finish", { title: "Do it", summary: "" }, 'Finish: "Do it"'],
  ["toString", {}, 'Call "toString"'],
])("%s %j starts with a sentence", async (name, args, message) => {
  const { events } = await call({ workspace: createMemoryWorkspace({ "a.txt": "x\n" }) }, name, args);
  expect(events[0]?.message).toBe(message);
});

describe("finish", () => {
  const finish = async (title: string, summary: string) =>
    (await call({ workspace }, "finish", { title, summary })).outcome;

  test("hands over title and summary", async () => {
    expect(await finish(" Add\n a\tthing\ud83d ", "\n\ud83dWhy and how.\n- one\n- two\n")).toEqual({
      status: "ok",
      text: "The work is finished.",
      message: "Finished: Add a thing\ufffd",
      finished: { title: "Add a thing\ufffd", summary: "\ufffdWhy and how.\n- one\n- two" },
    });
  });

  test("cuts a title of more than 120 characters and a summary of more than 20,000", async () => {
    const { finished } = await finish("t".repeat(500), "s".repeat(30_000));
    expect(finished).toEqual({ title: `${"t".repeat(119)}…`, summary: "s".repeat(20_000) });
  });

  test("refuses an empty title", async () => {
    expect(await finish(" \u200b\n", "x")).toEqual({
      status: "error",
      text: "title is empty. Say in one line what the change does.",
      message: "title is empty.",
    });
  });
});
