/** Rate limits: what is counted, for whom, and that nobody uses up what is somebody else's. */
import { describe, expect, it } from "vitest";
import { visitorKey } from "../../src/http/rate-limit.ts";
import { runIdOf } from "../support/memory-host.ts";
import { createTestApp, type TestAppOptions } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };
const TOKEN = "service-token-0123456789";
const ADMIN = "admin-token-0123456789ab";
const ID = runIdOf(1);
const ADDRESS = "203.0.113.9";

const KNOWN = { authorization: `Bearer ${TOKEN}` };
const MADE_UP = { "x-github-token": "github-token-0123456789" };
const WRONG = { authorization: "Bearer wrong-token-0123456789" };

const STARTS = ["POST /code", "POST /code/legacy", `POST /runs/${ID}/prompt`];
const REQUESTS = [
  "GET /runs",
  `GET /runs/${ID}`,
  `DELETE /runs/${ID}`,
  `GET /runs/${ID}/events`,
  `GET /runs/${ID}/patch`,
];

/** Sends one request; what was counted, with the caller's id as `me`, and the answer. */
async function send(route: string, headers: Record<string, string>, options: TestAppOptions = {}) {
  const test = createTestApp({
    environment: { API_TOKENS: TOKEN, ADMIN_TOKEN: ADMIN },
    ...options,
  });
  const [method = "", path = ""] = route.split(" ");
  const response = await test.app.request(path, {
    method,
    headers: { "content-type": "application/json", "x-test-address": ADDRESS, ...headers },
    ...(method === "POST" ? { body: path === "/config" ? "{}" : JSON.stringify(GOOD) } : {}),
  });
  await response.body?.cancel();
  return {
    response,
    counted: test.counted.map((key) => key.replace(/caller:[0-9a-f]{64}$/, "me")),
    started: test.runs.length,
  };
}

describe("what is counted", () => {
  it.each(STARTS)(
    "for %s are starts, by caller, and by address for credentials anybody can make up",
    async (route) => {
      expect((await send(route, KNOWN)).counted).toEqual(["starts me"]);
      expect((await send(route, { ...KNOWN, ...MADE_UP })).counted).toEqual(["starts me"]);
      expect((await send(route, MADE_UP)).counted).toEqual(["starts me", `starts address:${ADDRESS}`]);
      const anonymous = { environment: { ALLOW_ANONYMOUS: "true" } };
      expect((await send(route, {}, anonymous)).counted).toEqual(["starts me", `starts address:${ADDRESS}`]);
    },
  );

  it.each(REQUESTS)("for %s are requests, by the same keys", async (route) => {
    expect((await send(route, KNOWN)).counted).toEqual(["requests me"]);
    expect((await send(route, MADE_UP)).counted).toEqual(["requests me", `requests address:${ADDRESS}`]);
  });

  it.each(["GET /config", "POST /config"])("for %s is the operator, as one", async (route) => {
    const { counted } = await send(route, { authorization: `Bearer ${ADMIN}` });
    expect(counted).toEqual(["requests admin"]);
  });

  it.each([...STARTS, ...REQUESTS, "GET /config", "POST /config"])(
    "for %s without a good credential is the address, and nobody's share",
    async (route) => {
      const wrong = await send(route, WRONG);
      expect([wrong.response.status, wrong.counted]).toEqual([401, [`requests visitor:${ADDRESS}`]]);
    },
  );

  it("for an API token at the configuration is its address", async () => {
    const { response, counted } = await send("GET /config", KNOWN);
    expect([response.status, counted]).toEqual([403, [`requests visitor:${ADDRESS}`]]);
  });

  it("is the caller alone where no address is known", async () => {
    const unknown = { clientAddress: () => undefined };
    expect((await send("POST /code", MADE_UP, unknown)).counted).toEqual(["starts me"]);
    expect((await send("POST /code", WRONG, unknown)).counted).toEqual([]);
  });

  it("for GET /, which asks what is configured, is the address, whoever it is", async () => {
    expect((await send("GET /", KNOWN)).counted).toEqual([`requests visitor:${ADDRESS}`]);
    expect((await send("GET /", {})).counted).toEqual([`requests visitor:${ADDRESS}`]);
    expect((await send("GET /", {}, { exhausted: () => true })).response.status).toBe(429);
  });

  it.each(["GET /health", "GET /nowhere", "PUT /code"])("is nothing for %s", async (route) => {
    expect((await send(route, KNOWN)).counted).toEqual([]);
  });

  it("is the credential and not its spelling", async () => {
    const { app, counted } = createTestApp({
      environment: { API_TOKENS: `${TOKEN},another-token-0123456789` },
    });
    for (const authorization of [`Bearer ${TOKEN}`, `bearer   ${TOKEN}`, "Bearer another-token-0123456789"]) {
      await app.request("/runs", { headers: { authorization } });
    }
    expect(counted[0]).toBe(counted[1]);
    expect(counted[0]).not.toBe(counted[2]);
  });
});

