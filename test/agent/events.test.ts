/** What the agent says while it works: every event and outcome, whole. */
import { describe, expect, test } from "vitest";
import type { AgentEvent } from "../../src/agent/agent.ts";
import { createRuleAgent } from "../../src/agent/rules/agent.ts";
import { ServiceError } from "../../src/errors.ts";
import { createMemoryWorkspace } from "../support/memory-workspace.ts";
import { runAgent, taskFor } from "../support/run-agent.ts";

const agent = createRuleAgent();

function tool(
  name: string,
  message: string,
  input: Readonly<Record<string, unknown>>,
  output: string,
): AgentEvent[] {
  return [
    { type: "tool", message, name, input, status: "started" },
    { type: "tool", message, name, input, status: "ok", output },
  ];
}

describe("the events of a run", () => {
  test("that creates a file", async () => {
    const workspace = createMemoryWorkspace();
    const run = await runAgent(agent, workspace, 'Create a file docs/hello.md with the content "Hello"');
    expect(run).toEqual({
      events: tool(
        "write_file",
        "Write docs/hello.md",
        { path: "docs/hello.md", bytes: 6, content: "Hello\n" },
        "Wrote 6 bytes.",
      ),
      outcome: {
        status: "edited",
        title: "Create docs/hello.md",
        summary: ["Created docs/hello.md with the content the prompt spells out (1 line)."],
      },
    });
  });

  test("that creates a big file show only its beginning", async () => {
    const content = "x".repeat(5_000);
    const { events } = await runAgent(agent, createMemoryWorkspace(), `Create a.txt with "${content}"`);
    expect(events[0]).toMatchObject({ input: { bytes: 5_001, content: `${"x".repeat(200)}…` } });
  });

  test("that replaces text in a few files", async () => {
    const workspace = createMemoryWorkspace({ "a.txt": "foo foo\n", "b.txt": "bar\n", "c.txt": "foo\n" });
    const run = await runAgent(agent, workspace, 'Replace "foo" with "bar"');
    expect(run).toEqual({
      events: [
        ...tool(
          "edit_file",
          "Edit a.txt",
          { path: "a.txt", search: "foo", replacement: "bar" },
          "Replaced 2 occurrences.",
        ),
        ...tool(
          "edit_file",
          "Edit c.txt",
          { path: "c.txt", search: "foo", replacement: "bar" },
          "Replaced 1 occurrence.",
        ),
      ],
      outcome: {
        status: "edited",
        title: 'Replace "foo" with "bar" in all files',
        summary: ['Replaced 3 occurrences of "foo" with "bar" in 2 files: a.txt (2) and c.txt (1).'],
      },
    });
    expect(workspace.unfetched).toEqual([]);
    expect(workspace.prefetches).toBe(1);
  });

  test("that replaces text in many files searches before it reads", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`f${index}.txt`, index === 7 ? "foo\n" : "no\n"]),
    );
    const workspace = createMemoryWorkspace(files);
    const { events } = await runAgent(agent, workspace, 'Replace "foo" with "bar" in all *.txt files');
    expect(events).toEqual([
      ...tool(
        "search_files",
        'Search all *.txt files for "foo"',
        { query: "foo", glob: ["**/*.txt"] },
        "Found 1 matching line in 1 file.",
      ),
      ...tool(
        "edit_file",
        "Edit f7.txt",
        { path: "f7.txt", search: "foo", replacement: "bar" },
        "Replaced 1 occurrence.",
      ),
    ]);
  });

  test("that deletes and moves", async () => {
    const workspace = createMemoryWorkspace({ "a.txt": "a", "docs/b.md": "b", "docs/c.md": "c" });
    const run = await runAgent(agent, workspace, "Delete a.txt and move docs to notes");
    expect(run).toEqual({
      events: [
        ...tool("delete_file", "Delete a.txt", { path: "a.txt" }, "Deleted a.txt."),
        ...tool("move_file", "Move docs to notes", { from: "docs", to: "notes" }, "Moved to notes."),
      ],
      outcome: {
        status: "edited",
        title: "Delete a.txt and rename docs to notes",
        summary: [
          "Deleted a.txt.",
          "Renamed the folder docs (2 files) to notes.",
          "Imports and links that mention the old path were left as they are.",
        ],
      },
    });
  });

  test("that adds error handling", async () => {
    const workspace = createMemoryWorkspace({
      "app.py": "def main():\n    return int('1')\n",
      "lib/bad.py": "def f(:\n",
      "tests/test_app.py": "def test():\n    assert main()\n",
    });
    const run = await runAgent(agent, workspace, "Add error handling");
    expect(run).toEqual({
      events: [
        ...tool(
          "edit_file",
          "Add error handling to app.py",
          { path: "app.py", functions: "main" },
          "Wrapped 1 function.",
        ),
        {
          type: "warning",
          code: "file_skipped",
          message: "lib/bad.py was left alone: its syntax is not understood.",
        },
      ],
      outcome: {
        status: "edited",
        title: "Add error handling to main in app.py",
        summary: [
          "Added error handling to 1 function in 1 file: an error is logged with the function's name and raised again, so callers see what they saw before.",
          "app.py: main.",
          "lib/bad.py was left alone: its syntax is not understood.",
        ],
      },
    });
    expect(workspace.unfetched).toEqual([]);
  });

  test("whose edit the workspace refuses ends with its message", async () => {
    const run = await runAgent(agent, createMemoryWorkspace(), 'Create ../x with "y"');
    const event = {
      type: "tool",
      message: "Write ../x",
      name: "write_file",
      input: { path: "../x", bytes: 2, content: "y\n" },
    };
    const reason = '"../x" is not a path that may be written.';
    expect(run.events).toEqual([
      { ...event, status: "started" },
      { ...event, status: "error", output: reason },
    ]);
    expect(run.outcome).toMatchObject({ status: "no_changes", reason });
  });

  test("goes on with the other files when one becomes too large", async () => {
    const workspace = createMemoryWorkspace(
      { "a.txt": "x\n", "b.txt": `x${"y".repeat(90)}\n` },
      { maxFileBytes: 95 },
    );
    const { events, outcome } = await runAgent(agent, workspace, 'Replace "x" with "long enough"');
    expect(events.at(-1)).toEqual({
      type: "warning",
      code: "file_skipped",
      message: 'b.txt was left alone: "b.txt" would have 102 bytes; at most 95 are allowed.',
    });
    expect(outcome).toMatchObject({
      status: "edited",
      summary: ['Replaced 1 occurrence of "x" with "long enough" in 1 file: a.txt (1).'],
    });
  });
});

