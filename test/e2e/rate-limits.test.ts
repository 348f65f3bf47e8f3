/** The platform's own rate limits, bound as wrangler.toml binds them. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Api, createApi } from "../support/api.ts";
import { startForge } from "../support/forge/server.ts";
import { type RunningWorker, startWorker } from "../support/worker.ts";

const TOKENS = ["api-token-of-the-busy-one", "api-token-of-the-other-one"];

let forge: Awaited<ReturnType<typeof startForge>>;
let worker: RunningWorker;
let callers: Api[];

beforeAll(async () => {
  forge = await startForge();
  worker = await startWorker({
    env: { GITHUB_SERVER_URL: forge.url, GITHUB_API_URL: forge.apiUrl, API_TOKENS: TOKENS.join(",") },
    limits: { START_LIMIT: 3, REQUEST_LIMIT: 5 },
  });
  callers = TOKENS.map((token) => createApi(worker.url, { authorization: `Bearer ${token}` }));
});
afterAll(async () => {
  await worker.stop();
  await forge.close();
});

/** The status of each of so many answers, one after the other, and the last one's Retry-After. */
async function ask(api: Api | undefined, path: string, times: number, body?: object) {
  const seen: unknown[] = [];
  let retryAfter: string | null = null;
  for (let n = 0; n < times; n += 1) {
    const headers = { accept: "application/json" };
    const response = await api?.call(path, body === undefined ? { headers } : { headers, body });
    seen.push(response?.status);
    retryAfter = response?.headers.get("retry-after") ?? null;
    await response?.text();
  }
  return { seen, retryAfter };
}

test("a caller that starts too many runs in a minute is told when to come back, and nobody else is", async () => {
  const body = { repoUrl: `${forge.url}/nobody/nothing`, prompt: "Add a README", mode: "patch" };
  const [busy, other] = callers;
  expect(await ask(busy, "/code", 4, body)).toEqual({ seen: [202, 202, 202, 429], retryAfter: "60" });
  expect(await ask(other, "/code", 1, body)).toEqual({ seen: [202], retryAfter: null });
  // What reads is counted apart.
  expect(await ask(busy, "/runs", 6)).toEqual({ seen: [200, 200, 200, 200, 200, 429], retryAfter: "60" });
  expect(await ask(other, "/runs", 1)).toEqual({ seen: [200], retryAfter: null });
});

test("wrangler.toml binds both limits, each with a namespace of its own", () => {
  const config = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  const limits = [
    ...config.matchAll(
      /\[\[ratelimits\]\]\nname = "(\w+)"\nnamespace_id = "(\d+)"\nsimple = \{ limit = (\d+), period = 60 \}/g,
    ),
  ];
  expect(limits.map(([, name]) => name)).toEqual(["START_LIMIT", "REQUEST_LIMIT"]);
  expect(new Set(limits.map(([, , namespace]) => namespace)).size).toBe(2);
});
