/** Every bad request of the table, sent to the built Worker: refused with the whole answer, and no request goes out. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { badRequests, CANARY } from "../support/bad-requests.ts";
import { type Service, startService } from "../support/service.ts";

let service: Service;
let table: ReturnType<typeof badRequests>;

beforeAll(async () => {
  service = await startService();
  table = badRequests(service.forge.url);
});
afterAll(() => service.close());

test("at least 100 bad requests are refused, each problem named, nothing echoed, nothing sent out", async () => {
  expect(table.length).toBeGreaterThan(100);
  for (const { name, path, headers, body, status, error } of table) {
    const response = await fetch(service.worker.url + path, { method: "POST", headers, body });
    const text = await response.text();
    expect([name, response.status, JSON.parse(text)]).toEqual([name, status, { error }]);
    expect(text, name).not.toContain(CANARY);
  }
  expect(service.forge.log.lines()).toEqual([]);
});

test("attack 10: 100 MB in chunks without a length get a 413 long before the end", async () => {
  let sent = 0;
  const chunk = new Uint8Array(65_536).fill(0x20);
  const body = new ReadableStream({
    pull(controller) {
      sent += chunk.byteLength;
      if (sent > 100 * 1024 * 1024) controller.close();
      else controller.enqueue(chunk);
    },
  });
  const init = { method: "POST", headers: { "content-type": "application/json" }, body, duplex: "half" };
  const response = await fetch(`${service.worker.url}/code`, init as RequestInit);
  expect(response.status).toBe(413);
  expect(sent).toBeLessThan(50 * 1024 * 1024);
  await response.body?.cancel();
  expect(service.forge.log.lines()).toEqual([]);
});

test("attack 11: a prompt one character over the bound gets a 413", async () => {
  const repoUrl = `${service.forge.url}/a/b`;
  const response = await service.post("/code", { repoUrl, prompt: "x".repeat(20_001) });
  expect([response.status, await response.json()]).toMatchObject([
    413,
    { error: { code: "payload_too_large" } },
  ]);
  expect(service.forge.log.lines()).toEqual([]);
});

test("deployed without tokens of its own, the service lets nobody in and says what to set", async () => {
  const closed = await startService({ env: { ALLOW_ANONYMOUS: "false" } });
  try {
    const response = await closed.post("/code", { repoUrl: `${closed.forge.url}/a/b`, prompt: "x" });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      error: { code: "unauthorized", message: expect.stringContaining("API_TOKENS") },
    });
    expect((await closed.post("/config", { default_llm_provider: "openai" })).status).toBe(401);
    expect(closed.forge.log.lines()).toEqual([]);
  } finally {
    await closed.close();
  }
});

test("with API_TOKENS, only a bearer of one gets in", async () => {
  const token = "service-token-0123456789";
  const guarded = await startService({ env: { API_TOKENS: `other-token-0123456789,${token}` } });
  try {
    const repository = await guarded.forge.addRepository("tiny-bot/r", { files: { a: "a\n" } });
    const body = {
      repoUrl: `${guarded.forge.url}/${repository.fullName}`,
      prompt: "Create b.txt containing: b",
      mode: "patch",
    };
    const headers = { "content-type": "application/json" };
    for (const authorization of [
      "",
      "Bearer wrong-token-0123456789",
      `Basic ${btoa(`x:${token}`)}`,
      `Bearer ${token}x`,
    ]) {
      expect((await guarded.post("/code", body, { headers: { ...headers, authorization } })).status).toBe(
        401,
      );
    }
    const response = await guarded.post("/code", body, {
      headers: { ...headers, authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('"status":"succeeded"');
  } finally {
    await guarded.close();
  }
});
