/** Checks that could not begin, with the change or without it: no verdict on the change. */
import { expect, test } from "vitest";
import type { AgentTask } from "../../src/agent/agent.ts";
import { change, checkedRuns, FILES } from "../support/checked-runs.ts";
import { scriptedAgent } from "../support/scripted-agent.ts";

const { ran } = checkedRuns();

const pkg = (parts: object) => JSON.stringify({ name: "x", ...parts });
const NO_NETWORK = "the sandbox has no network.";

test.each([
  [
    "a package manager",
    {
      "package.json": pkg({ packageManager: "pnpm@9.1.0", scripts: { test: "vitest run" } }),
      "pnpm-lock.yaml": "",
    },
    'The command "pnpm test" ended with exit code 127, before the change too: the sandbox has no "pnpm".',
    [`Its dependencies were not installed (pnpm install --frozen-lockfile): ${NO_NETWORK}`],
  ],
  [
    "a dependency's program",
    { "package.json": pkg({ scripts: { test: "no-such-runner run" } }), "package-lock.json": "{}" },
    'The command "npm test" ended with exit code 127, before the change too: the sandbox has no "no-such-runner".',
    [`Its dependencies were not installed (npm ci): ${NO_NETWORK}`],
  ],
  [
    "a compiler",
    { ".tiny-backspace.yml": "test_command: no-such-go test ./...\n" },
    'The command "no-such-go test ./..." ended with exit code 127, before the change too: the sandbox has no "no-such-go".',
    [],
  ],
  [
    "a program that it does not name",
    { ".tiny-backspace.yml": "test_command: exit 127\n" },
    'The command "exit 127" ended with exit code 127, before the change too: the sandbox has no program that it needs.',
    [],
  ],
])(
  "a sandbox without %s verifies nothing, and the model is not asked to repair it",
  async (_what, files, message, notes) => {
    const heard: AgentTask["feedback"][] = [];
    // biome-ignore lint/correctness/useYield: it says nothing while it works
    const agent = scriptedAgent(async function* ({ workspace, feedback }) {
      heard.push(feedback);
      await workspace.write("a.txt", "new\n");
      return { status: "edited", title: "T", summary: [] };
    });
    const { done, repository, section } = await ran({ ...FILES, ...files }, agent);
    expect(done.verification).toEqual({ status: "not_verified", message });
    expect(heard).toEqual([undefined]);
    expect(repository.pullRequests[0]?.draft).toBe(false);
    expect(section.startsWith(`Not verified. ${message}`)).toBe(true);
    for (const note of notes) expect(section).toContain(`\n- ${note}\n`);
  },
);

test("a program that only the change takes away is a failed check", async () => {
  const { done } = await ran(FILES, change, { test_command: "grep -q old a.txt || no-such-program" });
  expect(done.verification).toMatchObject({ status: "failed", exit_code: 127, failed_before: false });
});

test("what a check without its dependencies comes to says so, also to the model", async () => {
  const heard: AgentTask["feedback"][] = [];
  // biome-ignore lint/correctness/useYield: it says nothing while it works
  const agent = scriptedAgent(async function* ({ workspace, feedback }) {
    heard.push(feedback);
    await workspace.write("a.txt", "new\n");
    return { status: "edited", title: "T", summary: [] };
  });
  const files = { ...FILES, "package.json": pkg({ scripts: { test: "exit 1" } }), "package-lock.json": "{}" };
  const { done, section } = await ran(files, agent);
  const note = `Its dependencies were not installed (npm ci): ${NO_NETWORK}`;
  expect(done.verification).toMatchObject({ status: "failed", failed_before: true });
  expect(section).toContain(`\n- ${note}\n`);
  expect(heard[1]?.ending).toBe(`It ended with exit code 1. ${note}`);
});
