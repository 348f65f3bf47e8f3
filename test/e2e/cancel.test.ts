/** The client hangs up at each step: nothing more is sent, nothing is half done. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { collect } from "../support/collect.ts";
import type { RequestMatch } from "../support/forge/log.ts";
import { readEvents, SERVICE_LOGIN, type Service, startService } from "../support/service.ts";

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

interface Point {
  readonly step: string;
  /** The request during which the client goes, by its path below the repository. */
  readonly match: Omit<RequestMatch, "path"> & { readonly nth?: number };
  readonly path: string;
  readonly owner?: string;
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

// workerd notices that a client has gone when it writes to it, at the latest with the next ping after
// 15 s; the cases wait for that side by side.
test.concurrent.each(POINTS)("hanging up during $step sends no further request", async (point) => {
  const { forge } = service;
  const name = `${point.owner ?? SERVICE_LOGIN}/cancel-${POINTS.indexOf(point)}`;
  const repository = await forge.addRepository(name, { files: { "a.txt": "one\n", "b/c.txt": "c\n" } });
  const own = { path: new RegExp(`${name}\\b`) };
  const gate = Promise.withResolvers<void>();
  const match = { ...point.match, path: new RegExp(point.path.replace("%", name)) };
  const fault = forge.faults.add({ match, action: { hold: gate.promise } });
  const client = new AbortController();
  const response = await service.post(
    "/code",
    { repoUrl: `${forge.url}/${name}`, prompt: 'Replace "one" with "two" in a.txt' },
    { signal: client.signal },
  );
  const reading = collect(readEvents(response)).catch(() => "cut");
  await fault.reached();
  const sent = forge.log.lines(own).length;
  const held = forge.log.where(own).at(-1);
  client.abort();
  expect(await reading).toBe("cut");
  // The Worker ends its own request when it notices; only then is it known to have stopped.
  await held?.ended;
  gate.resolve();
  fault.remove();
  // A request that the Worker answers later than anything the run could still send.
  await (await fetch(`${service.worker.url}/`)).text();
  expect(forge.log.lines(own).slice(sent)).toEqual([]);
  expect(held?.state).toBe("cut");
  expect(repository.pullRequests).toEqual([]);
  const branches = await repository.git("for-each-ref", "--format=%(refname:short)", "refs/heads");
  expect(branches.split("\n")).toHaveLength(point.branches ?? 1);
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

test("running out of time keeps what was done and says which limit it was", async () => {
  const { forge } = service;
  const repository = await forge.addRepository(`${SERVICE_LOGIN}/slow`, { files: { "a.txt": "one\n" } });
  const gate = Promise.withResolvers<void>();
  const fault = forge.faults.add({
    match: { service: "receive-pack", path: /slow/ },
    action: { hold: gate.promise },
  });
  const events = await service.run({
    repoUrl: `${forge.url}/${repository.fullName}`,
    prompt: 'Replace "one" with "two" in a.txt',
    limits: { timeout_seconds: 5 },
  });
  gate.resolve();
  fault.remove();
  expect(events.slice(-2)).toMatchObject([
    {
      type: "error",
      code: "timeout",
      message: expect.stringMatching(
        /^The run took longer than its limit of 5 s \(limits\.timeout_seconds\)\. It was pushing; the branch tiny-backspace\/\S+ may have been created\.$/,
      ),
    },
    {
      type: "done",
      status: "limit_reached",
      branch: null,
      changes: [{ path: "a.txt", kind: "modified", additions: 1, deletions: 1 }],
      patch: expect.stringContaining("-one\n+two\n"),
    },
  ]);
});
