/** Retried requests: which keys there are, what counts as the same request, and whose keys they are. */
import { describe, expect, it } from "vitest";
import { runIdOf } from "../support/memory-host.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };
const JSON_ONLY = { accept: "application/json" };

async function start(app: TestApp, path: string, body: unknown, headers: Record<string, string>) {
  const response = await app.post(path, body, headers);
  const { status } = response;
  const [id, replayed] = [response.headers.get("x-run-id"), response.headers.get("idempotent-replayed")];
  await response.text();
  return [status, id, replayed];
}

describe("a request with an Idempotency-Key", () => {
  it("that is sent again gets the run it started, streamed or shown", async () => {
    const app = createTestApp();
    const key = { "idempotency-key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"' };
    expect(await start(app, "/code", GOOD, key)).toEqual([200, runIdOf(1), null]);
    expect(await start(app, "/code", GOOD, key)).toEqual([200, runIdOf(1), "true"]);
    expect(await start(app, "/code", GOOD, { ...key, ...JSON_ONLY })).toEqual([202, runIdOf(1), "true"]);
    expect(app.runs).toHaveLength(1);
  });

  it("is the same request in whatever order its fields come", async () => {
    const app = createTestApp();
    const key = { "idempotency-key": "k" };
    const one =
      '{"repoUrl":"https://github.com/octocat/hello","prompt":"x","limits":{"max_turns":1,"max_cost_usd":2}}';
    const two =
      '{ "limits": {"max_cost_usd": 2.0, "max_turns": 1}, "prompt": "\\u0078", "repoUrl": "https://github.com/octocat/hello" }';
    expect(await start(app, "/code", one, key)).toEqual([200, runIdOf(1), null]);
    expect(await start(app, "/code", two, key)).toEqual([200, runIdOf(1), "true"]);
  });

  it("that asks for something else is refused, also on another path", async () => {
    const app = createTestApp();
    const key = { "idempotency-key": "k" };
    await start(app, "/code", GOOD, key);
    for (const [path, body] of [
      ["/code", { ...GOOD, prompt: "Fix it all" }],
      ["/code", { ...GOOD, draft: false }],
      ["/code/legacy", GOOD],
      [`/runs/${runIdOf(1)}/prompt`, { prompt: "Fix it" }],
    ] as const) {
      const response = await app.post(path, body, key);
      expect([response.status, await response.json()]).toEqual([
        409,
        { error: { code: "idempotency_key_reused", message: "The key was used for another request." } },
      ]);
    }
    expect(app.runs).toHaveLength(1);
  });

  it("may be another prompt too, and belongs to the run it goes on from", async () => {
    const app = createTestApp();
    await start(app, "/code", GOOD, {});
    await start(app, "/code", GOOD, {});
    const prompt = (n: number) =>
      start(app, `/runs/${runIdOf(n)}/prompt`, { prompt: "Go on" }, { "idempotency-key": "k" });
    expect(await prompt(1)).toEqual([200, runIdOf(3), null]);
    expect(await prompt(1)).toEqual([200, runIdOf(3), "true"]);
    expect((await prompt(2))[0]).toBe(409);
  });

  it("shares it with no other caller", async () => {
    const app = createTestApp({ environment: { ALLOW_ANONYMOUS: "" } });
    const key = { "idempotency-key": "k" };
    const first = { ...key, "x-github-token": "github-token-0123456789" };
    const second = { ...key, "x-github-token": "another-token-0123456789" };
    expect(await start(app, "/code", GOOD, first)).toEqual([200, runIdOf(1), null]);
    expect(await start(app, "/code", GOOD, second)).toEqual([200, runIdOf(2), null]);
  });
});

describe("an Idempotency-Key", () => {
  it.each([
    ["abc", "abc"],
    ['"abc"', "abc"],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ["a b,c", "a b,c"],
    ['a"b', 'a"b'],
    ["x".repeat(255), "x".repeat(255)],
    [`"${"x".repeat(255)}"`, "x".repeat(255)],
  ])("sent as %s is one", async (header, key) => {
    const app = createTestApp();
    await start(app, "/code", GOOD, { "idempotency-key": header });
    expect(app.runs[0]?.input.idempotency).toEqual({
      key,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it.each(["", '""', '"', '"abc', '"a"b"', '"a\\b"', '"abc";q=1', "a\tb", "clé", "x".repeat(256)])(
    "sent as %j is none, and starts nothing",
    async (header) => {
      const app = createTestApp();
      const response = await app.post("/code", GOOD, { "idempotency-key": header });
      expect([response.status, await response.json(), app.runs]).toEqual([
        400,
        {
          error: {
            code: "invalid_request",
            message: "Idempotency-Key must have 1 to 255 printable ASCII characters, quoted or not.",
          },
        },
        [],
      ]);
    },
  );

  it("is not needed: without one, each request is a run", async () => {
    const app = createTestApp();
    expect(await start(app, "/code", GOOD, {})).toEqual([200, runIdOf(1), null]);
    expect(await start(app, "/code", GOOD, {})).toEqual([200, runIdOf(2), null]);
    expect(app.runs.map(({ input }) => input.idempotency)).toEqual([undefined, undefined]);
  });
});
