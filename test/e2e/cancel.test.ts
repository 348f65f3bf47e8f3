/** What ends a run from outside, short of its caller (test/conformance/cancel.ts): the clock; and what comes before any work. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { readEvents, SERVICE_LOGIN, type Service, startService } from "../support/service.ts";

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.close());

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
