/** How a run ends when it is stopped, and where its patch is: the last event tells all there is to know. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { RunOutput } from "../../src/run/checkpoint.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { run } from "../../src/run/run.ts";
import { collect } from "../support/collect.ts";
import { type LocalForge, startForge } from "../support/forge/server.ts";
import { createJournal } from "../support/journal.ts";
import { TOKENS } from "../support/open.ts";
import { editing, type PartsOptions, partsFor, requestFor } from "../support/runs.ts";

const never = new Promise(() => undefined);
const BRANCH = "tiny-backspace/delete-a-txt-aaaaaaaa";

let forge: LocalForge;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
});
afterAll(() => forge.close());

async function set(name: string, more: Partial<RunRequest> = {}, options: PartsOptions = {}) {
  await forge.addRepository(name, { files: { "a.txt": "a\n" } });
  forge.faults.clear();
  forge.log.clear();
  const request = requestFor(forge, name, { prompt: "Delete a.txt", ...more });
  return { request, parts: partsFor(forge, options) };
}

function held(path: RegExp) {
  return forge.faults.add({ match: { path, nth: 1 }, action: { hold: never } });
}

/** Every output of a run that is cancelled when the promise settles. */
async function cancelled(
  { request, parts }: Awaited<ReturnType<typeof set>>,
  when: Promise<unknown>,
): Promise<RunOutput[]> {
  const caller = new AbortController();
  void when.then(() => caller.abort());
  return await collect(run(request, parts, { runId: "run-1", signal: caller.signal }));
}

test.each([
  ["clone", /git-upload-pack$/, "Cancelled. Nothing more is sent."],
  [
    "push",
    /git-receive-pack$/,
    `Cancelled while pushing; the branch ${BRANCH} may have been created. Nothing more is sent.`,
  ],
  [
    "pull request",
    /\/pulls$/,
    "Cancelled while opening the pull request; it may have been opened. Nothing more is sent.",
  ],
])(
  "a run cancelled in its %s says what may have happened, and sends nothing more",
  async (name, path, message) => {
    const one = await set(`octo/cancel-${name.replace(" ", "-")}`);
    const fault = held(path);
    const outputs = await cancelled(one, fault.reached());
    expect(outputs.at(-1)).toMatchObject({ type: "done", status: "cancelled", message, pr_url: null });
    expect(forge.log.entries.at(-1)?.path).toMatch(path);
    expect(fault.hits).toBe(1);
  },
);

test("a run cancelled before it goes on says what the process that died may have done", async () => {
  const one = await set("octo/cancel-resumed");
  const journal = createJournal(one.request, one.parts, "run-1");
  await journal.attempt(one.parts, { killWhen: held(/git-receive-pack$/).reached() });
  forge.log.clear();
  const { resume } = journal;
  if (resume === undefined) throw new Error("nothing to go on from");
  const outputs = await collect(
    run(one.request, one.parts, { runId: "run-1", signal: AbortSignal.abort(), resume }),
  );
  expect(outputs).toMatchObject([
    {
      type: "done",
      status: "cancelled",
      message: `Cancelled while pushing; the branch ${BRANCH} may have been created. Nothing more is sent. The patch is at GET /runs/run-1/patch.`,
    },
  ]);
  expect(forge.log.entries).toEqual([]);
});

test("a run out of time in its push says so too", async () => {
  const one = await set("octo/late-push");
  const deadline = new AbortController();
  const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValueOnce(deadline.signal);
  const story = run(one.request, one.parts, {
    runId: "run-1",
    signal: new AbortController().signal,
    activeMs: 20_000,
  });
  void held(/git-receive-pack$/)
    .reached()
    .then(() => deadline.abort());
  const outputs = await collect(story);
  expect(timeout.mock.calls[0]).toEqual([40_000]);
  timeout.mockRestore();
  expect(outputs.at(-1)).toMatchObject({
    status: "limit_reached",
    message: `The run took longer than its limit of 60 s (limits.timeout_seconds). It was pushing; the branch ${BRANCH} may have been created.`,
    patch: expect.stringContaining("-a"),
  });
});

const LONG = "long line\n".repeat(110_000);

test.each([
  [
    "patch",
    "succeeded",
    "Done: 1 file changed; the patch is at GET /runs/run-1/patch, apply it with git apply.",
  ],
  ["pull_request", "failed", "The patch is at GET /runs/run-1/patch."],
] as const)(
  "in mode %s, a patch too long for an event is kept at its address",
  async (mode, status, message) => {
    const agent = editing((workspace) => workspace.write("long.txt", LONG));
    const one = await set(`octo/long-${mode.replace("_", "-")}`, { mode }, { agent });
    forge.faults.add({ match: { path: /git-receive-pack$/ }, action: { status: 403 } });
    const journal = createJournal(one.request, one.parts, "run-1");
    expect(await journal.attempt(one.parts)).toBe(true);
    const done = journal.events.at(-1);
    expect(done).toMatchObject({ type: "done", status, message: expect.stringContaining(message) });
    expect(done).not.toHaveProperty("patch");
    expect(journal.patch?.split("\n")).toHaveLength(LONG.split("\n").length + 6);
  },
);

test("whatever the mode, the mark of the edit step brings the patch, and no other does", async () => {
  for (const mode of ["pull_request", "branch", "patch"] as const) {
    const one = await set(`octo/marked-${mode.replace("_", "-")}`, { mode });
    const outputs = await cancelled(one, never);
    const marks = outputs.flatMap((output, i) =>
      output.type === "checkpoint" && output.patch !== undefined ? [[output.patch, outputs[i + 1]]] : [],
    );
    expect(marks, mode).toMatchObject([
      [expect.stringContaining("deleted file"), { type: "success", step: "edit" }],
    ]);
  }
});

test("a mark brings the edits since the one before, and names what another run may go on with", async () => {
  const one = await set("octo/marks", { prompt: 'Create b.txt with "b"; delete a.txt' });
  const outputs = await cancelled(one, never);
  const marks = outputs.flatMap((output) => (output.type === "checkpoint" ? [output] : []));
  expect(marks.map(({ edits }) => edits.map(({ path }) => path)).filter((paths) => paths.length > 0)).toEqual(
    [["b.txt"], ["a.txt"]],
  );
  const branch = "tiny-backspace/create-b-txt-with-b-delete-a-txt-aaaaaaaa";
  const continues = { run_id: "run-1", head: { owner: "octo", name: "marks" }, branch, base_branch: "main" };
  expect(marks.slice(-3).map(({ checkpoint }) => checkpoint.continues)).toEqual([
    undefined,
    continues,
    { ...continues, pull_request: { number: 1, url: `${forge.url}/octo/marks/pull/1` } },
  ]);
});
