/** Runs whose changes are checked: on a real runner and the local forge, with agents that do what a test scripts. */
import { afterAll, beforeAll } from "vitest";
import type { Agent } from "../../src/agent/agent.ts";
import type { DoneEvent, RunEvent } from "../../src/run/events.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { type ForgeRepository, type LocalForge, startForge } from "./forge/server.ts";
import { createJournal, type Journal } from "./journal.ts";
import { TOKENS } from "./open.ts";
import { clientFor, startProcessRunner } from "./run-sandboxes.ts";
import { editing, partsFor, requestFor } from "./runs.ts";
import type { StartedRunner } from "./sandbox-runner.ts";

const RUN_ID = "6b1f1d5e-0000-4000-8000-000000000007";

export interface CheckedRun {
  readonly repository: ForgeRepository;
  readonly journal: Journal;
  readonly parts: () => ReturnType<typeof partsFor>;
}

export interface EndedRun extends CheckedRun {
  readonly events: readonly RunEvent[];
  readonly done: DoneEvent;
  /** The pull request's section about it; empty without one. */
  readonly section: string;
}

type SetUp = [
  files: Readonly<Record<string, string>>,
  agent: Agent,
  more?: Partial<RunRequest>,
  on?: StartedRunner,
];

/** Starts forge and runner before a file's tests, and ends them after. */
export function checkedRuns(): {
  set(...setUp: SetUp): Promise<CheckedRun>;
  ran(...setUp: SetUp): Promise<EndedRun>;
} {
  let forge: LocalForge;
  let runner: StartedRunner;
  let count = 0;
  beforeAll(async () => {
    forge = await startForge({ tokens: TOKENS });
    runner = await startProcessRunner({ MAX_SANDBOXES: "100" });
  });
  afterAll(async () => {
    await runner.close();
    await forge.close();
  });

  async function set(...[files, agent, more = {}, on = runner]: SetUp): Promise<CheckedRun> {
    count += 1;
    const name = `octo/verify-${count}`;
    const repository = await forge.addRepository(name, { files });
    const request = requestFor(forge, name, {
      use_cloud_sandbox: true,
      sandbox_provider: "process",
      ...more,
    });
    const parts = () => partsFor(forge, { agent }, { runner: clientFor(on) });
    return { repository, journal: createJournal(request, parts(), RUN_ID), parts };
  }

  return {
    set,
    async ran(...setUp) {
      const one = await set(...setUp);
      if (!(await one.journal.attempt(one.parts()))) throw new Error("the run did not end");
      const { events } = one.journal;
      const done = events.at(-1);
      if (done?.type !== "done") throw new Error("no done");
      const body = one.repository.pullRequests[0]?.body ?? "";
      const section = /\n## What was verified\n\n([\s\S]*?)\n\n(?:## |---)/.exec(body)?.[1] ?? "";
      return { ...one, events, done, section };
    },
  };
}

export const FILES = { "a.txt": "old\n" };
/** What the agent of most tests does. */
export const change = editing((workspace) => workspace.write("a.txt", "new\n"));

/** The warnings but for those that only say how a check went. */
export function leftOutOf(events: readonly RunEvent[]): readonly (readonly [string, string])[] {
  return events.flatMap((event) =>
    event.type === "warning" && !["not_verified", "verification_failed"].includes(event.code)
      ? [[event.code, event.message] as const]
      : [],
  );
}