describe("too much of it", () => {
  const all = { exhausted: () => true };

  it.each([...STARTS, ...REQUESTS])("by %s is refused for a minute, before anything else", async (route) => {
    const { response, started } = await send(route, KNOWN, all);
    expect([response.status, response.headers.get("retry-after"), started]).toEqual([429, "60", 0]);
  });

  it("says so", async () => {
    const { post } = createTestApp(all);
    expect(await (await post("/code", "not even JSON")).json()).toEqual({
      error: {
        code: "too_many_requests",
        message: "Too many requests; wait 60 seconds before the next.",
      },
    });
  });

  it("from an address stops whoever makes up credentials there, and not those who have one", async () => {
    const exhausted = { exhausted: (counted: string) => counted.includes("address:") };
    expect((await send("POST /code", MADE_UP, exhausted)).response.status).toBe(429);
    expect((await send("POST /code", KNOWN, exhausted)).response.status).toBe(200);
  });

  it("by visitors and wrong credentials leaves the callers at the same address alone", async () => {
    const exhausted = { exhausted: (counted: string) => counted.includes("visitor:") };
    expect((await send("GET /", {}, exhausted)).response.status).toBe(429);
    expect((await send("GET /runs", WRONG, exhausted)).response.status).toBe(429);
    expect((await send("GET /runs", MADE_UP, exhausted)).response.status).toBe(200);
    expect((await send("POST /code", MADE_UP, exhausted)).response.status).toBe(200);
  });

  it("of starting leaves reading, and the other way round", async () => {
    const starts = { exhausted: (counted: string) => counted.startsWith("starts") };
    expect((await send("GET /runs", KNOWN, starts)).response.status).toBe(200);
    const requests = { exhausted: (counted: string) => counted.startsWith("requests") };
    expect((await send("POST /code", KNOWN, requests)).response.status).toBe(200);
  });
});

describe("an address", () => {
  it.each([
    ["203.0.113.9", "visitor:203.0.113.9"],
    ["2001:db8:0:1:aaaa:bbbb:cccc:dddd", "visitor:2001:db8:0:1::/64"],
    ["2001:DB8::1", "visitor:2001:db8:0:0::/64"],
    ["2001:0db8:0000:0000:1::", "visitor:2001:db8:0:0::/64"],
    ["2001:db8:0:1::", "visitor:2001:db8:0:1::/64"],
    ["::1", "visitor:0:0:0:0::/64"],
    ["fe80::1%eth0", "visitor:fe80:0:0:0::/64"],
    ["::ffff:203.0.113.9", "visitor:::ffff:203.0.113.9"],
    ["somebody", "visitor:somebody"],
  ])("%s counts as %s", (address, key) => {
    expect(visitorKey(address)).toBe(key);
  });
});
