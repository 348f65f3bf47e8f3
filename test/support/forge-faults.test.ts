/** The local forge's faults: each does what it says, at the point it says, to the requests it is meant for. */
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Fault, FaultAction } from "./forge/faults.ts";
import { type LocalForge, startForge } from "./forge/server.ts";
import { createGitClient, withToken } from "./git-client.ts";
import { callRest } from "./rest-client.ts";

const REPO = "/repos/ann/app";
const PULL = { title: "T", head: "topic", base: "main" };

/** Longer than any test: what waits this long is ended by the test, not by the clock. */
const FOREVER = 2 ** 30;

let forge: LocalForge;

beforeEach(async () => {
  forge = await startForge({ tokens: { token: { login: "ann" } } });
  const app = await forge.addRepository("ann/app", {
    files: { "noise.bin": randomBytes(200_000) },
  });
  await app.commit({ b: "" }, { branch: "topic" });
});

afterEach(() => forge.close());

function onRest(action: FaultAction): Fault {
  return forge.faults.add({ match: { kind: "rest" }, action });
}

function get(signal?: AbortSignal): Promise<Response> {
  return fetch(forge.apiUrl + REPO, { redirect: "manual", ...(signal === undefined ? {} : { signal }) });
}

const openPull = () => callRest(forge, "token", "POST", `${REPO}/pulls`, PULL);
const pulls = () => forge.repository("ann/app").pullRequests.length;

test("a status is answered instead of doing the work, with GitHub's error body unless told", async () => {
  const fault = onRest({ status: 503 });
  expect((await openPull()).body).toEqual({
    message: "The local forge was told to answer 503.",
    documentation_url: "https://docs.github.com/rest",
    status: "503",
  });
  expect([fault.hits, pulls()]).toEqual([1, 0]);
  forge.faults.clear();
  onRest({ status: 403, headers: { "retry-after": "7" }, body: { message: "Slow down" } });
  const { status, headers, body } = await openPull();
  expect([status, headers.get("retry-after"), body]).toEqual([403, "7", { message: "Slow down" }]);
  forge.faults.clear();
  onRest({ status: 200, body: "<html>not JSON" });
  expect(await (await get()).text()).toBe("<html>not JSON");
});

test("a fault hits only the requests it matches", async () => {
  const matches = [
    { method: "DELETE" },
    { path: "/api/v3/repos/ann" },
    { path: /^\/ann/ },
    { kind: "git" },
    { service: "receive-pack" },
    { kind: "rest", method: "POST" },
  ] as const;
  const missing = matches.map((match) => forge.faults.add({ match, action: { status: 500 } }));
  expect((await get()).status).toBe(200);
  expect(missing.map(({ hits }) => hits)).toEqual([0, 0, 0, 0, 0, 0]);
  const match = { path: /\/ann\/app$/g, method: "GET", kind: "rest" } as const;
  forge.faults.add({ match, action: { status: 500 } });
  expect([(await get()).status, (await get()).status]).toEqual([500, 500]);
});

test("a fault hits the nth request, or a number of them, or all until it is removed", async () => {
  const statuses = async (count: number) => {
    const seen: number[] = [];
    for (let n = 0; n < count; n++) seen.push((await get()).status);
    return seen;
  };
  forge.faults.add({ match: { kind: "rest", nth: 2 }, action: { status: 500 } });
  expect(await statuses(4)).toEqual([200, 500, 200, 200]);
  forge.faults.add({ match: { kind: "rest", nth: 2 }, times: 2, action: { status: 501 } });
  expect(await statuses(4)).toEqual([200, 501, 501, 200]);
  forge.faults.add({ match: { kind: "rest" }, times: 2, action: { status: 502 } });
  expect(await statuses(3)).toEqual([502, 502, 200]);
  const all = onRest({ status: 503 });
  expect(await statuses(2)).toEqual([503, 503]);
  all.remove();
  expect(await statuses(1)).toEqual([200]);
});

test("a redirect leads elsewhere without doing the work", async () => {
  onRest({ redirect: "http://127.0.0.1:1/canary" });
  const response = await get();
  expect([response.status, response.headers.get("location")]).toEqual([302, "http://127.0.0.1:1/canary"]);
  forge.faults.clear();
  onRest({ redirect: "/elsewhere", status: 307 });
  expect((await get()).status).toBe(307);
});

test("a delay comes before the work, and a client that leaves meanwhile has asked for nothing", async () => {
  const fault = onRest({ delayMs: FOREVER });
  const leave = new AbortController();
  const asked = fetch(`${forge.apiUrl}${REPO}/pulls`, {
    method: "POST",
    headers: { authorization: "token token" },
    body: JSON.stringify(PULL),
    signal: leave.signal,
  });
  await fault.reached();
  leave.abort();
  await expect(asked).rejects.toThrow("abort");
  const [entry] = forge.log.entries;
  await entry?.ended;
  expect([entry?.state, entry?.status, pulls()]).toEqual(["cut", 0, 0]);
  forge.faults.clear();
  onRest({ delayMs: 1 });
  expect((await openPull()).status).toBe(201);
});

test("a slow answer is whole when waited for, and its pace is kept when not", async () => {
  const whole = await (await get()).text();
  onRest({ slowBytesPerSecond: 1_000_000 });
  expect(await (await get()).text()).toBe(whole);
  forge.faults.clear();
  onRest({ slowBytesPerSecond: 50 });
  const leave = new AbortController();
  const reader = (await get(leave.signal)).body?.getReader();
  await reader?.read();
  leave.abort();
  const entry = forge.log.entries.at(-1);
  await entry?.ended;
  expect(entry?.state).toBe("cut");
  expect(entry?.bytesOut).toBeLessThan(whole.length);
});