describe("a run that is cut short", () => {
  const files = { "a.txt": "foo\n", "b.txt": "foo\n", "c.txt": "foo\n" };

  test("throws the abort at the next step", async () => {
    const workspace = createMemoryWorkspace(files);
    const controller = new AbortController();
    const run = agent.run(taskFor(workspace, 'Replace "foo" with "bar"', { signal: controller.signal }));
    const first = await run.next();
    expect(first.value).toMatchObject({ status: "started", message: "Edit a.txt" });
    controller.abort();
    await expect(run.next()).rejects.toMatchObject({ name: "AbortError" });
    expect(workspace.snapshot()).toMatchObject({ "b.txt": "foo\n", "c.txt": "foo\n" });
  });

  test("does nothing at all when it was aborted before", async () => {
    const workspace = createMemoryWorkspace(files);
    await expect(runAgent(agent, workspace, "Delete a.txt", AbortSignal.abort())).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(await workspace.changes()).toEqual([]);
  });

  test.each([
    new ServiceError("network_error", "The git server did not answer."),
    new TypeError("a defect"),
    new DOMException("stopped", "AbortError"),
  ])("throws on what is no refusal of an edit: %s", async (error) => {
    const workspace = { ...createMemoryWorkspace(files), delete: () => Promise.reject(error) };
    await expect(runAgent(agent, workspace, "Delete a.txt")).rejects.toBe(error);
  });
});
