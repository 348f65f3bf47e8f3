/** The verify step on a real runner, with agents that do what a test scripts. */
import { describe, expect, test } from "vitest";
import type { Agent, AgentTask } from "../../src/agent/agent.ts";
import type { DoneEvent, RunEvent } from "../../src/run/events.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { type CheckedRun, change, checkedRuns, FILES, leftOutOf } from "../support/checked-runs.ts";
import { startProcessRunner } from "../support/run-sandboxes.ts";
import { editing } from "../support/runs.ts";
import { scriptedAgent, usageAt } from "../support/scripted-agent.ts";

const { set, ran } = checkedRuns();

/** The verify step's events. */
function step(events: readonly RunEvent[]): readonly RunEvent[] {
  const from = events.findIndex((event) => event.type === "progress" && event.step === "verify");
  const to = events.findIndex((event) => event.type === "success" && event.step === "verify");
  return events.slice(from, to + 1);
}

/** A run whose runner has place for one sandbox at a time. */
async function ranInOnePlace(request: Partial<RunRequest>): Promise<DoneEvent> {
  const small = await startProcessRunner({ MAX_SANDBOXES: "1", MAX_QUEUE: "0" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => small.close());
  return (await ran(FILES, change, request, small)).done;
}

describe("which command checks a change", () => {
  const settings = "setup_command: echo from its setup\ntest_command: |\n  echo one\n  echo from the file\n";

  test.each([
    [
      "the request's",
      { ...FILES, ".tiny-backspace.yml": settings },
      { test_command: "echo asked" },
      "from its setup\nasked\n",
    ],
    [
      "the repository's settings",
      { ...FILES, ".tiny-backspace.yml": settings },
      {},
      "from its setup\none\nfrom the file\n",
    ],
    [
      "a detected one",
      { ...FILES, Makefile: "check:\n\t@echo made\n" },
      { setup_command: "echo ready" },
      "ready\nmade\n",
    ],
  ])("is %s", async (_whose, files, request, said) => {
    const { events, done } = await ran(files, change, request);
    expect(events.flatMap((event) => (event.type === "output" ? [event.data] : [])).join("")).toBe(said);
    expect(done.verification?.status).toBe("passed");
  });

  test("is that of the base commit, whatever the change does to it", async () => {
    const agent = editing(async (workspace) => {
      await workspace.write(".tiny-backspace.yml", "test_command: 'true'\n");
      await workspace.write("Makefile", "test:\n\ttrue\n");
    });
    const { done } = await ran({ ".tiny-backspace.yml": "test_command: exit 9\n" }, agent);
    expect(done.verification).toMatchObject({ status: "failed", command: "exit 9", exit_code: 9 });
    expect((await ran({ "a.txt": "a\n" }, agent)).done.verification).toEqual({
      status: "not_verified",
      message:
        "No command was run on the change: neither the request (test_command) nor the repository says how it is tested.",
    });
  });

  test("settings that are wrong are left alone, and said to be", async () => {
    const files = { ".tiny-backspace.yml": "test_comand: ls\n", Makefile: "test:\n\t@echo made\n" };
    const { events, done, section } = await ran(files, change);
    const message = '.tiny-backspace.yml takes setup_command and test_command: "test_comand" was left alone.';
    expect(leftOutOf(events)).toEqual([["settings_ignored", message]]);
    expect(section).toContain(`\n- ${message}\n`);
    expect(done.verification).toMatchObject({ status: "passed", command: "make test" });
  });
});

describe("a change that can change what its check does", () => {
  const touches = (
    files: Readonly<Record<string, string>>,
    path: string,
    request: Partial<RunRequest> = {},
  ) =>
    ran(
      files,
      editing(async (workspace) => {
        await workspace.write(path, `${files[path] ?? ""}\n`);
        await workspace.write("other.txt", "x\n");
      }),
      request,
    );

  test.each([
    ["package.json", { "package.json": '{"scripts": {"test": "true"}}' }, "npm test"],
    ["Makefile", { Makefile: "test:\n\ttrue\n" }, "make test"],
    ["sub/conftest.py", { "pytest.ini": "" }, "python3 -m pytest"],
    ["run.sh", { ".tiny-backspace.yml": "test_command: sh ./run.sh\n", "run.sh": "true\n" }, "sh ./run.sh"],
  ])("is said to: %s", async (path, files, command) => {
    const { section } = await touches(files, path);
    expect(section).toContain(`\n- This change touches "${path}", which can change what "${command}" does.`);
  });

  test("is told from one that cannot", async () => {
    const { done, section } = await touches({ Makefile: "test:\n\ttrue\n" }, "package.json");
    expect(done.verification?.status).toBe("passed");
    expect(section).not.toContain("This change touches");
  });
});

test("every event of a step in which the check fails, before the change too", async () => {
  const { events, done, repository } = await ran(FILES, change, { test_command: "echo no >&2; exit 3" });
  const message =
    'The command "echo no >&2; exit 3" ended with exit code 3. It failed on the repository as it was before the change too.';
  const verification = {
    status: "failed",
    message,
    command: "echo no >&2; exit 3",
    ending: "exited",
    exit_code: 3,
    duration_ms: expect.any(Number),
    failed_before: true,
  };
  expect(step(events)).toEqual([
    { type: "progress", step: "verify", message: "Looking for how the repository is checked." },
    {
      type: "progress",
      step: "verify",
      message: 'Running "echo no >&2; exit 3", since the request says so.',
    },
    { type: "output", stream: "stderr", data: "no\n", message: "The command wrote to stderr." },
    {
      type: "progress",
      step: "verify",
      message: "The check failed; seeing whether it did before the change.",
    },
    { type: "warning", code: "verification_failed", message },
    { type: "success", step: "verify", message, result: { verification }, duration_ms: 0 },
  ]);
  expect(done).toMatchObject({ status: "succeeded", verification });
  expect(repository.pullRequests[0]?.draft).toBe(true);
});

test("a setup that fails before the change too is no verdict on it", async () => {
  const setup_command = "echo no network; exit 6";
  const { done, repository } = await ran(FILES, change, { setup_command, test_command: "true" });
  expect(done.verification).toEqual({
    status: "not_verified",
    message: 'The setup command "echo no network; exit 6" ended with exit code 6, before the change too.',
  });
  expect(repository.pullRequests[0]?.draft).toBe(false);
});

test("a run holds one sandbox at a time, so that it does not wait for itself", async () => {
  expect((await ranInOnePlace({ test_command: "exit 3" })).verification).toMatchObject({
    status: "failed",
    failed_before: true,
  });
  expect((await ranInOnePlace({ setup_command: "exit 6", test_command: "true" })).verification).toEqual({
    status: "not_verified",
    message: 'The setup command "exit 6" ended with exit code 6, before the change too.',
  });
});

test("a setup that only the change breaks is a failed check", async () => {
  const { done } = await ran(FILES, change, { setup_command: "grep old a.txt", test_command: "true" });
  expect(done.verification).toMatchObject({
    status: "failed",
    command: "grep old a.txt",
    failed_before: false,
  });
});

describe("an agent with a model", () => {
  /** Writes what `texts` has next with each try; says in its summary what it heard. */
  const repairing = (texts: readonly string[], heard: AgentTask["feedback"][] = []): Agent =>
    scriptedAgent(async function* ({ workspace, feedback, transcript, entries = [] }) {
      const number = feedback?.number ?? 0;
      const outcome = { status: "edited", title: `Try ${number}`, summary: [] } as const;
      if (transcript === number) return outcome;
      // An agent goes on behind all that it appended, whichever process that was in.
      expect(entries).toEqual(Array.from({ length: number }, (_, earlier) => earlier));
      heard.push(feedback);
      const text = texts[number];
      if (text !== undefined) await workspace.write("a.txt", text);
      yield { type: "checkpoint", transcript: number, append: [number] };
      yield usageAt(number + 1);
      return outcome;
    });
  const test_command = "cat a.txt; grep -q good a.txt";

  test("is given what failed, and its next try is checked again", async () => {
    const heard: AgentTask["feedback"][] = [];
    const { events, done, repository } = await ran(FILES, repairing(["bad\n", "good\n"], heard), {
      test_command,
    });
    expect(heard).toEqual([
      undefined,
      {
        number: 1,
        command: test_command,
        ending: "It ended with exit code 1.",
        output: "bad\n",
        failedBefore: true,
      },
    ]);
    expect(done.verification).toMatchObject({ status: "passed", exit_code: 0 });
    expect(repository.pullRequests[0]).toMatchObject({ draft: false, title: "Try 1" });
    expect(step(events).map((event) => (event.type === "change" ? event.path : event.type))).toEqual([
      "progress",
      "progress",
      "output",
      "progress",
      "warning",
      "usage",
      "progress",
      "progress",
      "output",
      "success",
    ]);
  });

  test("that changes nothing more is not checked once more", async () => {
    const { events, done } = await ran(FILES, repairing(["bad\n"]), { test_command });
    expect(done.verification).toMatchObject({
      status: "failed",
      message: expect.stringContaining("The agent changed nothing more."),
    });
    expect(events.filter(({ type }) => type === "output")).toHaveLength(1);
  });

  test("does not pass the next check by what the first one left where git ignores it", async () => {
    const files = { ...FILES, ".gitignore": "built\n" };
    const { done } = await ran(files, repairing(["bad\n", "worse\n", "worst\n"]), {
      test_command: "test -f built || { touch built; exit 1; }",
    });
    expect(done.verification).toMatchObject({ status: "failed", failed_before: true });
  });

  test("that takes everything back ends as no_changes", async () => {
    const { done } = await ran(FILES, repairing(["bad\n", "old\n"]), { test_command });
    expect(done).toMatchObject({ status: "no_changes", changes: [], pr_url: null });
  });

  test("that is stopped meanwhile keeps its title, and is checked a last time", async () => {
    const agent = scriptedAgent(async function* ({ workspace, feedback }) {
      await workspace.write("a.txt", feedback === undefined ? "bad\n" : "half\n");
      yield usageAt(1);
      return feedback === undefined
        ? { status: "edited", title: "Mine", summary: ["All."] }
        : { status: "incomplete", title: "x", summary: [], reason: "No turns are left.", missing: [] };
    });
    const { done, repository } = await ran(FILES, agent, { test_command });
    expect(done).toMatchObject({
      status: "succeeded",
      verification: {
        status: "failed",
        message: expect.stringMatching(/The agent was stopped: No turns are left\.$/),
      },
    });
    expect(repository.pullRequests[0]).toMatchObject({ draft: true, title: "Mine" });
    expect(await repository.git("show", `${repository.pullRequests[0]?.head}:a.txt`)).toBe("half");
  });

  test("goes on wherever its process is killed: same tries, one pull request", async () => {
    const agent = repairing(["bad\n", "good\n"]);
    const whole = await set(FILES, agent, { test_command });
    await whole.journal.attempt(whole.parts());
    const [outputs = 0] = whole.journal.outputs;
    const first = whole.journal.events.findIndex(
      (event) => event.type === "progress" && event.step === "verify",
    );
    expect(outputs).toBeGreaterThan(first);
    for (let at = first - 2; at < outputs; at += 1) {
      for (const kept of [true, false]) {
        const one = await set(FILES, agent, { test_command });
        await one.journal.attempt(one.parts(), { kill: { at, kept } });
        expect(await one.journal.attempt(one.parts())).toBe(true);
        expect(comparable(one)).toEqual(comparable(whole));
        expect(one.repository.pullRequests).toHaveLength(1);
      }
    }
  });
});

/** What readers see, without the names and times that differ. */
function comparable({ journal, repository }: CheckedRun): unknown {
  return JSON.parse(
    JSON.stringify(journal.events)
      .replaceAll(repository.fullName, "octo/name")
      .replaceAll(repository.fullName.split("/")[1] ?? "", "name")
      .replace(/"duration_ms":[0-9.]+/g, '"duration_ms":0')
      .replace(/[0-9a-f]{40}|\b[0-9a-f]{10}\b/g, "<id>")
      .replace(/ in \d+ bytes/g, "")
      .replace(/"bytes":\d+/g, '"bytes":0'),
  );
}
