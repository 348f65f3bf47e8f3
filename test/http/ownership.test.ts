/** Runs that belong to somebody: the others get what they would get if there were none. */
import { describe, expect, it } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import { runIdOf } from "../support/memory-host.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };
const TOKEN = "service-token-0123456789";
const OTHER = "other-token-0123456789";
const GITHUB = "caller-github-token-0123456789";
const ID = runIdOf(1);

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const github = (token: string) => ({ "x-github-token": token });

/** A service that lets nobody in unless `environment` says so. */
function service(environment: Record<string, string>): TestApp {
  return createTestApp({ environment: { ALLOW_ANONYMOUS: "", ...environment } });
}

describe("a run", () => {
  const environment = { API_TOKENS: `${TOKEN},${OTHER}` };

  it("belongs to the credential that started it, whatever GitHub token comes with it", async () => {
    const { post, runs } = service(environment);
    for (const headers of [
      bearer(TOKEN),
      { ...bearer(TOKEN), ...github(GITHUB) },
      bearer(OTHER),
      github(GITHUB),
      github(`${GITHUB}x`),
      github(TOKEN),
    ]) {
      await (await post("/code", GOOD, headers)).text();
    }
    const [first, second, ...others] = runs.map(({ input }) => input.caller);
    expect(first).toBe(second);
    expect(new Set([first, ...others]).size).toBe(5);
  });

  const operations = [
    ["GET", `/runs/${ID}`],
    ["GET", `/runs/${ID}/events`],
    ["GET", `/runs/${ID}/events?after=1`],
    ["GET", `/runs/${ID}/events?after=99`],
    ["GET", `/runs/${ID}/patch`],
    ["DELETE", `/runs/${ID}`],
    ["POST", `/runs/${ID}/prompt`],
  ] as const;

  it.each(operations)(
    "of somebody else is answered as one that does not exist: %s %s",
    async (method, path) => {
      const app = service(environment);
      await (await app.post("/code", GOOD, bearer(TOKEN))).text();
      const answer = async (to: string, token: string) => {
        const response = await app.app.request(to, {
          method,
          headers: { "content-type": "application/json", ...bearer(token) },
          ...(method === "POST" ? { body: '{"prompt":"Go on"}' } : {}),
        });
        return [response.status, [...response.headers], await response.text()];
      };
      const foreign = await answer(path, OTHER);
      const unknown = await answer(path.replace(ID, "7e4e1b4e-0000-4000-8000-000000000000"), OTHER);
      expect(foreign).toEqual(unknown);
      expect([foreign[0], foreign[2]]).toEqual([
        404,
        '{"error":{"code":"not_found","message":"There is no such run."}}',
      ]);
      expect((await answer(path, TOKEN))[0]).not.toBe(404);
      expect(app.runs[0]?.events).toHaveLength(1);
    },
  );

  it.each(operations)("past its retention is gone, for its own caller only: %s %s", async (method, path) => {
    const app = service(environment);
    await (await app.post("/code", GOOD, bearer(TOKEN))).text();
    for (const run of app.runs) run.expired = true;
    const status = async (token: string) =>
      (
        await app.app.request(path, {
          method,
          headers: { "content-type": "application/json", ...bearer(token) },
          ...(method === "POST" ? { body: '{"prompt":"Go on"}' } : {}),
        })
      ).status;
    expect([await status(TOKEN), await status(OTHER)]).toEqual([410, 404]);
  });

  it("is listed to its own caller only", async () => {
    const app = service(environment);
    await (await app.post("/code", GOOD, bearer(TOKEN))).text();
    const listed = async (headers: Record<string, string>) =>
      ((await (await app.get("/runs", headers)).json()) as { runs: { id: string }[] }).runs.map(
        ({ id }) => id,
      );
    expect([await listed(bearer(TOKEN)), await listed(bearer(OTHER)), await listed(github(GITHUB))]).toEqual([
      [ID],
      [],
      [],
    ]);
  });

  it("whose host fails says nothing about it", async () => {
    const broken = new Error("storage of run 7 is gone");
    const { get } = createTestApp({ host: { view: () => Promise.reject(broken) } });
    const response = await get(`/runs/${ID}`);
    expect([response.status, await response.text()]).toEqual([
      500,
      '{"error":{"code":"internal","message":"The service failed in a way it should not; the operator\'s log says how."}}',
    ]);
  });
});

it("asks the host for nothing that is not the id of a run", async () => {
  const { get, host } = createTestApp();
  const odd = [
    "1",
    "..%2f",
    "%00",
    "%ff",
    ID.slice(1),
    `${ID}0`,
    `${ID}%0a`,
    "ABCDEF00-0000-4000-8000-00000000000A",
    "undefined",
  ];
  for (const id of odd) {
    for (const rest of ["", "/events", "/patch"]) {
      const response = await get(`http://localhost/runs/${id}${rest}`);
      expect([id, rest, response.status]).toEqual([id, rest, 404]);
    }
  }
  expect(host.asked).toEqual([]);
});

it("keeps what a host says to the caller free of the service's secrets", async () => {
  const secret = "gh-canary-0123456789";
  const { app, get, post } = createTestApp({
    environment: { GITHUB_TOKEN: secret },
    host: {
      list: () => Promise.reject(new ServiceError("invalid_request", `The cursor ${secret} is not one.`)),
    },
  });
  const started = await post("/code", { ...GOOD, prompt: `Print ${secret}` }, { accept: "application/json" });
  const shown = [
    await get("/runs"),
    await get(`/runs/${ID}`),
    await app.request(`/runs/${ID}`, { method: "DELETE" }),
  ];
  const texts = await Promise.all([started, ...shown].map((response) => response.text()));
  for (const text of texts) expect(text).toContain("[redacted]");
  expect(texts.join()).not.toContain(secret);
});