test("an answer is cut after exactly so many bytes, and the client sees that it was", async () => {
  const whole = await (await get()).text();
  onRest({ cutAfterBytes: 100 });
  const reader = (await get()).body?.getReader();
  const received: Uint8Array[] = [];
  const readAll = async () => {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      received.push(part.value);
  };
  await expect(readAll()).rejects.toThrow("terminated");
  expect(Buffer.concat(received).toString()).toBe(whole.slice(0, 100));
  expect(forge.log.entries.at(-1)).toMatchObject({ status: 200, bytesOut: 100, state: "cut" });
  forge.faults.clear();
  onRest({ cutAfterBytes: whole.length });
  expect(await (await get()).text()).toBe(whole);
});

test("a pack cut in the middle fails the clone", async () => {
  forge.faults.add({
    match: { service: "upload-pack", method: "POST", nth: 2 },
    action: { cutAfterBytes: 50_000 },
  });
  await using client = await createGitClient();
  const cloned = await client.run(["clone", forge.repository("ann/app").cloneUrl, "work"]);
  expect(cloned.code).not.toBe(0);
  expect(cloned.stderr).toContain("early EOF");
  expect(forge.log.entries.at(-1)?.bytesOut).toBe(50_000);
});

test("a dropped reply loses the answer and not the work", async () => {
  onRest({ dropReply: true });
  await expect(openPull()).rejects.toThrow("fetch failed");
  expect(pulls()).toBe(1);
  expect(forge.log.entries.at(-1)).toMatchObject({ status: 0, bytesOut: 0, state: "cut" });
});

test("a push whose reply is dropped has been carried out", async () => {
  await using client = await createGitClient();
  const app = forge.repository("ann/app");
  await client.git("clone", "--quiet", app.cloneUrl, "work");
  forge.faults.add({ match: { service: "receive-pack", method: "POST" }, action: { dropReply: true } });
  const pushed = await client.run(["-C", "work", "push", withToken(app.cloneUrl, "token"), "HEAD:pushed"]);
  expect(pushed.code).not.toBe(0);
  expect(await app.git("rev-parse", "pushed")).toBe(await app.git("rev-parse", "main"));
});

test("a request is held before the work until the test lets it go", async () => {
  const gate = Promise.withResolvers<void>();
  const fault = onRest({ hold: gate.promise });
  const answer = openPull();
  await fault.reached();
  expect(pulls()).toBe(0);
  gate.resolve();
  expect((await answer).status).toBe(201);
});

test("a request whose client leaves while it is held has asked for nothing", async () => {
  const fault = onRest({ hold: new Promise(() => undefined) });
  const leave = new AbortController();
  const asked = fetch(`${forge.apiUrl}${REPO}/pulls`, {
    method: "POST",
    headers: { authorization: "token token" },
    body: JSON.stringify(PULL),
    signal: leave.signal,
  });
  await fault.reached();
  leave.abort();
  await expect(asked).rejects.toThrow("abort");
  await forge.log.entries[0]?.ended;
  expect([forge.log.entries[0]?.state, pulls()]).toEqual(["cut", 0]);
});

test("a request is held after the work, before a byte of the answer", async () => {
  const gate = Promise.withResolvers<void>();
  const fault = onRest({ hold: gate.promise, at: "reply" });
  const answer = openPull();
  await fault.reached();
  expect([pulls(), forge.log.entries[0]?.status]).toEqual([1, 0]);
  gate.resolve();
  expect((await answer).status).toBe(201);
});

test("an answer is held in the middle, and a client that leaves there ends the work", async () => {
  const fault = forge.faults.add({
    match: { service: "upload-pack" },
    action: { hold: new Promise(() => undefined), at: { afterBytes: 10 } },
  });
  const leave = new AbortController();
  const url = `${forge.repository("ann/app").cloneUrl}/info/refs?service=git-upload-pack`;
  const reader = (await fetch(url, { signal: leave.signal })).body?.getReader();
  await fault.reached();
  expect((await reader?.read())?.value?.byteLength).toBe(10);
  leave.abort();
  await forge.log.entries[0]?.ended;
  expect(forge.log.entries[0]).toMatchObject({ state: "cut", bytesOut: 10 });
});

test("reached settles for each time a fault takes effect, also when asked late", async () => {
  const fault = onRest({ status: 500 });
  await get();
  await get();
  await fault.reached(2);
  const third = fault.reached(3);
  await get();
  await third;
  expect(fault.hits).toBe(3);
});

test("faults on one request are applied together, in the order they were added", async () => {
  onRest({ delayMs: 1 });
  onRest({ status: 502, body: "0123456789" });
  onRest({ cutAfterBytes: 4 });
  const response = await get();
  expect(response.status).toBe(502);
  await expect(response.text()).rejects.toThrow("terminated");
  expect(forge.log.entries[0]?.bytesOut).toBe(4);
});

test("closing ends held requests and can be asked twice", async () => {
  const fault = onRest({ hold: new Promise(() => undefined) });
  const asked = get();
  await fault.reached();
  await Promise.all([forge.close(), forge.close(), expect(asked).rejects.toThrow("fetch failed")]);
});
