/** The caller cancels, or hangs up, at each step: one ends the work where it is, the other changes nothing. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, createApi } from "../support/api.ts";
import type { RequestMatch } from "../support/forge/log.ts";
import { eventOf, framesIn } from "../support/frames.ts";
import { readEvents, SERVICE_LOGIN, type Service, startService } from "../support/service.ts";

let service: Service;
let api: Api;

beforeAll(async () => {
  service = await startService({ env: { MAX_RUNS_PER_CALLER: "100" } });
  api = createApi(service.worker.url, {});
});
afterAll(() => service.close());

interface Point {
  readonly step: string;
  /** The request that stands still meanwhile, by its path below the repository. */
  readonly match: Omit<RequestMatch, "path"> & { readonly nth?: number };
  readonly path: string;
  readonly owner?: string;
  /** Branches there are after a cancellation. */
  readonly branches?: number;
}

const POINTS: readonly Point[] = [
  { step: "preflight", match: { method: "GET" }, path: "repos/%$" },
  { step: "clone, asking for the branch", match: { service: "upload-pack", nth: 1 }, path: "%" },
  { step: "clone, receiving the trees", match: { service: "upload-pack", nth: 2 }, path: "%" },
  { step: "edit, fetching a file", match: { service: "upload-pack", nth: 3 }, path: "%" },
  { step: "push, forking first", match: { method: "POST" }, path: "%/forks$", owner: "someone" },
  { step: "push", match: { service: "receive-pack" }, path: "%" },
  { step: "pull request", match: { method: "POST" }, path: "%/pulls$", branches: 2 },
];

/** A run whose request stands still at the point, and its stream. */
async function standingAt(point: Point, purpose: string) {
  const { forge } = service;
  const name = `${point.owner ?? SERVICE_LOGIN}/${purpose}-${POINTS.indexOf(point)}`;
  const repository = await forge.addRepository(name, { files: { "a.txt": "one\n", "b/c.txt": "c\n" } });
  // The fork has the repository's name.
  const own = { path: new RegExp(`/${repository.name}\\b`) };
  const gate = Promise.withResolvers<void>();
  const match = { ...point.match, path: new RegExp(point.path.replace("%", name)) };
  const fault = forge.faults.add({ match, times: 1, action: { hold: gate.promise } });
  const client = new AbortController();
  const response = await api.stream(
    { repoUrl: `${forge.url}/${name}`, prompt: 'Replace "one" with "two" in a.txt' },
    { signal: client.signal },
  );
  await fault.reached();
  return {
    repository,
    client,
    response,
    id: response.headers.get("x-run-id") ?? "",
    held: forge.log.where(own).at(-1),
    requests: () => forge.log.lines(own),
    branches: async () => {
      const names = await repository.git("for-each-ref", "--format=%(refname:short)", "refs/heads");
      return names.split("\n").length;
    },
    release: () => {
      gate.resolve();
      fault.remove();
    },
  };
}

test.concurrent.each(POINTS)("cancelling during $step sends no further request", async (point) => {
  const run = await standingAt(point, "cancel");
  const reading = run.response.text();
  const sent = run.requests().length;
  const view = await api.cancel(run.id);
  expect(view).toMatchObject({ status: "cancelled", pr_url: null });
  await run.held?.ended;
  expect(run.held?.state).toBe("cut");
  run.release();
  const events = framesIn(await reading).map(eventOf);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  expect(events.at(-1)).toMatchObject({ type: "done", status: "cancelled", message: view.message });
  // Answered later than anything the run could still send.
  expect(await api.view(run.id)).toEqual(view);
  expect(run.requests()).toHaveLength(sent);
  expect(run.repository.pullRequests).toEqual([]);
  expect(await run.branches()).toBe(point.branches ?? 1);
});

test.concurrent.each(POINTS)("hanging up during $step changes nothing for the run", async (point) => {
  const run = await standingAt(point, "hang-up");
  run.client.abort();
  await expect(run.response.text()).rejects.toThrow();
  run.release();
  const view = await api.ended(run.id);
  expect(view).toMatchObject({ status: "succeeded", attempts: 1 });
  expect(run.held?.state).toBe("sent");
  expect(run.repository.pullRequests).toMatchObject([{ number: 1 }]);
  const events = await api.events(run.id);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  expect(events.at(-1)).toMatchObject({ type: "done", status: "succeeded", pr_url: view.pr_url });
});

test("the first event leaves before any network work", async () => {
  const { forge } = service;
  const gate = Promise.withResolvers<void>();
  const fault = forge.faults.add({ match: { path: /whatever/ }, action: { hold: gate.promise } });
  const client = new AbortController();
  const response = await service.post(
    "/code",
    { repoUrl: `${forge.url}/${SERVICE_LOGIN}/whatever`, prompt: "Create a.txt containing: a" },
    { signal: client.signal },
  );
  const events = readEvents(response);
  expect((await events.next()).value).toMatchObject({ seq: 1, type: "info" });
  client.abort();
  gate.resolve();
  fault.remove();
});

test("running out of time in a push keeps the change, and says that the branch may be there", async () => {
  const { forge } = service;
  const repository = await forge.addRepository(`${SERVICE_LOGIN}/slow`, { files: { "a.txt": "one\n" } });
  const gate = Promise.withResolvers<void>();
  const fault = forge.faults.add({
    match: { service: "receive-pack", path: /slow/ },
    action: { hold: gate.promise },
  });
  const { id } = await api.start({
    repoUrl: `${forge.url}/${repository.fullName}`,
    prompt: 'Replace "one" with "two" in a.txt',
    limits: { timeout_seconds: 5 },
  });
  const events = await api.events(id);
  gate.resolve();
  fault.remove();
  const message = expect.stringMatching(
    /^The run took longer than its limit of 5 s \(limits\.timeout_seconds\)\. It was pushing; the branch tiny-backspace\/replace-one-with-two-in-a-txt-[a-z0-9]{8} may have been created\.$/,
  );
  expect(events.slice(-2)).toMatchObject([
    { type: "error", code: "timeout", message },
    {
      type: "done",
      status: "limit_reached",
      message,
      branch: null,
      changes: [{ path: "a.txt", kind: "modified", additions: 1, deletions: 1 }],
      patch: expect.stringContaining("-one\n+two\n"),
    },
  ]);
  const done = events.at(-1);
  expect(await (await api.call(`/runs/${id}/patch`)).text()).toBe(done?.type === "done" && done.patch);
});
