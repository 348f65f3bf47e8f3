/** What a run does when its repository cannot be read for the sandbox: not at all, or not a file of it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEgress } from "../../src/egress.ts";
import type { RunEvent } from "../../src/run/events.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { type LocalForge, startForge } from "../support/forge/server.ts";
import { createJournal } from "../support/journal.ts";
import { TOKENS } from "../support/open.ts";
import { clientFor, startProcessRunner } from "../support/run-sandboxes.ts";
import { editing, type PartsOptions, partsFor, requestFor } from "../support/runs.ts";
import type { StartedRunner } from "../support/sandbox-runner.ts";
import { scriptedAgent, usageAt } from "../support/scripted-agent.ts";

let forge: LocalForge;
let runner: StartedRunner;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  runner = await startProcessRunner();
});
afterAll(async () => {
  await runner.close();
  await forge.close();
});

async function ran(
  name: string,
  options: PartsOptions,
  more: Partial<RunRequest>,
): Promise<readonly RunEvent[]> {
  const request = requestFor(forge, name, { use_cloud_sandbox: true, sandbox_provider: "process", ...more });
  const parts = partsFor(forge, options, { runner: clientFor(runner) });
  const journal = createJournal(request, parts, "6b1f1d5e-0000-4000-8000-000000000009");
  expect(await journal.attempt(parts)).toBe(true);
  return journal.events;
}

test("files that the git server does not hand out for the check leave the change unverified, not lost", async () => {
  const repository = await forge.addRepository("octo/unread", { files: { "a.txt": "a\n", "b.txt": "b\n" } });
  const send = createEgress({ origins: [forge.url] });
  let edited = false;
  const fetch: typeof send = async (input, init) => {
    const isFetch = String(input).endsWith("/git-upload-pack");
    return edited && isFetch ? new Response("busy", { status: 502 }) : await send(input, init);
  };
  const agent = editing(async (workspace) => {
    await workspace.write("new.txt", "new\n");
    edited = true;
  });
  const events = await ran("octo/unread", { agent, fetch }, { test_command: "true" });
  expect(events.at(-1)).toMatchObject({
    status: "succeeded",
    verification: {
      status: "not_verified",
      message: expect.stringMatching(
        /^"true" was not run to its end\. The repository could not be read for the sandbox\. .*502/,
      ),
    },
  });
  expect(repository.pullRequests).toHaveLength(1);
});

test("a file over the bound for one file may be moved between two checks", async () => {
  const big = new Uint8Array(9 * 1024 * 1024);
  const files = { "a.txt": "old\n", "big.bin": big };
  const repository = await forge.addRepository("octo/moved", { files });
  const agent = scriptedAgent(async function* ({ workspace, feedback, commands, signal }) {
    if (feedback === undefined) await workspace.write("a.txt", "bad\n");
    else {
      await commands?.run("true", signal).next();
      await workspace.move("big.bin", "data/big.bin");
      await workspace.write("a.txt", "good\n");
      expect((await commands?.run("test ! -e data", signal).next())?.value).toEqual({ exitCode: 0 });
    }
    yield usageAt(1);
    return { status: "edited", title: "Move it", summary: [] };
  });
  const events = await ran("octo/moved", { agent }, { test_command: "grep good a.txt" });
  expect(events.at(-1)).toMatchObject({ status: "succeeded", verification: { status: "passed" } });
  const [pull] = repository.pullRequests;
  expect(await repository.git("ls-tree", "-r", "--name-only", `${pull?.head}`)).toBe("a.txt\ndata/big.bin");
  expect(pull?.body).toContain("The sandbox did not have all of the repository: 1 too large.");
});
