/** The client hangs up at each step: nothing more is sent, nothing is half done. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RequestMatch } from "../support/forge/log.ts";
import { readEvents, SERVICE_LOGIN, type Service, startService } from "../support/service.ts";

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

const STEPS: readonly { readonly step: string; readonly match: RequestMatch & { readonly nth?: number } }[] =
  [
    { step: "preflight", match: { kind: "rest", method: "GET" } },
    { step: "clone, asking for the branch", match: { service: "upload-pack", nth: 1 } },
    { step: "clone, receiving the trees", match: { service: "upload-pack", nth: 2 } },
    { step: "edit, fetching a file", match: { service: "upload-pack", nth: 3 } },
    { step: "push, forking first", match: { method: "POST", path: /\/forks$/ } },
    { step: "push", match: { service: "receive-pack" } },
    { step: "pull request", match: { method: "POST", path: /\/pulls$/ } },
  ];

test.each(STEPS)("hanging up during $step sends no further request", async ({ match }) => {
  const { forge } = service;
  const index = STEPS.findIndex((step) => step.match === match);
  const owner = String(match.path).includes("forks") ? "someone" : SERVICE_LOGIN;
  const repository = await forge.addRepository(`${owner}/cancel-${index}`, {
    files: { "a.txt": "one\n", "b/c.txt": "c\n" },
  });
  forge.log.clear();
  const gate = Promise.withResolvers<void>();
  const fault = forge.faults.add({ match, action: { hold: gate.promise } });
  const client = new AbortController();
  const response = await service.post(
    "/code",
    { repoUrl: `${forge.url}/${repository.fullName}`, prompt: 'Replace "one" with "two" in a.txt' },
    { signal: client.signal },
  );
  const reading = Array.fromAsync(readEvents(response)).catch(() => "cut");
  await fault.reached();
  const sent = forge.log.lines().length;
  const held = forge.log.entries.at(-1);
  client.abort();
  expect(await reading).toBe("cut");
  // The Worker ends its own request when it notices; only then is it known to have stopped.
  await held?.ended;
  gate.resolve();
  fault.remove();
  // A request that the Worker answers later than anything the run could still send.
  await (await fetch(`${service.worker.url}/`)).text();
  expect(forge.log.lines().slice(sent)).toEqual([]);
  expect(held?.state).toBe("cut");
  expect(repository.pullRequests).toEqual([]);
  const branches = await repository.git("for-each-ref", "--format=%(refname:short)", "refs/heads");
  const pushed = match.path !== undefined && String(match.path).includes("pulls");
  expect(branches.split("\n")).toHaveLength(pushed ? 2 : 1);
});

test("the first event leaves before any network work", async () => {
  const { forge } = service;
  const gate = Promise.withResolvers<void>();
  const fault = forge.faults.add({ match: {}, action: { hold: gate.promise } });
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
  const fault = forge.faults.add({ match: { service: "receive-pack" }, action: { hold: gate.promise } });
  const events = await service.run({
    repoUrl: `${forge.url}/${repository.fullName}`,
    prompt: 'Replace "one" with "two" in a.txt',
    limits: { timeout_seconds: 2 },
  });
  gate.resolve();
  fault.remove();
  expect(events.slice(-2)).toMatchObject([
    {
      type: "error",
      code: "timeout",
      message: "The run took longer than its limit of 2 s (limits.timeout_seconds).",
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
