/** Pages of other origins: none may use the service unless the operator named theirs. */
import { describe, expect, it } from "vitest";
import { runIdOf } from "../support/memory-host.ts";
import { createTestApp } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };
const TOKEN = "service-token-0123456789";
const APP = "https://app.example";
const PATHS = ["/", "/health", "/code", "/runs", `/runs/${runIdOf(1)}/events`, "/config", "/nowhere"];

function corsHeaders(response: Response): Record<string, string> {
  return Object.fromEntries(
    [...response.headers].filter(([name]) => /^(?:access-control-|cross-origin-|vary$)/.test(name)),
  );
}

describe.each(PATHS)("%s", (path) => {
  const preflight = (origins: string, origin: string) =>
    createTestApp({ environment: { API_TOKENS: TOKEN, CORS_ORIGINS: origins } }).app.request(path, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-evil",
      },
    });
  const get = (origins: string, origin: string) =>
    createTestApp({ environment: { API_TOKENS: TOKEN, CORS_ORIGINS: origins } }).app.request(path, {
      headers: { origin },
    });
  const exposed = "x-run-id,location,retry-after,idempotent-replayed";

  it("says nothing to other origins when none was named", async () => {
    for (const response of [await preflight("", APP), await get("", APP)]) {
      expect(response.status).not.toBe(204);
      expect(corsHeaders(response)).toEqual({ "cross-origin-resource-policy": "same-origin" });
    }
  });

  it("lets a page of a named origin ask first, without a credential", async () => {
    const response = await preflight(`${APP},https://other.example`, APP);
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(corsHeaders(response)).toEqual({
      "access-control-allow-origin": APP,
      "access-control-allow-methods": "GET,POST,DELETE",
      "access-control-allow-headers":
        "authorization,content-type,accept,last-event-id,idempotency-key,x-github-token,x-openai-api-key,x-anthropic-api-key",
      "access-control-expose-headers": exposed,
      "access-control-max-age": "7200",
      "cross-origin-resource-policy": "cross-origin",
      vary: "Origin, Access-Control-Request-Headers",
    });
  });

  it("lets it read the answer, whatever that is", async () => {
    expect(corsHeaders(await get(APP, APP))).toEqual({
      "access-control-allow-origin": APP,
      "access-control-expose-headers": exposed,
      "cross-origin-resource-policy": "cross-origin",
      vary: "Origin",
    });
  });

  it.each(["https://evil.example", "https://app.example.evil.example", "http://app.example", "null"])(
    "lets %s read nothing",
    async (origin) => {
      for (const response of [await preflight(APP, origin), await get(APP, origin)]) {
        expect(response.headers.get("access-control-allow-origin")).toBeNull();
      }
    },
  );

  it("is for every page when a star says so, and still for none's cookies", async () => {
    for (const response of [
      await preflight("*", "https://any.example"),
      await get("*", "https://any.example"),
    ]) {
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("access-control-allow-credentials")).toBeNull();
    }
  });
});

it("lets a page read a stream, and where the run is", async () => {
  const { post } = createTestApp({ environment: { API_TOKENS: TOKEN, CORS_ORIGINS: APP } });
  const response = await post("/code", GOOD, { origin: APP, authorization: `Bearer ${TOKEN}` });
  expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([200, APP]);
  expect(response.headers.get("access-control-expose-headers")).toContain("x-run-id");
  await response.text();
});
