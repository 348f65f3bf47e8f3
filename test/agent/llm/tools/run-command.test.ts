/** Commands run in a real shell; what they print streams by, and its beginning and end come back. */
import { expect, test } from "vitest";
import type { CommandRunner } from "../../../../src/agent/agent.ts";
import { startGate } from "../../../support/gate.ts";
import { createLocalCommands } from "../../../support/local-commands.ts";
import { createMemoryWorkspace } from "../../../support/memory-workspace.ts";
import { answer, CALL_MS, call, start } from "../../../support/tool-calls.ts";

const workspace = createMemoryWorkspace({
  "a.txt": "one\n",
  "bin/run": { content: "#!/bin/sh\necho ran\n", kind: "executable" },
});
const bench = { workspace, commands: createLocalCommands(workspace) };

test("a command sees the files as they are now; its output is told as it comes and handed back", async () => {
  await call(bench, "edit_file", { path: "a.txt", old_text: "one", new_text: "two" });
  const command = "cat a.txt; exit 3";
  const { events, outcome } = await call(bench, "run_command", { command });
  const message = `Run "${command}"`;
  const text = "The command ended with exit code 3. Output:\ntwo\n";
  expect(events).toEqual([
    { type: "tool", name: "run_command", input: { command }, status: "started", message },
    { type: "output", stream: "stdout", data: "two\n", message: "The command wrote to stdout." },
    {
      type: "tool",
      name: "run_command",
      input: { command },
      status: "ok",
      message: `"${command}": The command ended with exit code 3.`,
      output: text,
      duration_ms: CALL_MS,
    },
  ]);
  expect(outcome).toEqual({
    status: "ok",
    text,
    message: `"${command}": The command ended with exit code 3.`,
  });
});

test("what goes to the error stream is told as such", async () => {
  const { events } = await call(bench, "run_command", { command: "bin/run >&2" });
  expect(events.slice(1, -1)).toEqual([
    { type: "output", stream: "stderr", data: "ran\n", message: "The command wrote to stderr." },
  ]);
});

test("output comes while the command still runs", async () => {
  const gate = await startGate();
  const running = start(bench, "run_command", { command: `echo one; curl -s ${gate.url}; echo two` });
  expect((await running.next()).value).toMatchObject({ status: "started" });
  expect((await running.next()).value).toMatchObject({ type: "output", data: "one\n" });
  gate.open();
  expect((await running.next()).value).toMatchObject({ type: "output", data: "two\n" });
  gate.close();
  expect((await running.next()).value).toMatchObject({ status: "ok" });
});

test("of a flood of output the beginning and the end are kept, and how much is missing", async () => {
  const command = "echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last";
  const { events, outcome } = await call(bench, "run_command", { command });
  const total = "first\n".length + 3_000_000 + "\nlast\n".length;
  expect(outcome.text.length).toBeLessThan(20_200);
  expect(outcome.text).toMatch(/^The command ended with exit code 0\. Output:\nfirst\nx{5994}\n\(/);
  expect(outcome.text).toContain(
    `\n(${(total - 20_000).toLocaleString("en-US")} characters of output are not shown)\n`,
  );
  expect(outcome.text).toMatch(/\nx{13994}\nlast\n$/);
  expect(events.at(-1)).toMatchObject({
    output: `${outcome.text.slice(0, 4_000)}… (${outcome.text.length.toLocaleString("en-US")} characters)`,
  });
});

test("colours are left out of what the model reads, not of what readers see", async () => {
  const { events, outcome } = await call(bench, "run_command", {
    command: "printf '\\033[1;31mred\\033[0m\\n'",
  });
  expect(outcome.text).toBe("The command ended with exit code 0. Output:\nred\n");
  expect(events[1]).toMatchObject({ data: "\u001b[1;31mred\u001b[0m\n" });
});

test("how a command ended otherwise is told in its words", async () => {
  const ends = (result: { exitCode: number | null; ended?: string }): CommandRunner => ({
    // biome-ignore lint/correctness/useYield: it prints nothing
    async *run() {
      return result;
    },
  });
  const told = (result: { exitCode: number | null; ended?: string }) =>
    answer({ workspace, commands: ends(result) }, "run_command", { command: "x" });
  expect(await told({ exitCode: null, ended: "timed out after 300 s" })).toBe(
    "ok: The command timed out after 300 s; no exit code. It printed nothing.",
  );
  expect(await told({ exitCode: 137, ended: "ran out of memory" })).toBe(
    "ok: The command ran out of memory; exit code 137. It printed nothing.",
  );
  expect(await told({ exitCode: null })).toBe(
    "ok: A signal ended the command; no exit code. It printed nothing.",
  );
});

test("an abort ends the command and is thrown on", async () => {
  const abort = new AbortController();
  const running = start({ ...bench, signal: abort.signal }, "run_command", {
    command: "echo $$; sleep 1000",
  });
  await running.next();
  const pid = await pidIn(running);
  abort.abort(new DOMException("cancelled", "AbortError"));
  await expect(running.next()).rejects.toThrow("cancelled");
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

test("a command that nobody waits for any longer is ended", async () => {
  const running = start(bench, "run_command", { command: "echo $$; sleep 1000" });
  await running.next();
  const pid = await pidIn(running);
  await running.return({ status: "ok", text: "", message: "" });
  expect(() => process.kill(pid, 0)).toThrow("ESRCH");
});

async function pidIn(running: ReturnType<typeof start>): Promise<number> {
  const { value } = await running.next();
  if (!("data" in value)) throw new Error("printed nothing");
  return Number(value.data);
}

test("a command that is none is refused", async () => {
  expect(await answer(bench, "run_command", { command: " " })).toBe(
    "error: command is empty. Give a line for the shell.",
  );
  expect(await answer(bench, "run_command", { command: "x".repeat(10_001) })).toBe(
    "error: command has 10001 characters; at most 10000 are taken.",
  );
});

test("without a sandbox the tool is not there", async () => {
  expect(await answer({ workspace }, "run_command", { command: "ls" })).toBe(
    'error: There is no tool "run_command". The tools are list_files, read_file, search_files, edit_file, write_file, delete_file, move_file, finish.',
  );
});
