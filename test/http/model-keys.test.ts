/** Model keys: those a caller brings for one run, and whom the service lends its own. */
import { describe, expect, it } from "vitest";
import { runIdOf } from "../support/memory-host.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };
const OPENAI = "canary-openai-key-of-the-caller";
const ANTHROPIC = "canary-anthropic-key-of-the-caller";
const BOTH = { "x-openai-api-key": OPENAI, "X-Anthropic-Api-Key": ANTHROPIC };

const STARTS: readonly (readonly [path: string, body: object])[] = [
  ["/code", GOOD],
  ["/code/legacy", GOOD],
  [`/runs/${runIdOf(1)}/prompt`, { prompt: "Go on" }],
];

/** An app with one run that has ended, to go on from. */
async function appWithRun(): Promise<TestApp> {
  const app = createTestApp();
  await (await app.post("/code", GOOD)).text();
  return app;
}

describe.each(STARTS)("POST %s", (path, body) => {
  const post = async (headers: Record<string, string>) => {
    const app = await appWithRun();
    const response = await app.post(path, body, headers);
    return { app, response, text: await response.text() };
  };

  it("hands the caller's keys to the run, and nothing else of them anywhere", async () => {
    const { app, response, text } = await post(BOTH);
    expect([response.status, app.runs.at(-1)?.input.modelKeys]).toEqual([
      200,
      { openai: OPENAI, anthropic: ANTHROPIC },
    ]);
    const { input, ...run } = app.runs.at(-1) ?? {};
    const { modelKeys: _keys, ...rest } = input ?? {};
    expect(text + JSON.stringify([run, rest, app.counted, app.reports])).not.toContain("canary");
  });

  it("takes one without the other, and none at all", async () => {
    const one = await post({ "x-anthropic-api-key": ANTHROPIC });
    expect(one.app.runs.at(-1)?.input.modelKeys).toEqual({ anthropic: ANTHROPIC });
    const none = await post({});
    expect(none.app.runs.at(-1)?.input).not.toHaveProperty("modelKeys");
  });

  it.each(["12345678", "x".repeat(500), "!~\"'\\/+=&%"])("takes the key %s", async (key) => {
    const { app } = await post({ "x-openai-api-key": key });
    expect(app.runs.at(-1)?.input.modelKeys).toEqual({ openai: key });
  });

  it.each([
    "",
    "canary7",
    "canary with spaces",
    "canary\tcanary",
    "canary-ümlaut",
    `canary${"x".repeat(495)}`,
  ])("refuses the key '%s' without saying it", async (key) => {
    const { app, response, text } = await post({ "x-openai-api-key": key, "x-anthropic-api-key": key });
    const message = (field: string) =>
      `${field} must be the key alone: 8 to 500 printable ASCII characters without spaces. Leave it out to use no key of your own.`;
    expect([response.status, JSON.parse(text)]).toEqual([
      400,
      {
        error: {
          code: "invalid_request",
          message: 'The request has 2 problems; each is listed in "problems".',
          problems: ["X-OpenAI-Api-Key", "X-Anthropic-Api-Key"].map((field) => ({
            field,
            message: message(field),
          })),
        },
      },
    ]);
    expect([text.includes("canary"), app.runs.length]).toEqual([false, 1]);
  });

  it("is the same request with other keys, or none", async () => {
    const app = await appWithRun();
    const key = { "idempotency-key": "k" };
    const ids = [];
    for (const headers of [{}, BOTH, { "x-openai-api-key": `${OPENAI}-2` }]) {
      const response = await app.post(path, body, { ...key, ...headers });
      ids.push([response.status, response.headers.get("x-run-id")]);
      await response.text();
    }
    expect(ids).toEqual([
      [200, runIdOf(2)],
      [200, runIdOf(2)],
      [200, runIdOf(2)],
    ]);
    expect(app.runs).toHaveLength(2);
  });
});

it("a key comes after the credential: without one nobody learns what is wrong with it", async () => {
  const app = createTestApp({ environment: { ALLOW_ANONYMOUS: "" } });
  expect((await app.post("/code", GOOD, { "x-openai-api-key": "short" })).status).toBe(401);
});

describe("the service's own models", () => {
  const TOKEN = "service-token-0123456789";
  const api = { authorization: `Bearer ${TOKEN}` };
  const github = { "x-github-token": "caller-github-token-0123456789" };
  const open = { ALLOW_ANONYMOUS: "true" };
  const tokens = { API_TOKENS: TOKEN, ALLOW_ANONYMOUS: "" };
  const everyone = { LEND_MODEL_KEYS: "everyone" };

  it.each([
    ["an API token", tokens, api, "", true],
    ["an API token and a GitHub token", tokens, { ...api, ...github }, "", true],
    ["a GitHub token", tokens, github, "", false],
    ["a GitHub token, where there are no API tokens", { ALLOW_ANONYMOUS: "" }, github, "", false],
    ["a GitHub token, where everyone may", { ...tokens, ...everyone }, github, "", true],
    [
      "a GitHub token on localhost, though there are API tokens",
      { API_TOKENS: TOKEN, ...open },
      github,
      "",
      false,
    ],
    ["no credential on localhost", open, {}, "", true],
    ["a GitHub token on localhost, where none is needed", open, github, "", true],
    ["a GitHub token that is not asked for", { ...open, ALLOW_GITHUB_TOKENS: "no" }, github, "", true],
    ["a GitHub token elsewhere, with anonymous use left on", open, github, "https://bot.example", false],
    ["a GitHub token from a page elsewhere", open, { ...github, origin: "https://page.example" }, "", false],
  ])("are lent to a caller with %s: %#", async (_name, environment, headers, origin, lent) => {
    const { post, runs } = createTestApp({ environment });
    const response = await post(`${origin}/code`, GOOD, headers as Record<string, string>);
    expect([response.status, runs[0]?.input.lendsModels]).toEqual([200, lent]);
    await response.text();
  });
});
