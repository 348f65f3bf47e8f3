/** The routes around the runs: what exists, who may use it, and what every answer has. */
import { describe, expect, it } from "vitest";
import { ERROR_CODES, ServiceError } from "../../src/errors.ts";
import { codeFields } from "../../src/http/about.ts";
import { ENDPOINTS } from "../../src/http/endpoints.ts";
import { errorResponse } from "../../src/http/error-response.ts";
import { HTTP_STATUS } from "../../src/http/status.ts";
import { createRedactor } from "../../src/redact.ts";
import { createTestApp, NOW } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };
const TOKEN = "service-token-0123456789";
const ADMIN = "admin-token-0123456789ab";

async function answer(response: Response | Promise<Response>) {
  const { status, headers, body } = await response;
  const text = await new Response(body).text();
  return { status, headers, body: JSON.parse(text), text };
}

describe("routes", () => {
  it("answer 404 in JSON for what does not exist, with the nearest thing that does", async () => {
    const { app } = createTestApp();
    const near = await answer(app.request("/health/"));
    expect([near.status, near.body]).toEqual([
      404,
      { error: { code: "not_found", message: "There is nothing here; did you mean GET /health?" } },
    ]);
    const far = await answer(app.request("/admin?token=x"));
    expect([far.status, far.body]).toEqual([
      404,
      {
        error: {
          code: "not_found",
          message:
            "There is nothing here; the service has POST /code, POST /code/legacy, GET /health, GET /, POST /config.",
        },
      },
    ]);
  });

  it.each([
    ["GET", "/code", "POST", "/code takes POST only."],
    ["DELETE", "/code/legacy", "POST", "/code/legacy takes POST only."],
    ["OPTIONS", "/code", "POST", "/code takes POST only."],
    ["GET", "/config", "POST", "/config takes POST only."],
    ["POST", "/health", "GET, HEAD", "/health takes GET and HEAD only."],
    ["PUT", "/", "GET, HEAD", "/ takes GET and HEAD only."],
  ])("answer 405 to %s %s, allowing %s", async (method, path, allow, message) => {
    const { status, headers, body } = await answer(createTestApp().app.request(path, { method }));
    expect([status, headers.get("allow"), body]).toEqual([
      405,
      allow,
      { error: { code: "method_not_allowed", message } },
    ]);
  });

  it("answer HEAD like GET, without a body", async () => {
    const response = await createTestApp().app.request("/health", { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  it("give every answer the same protection, and no other origin anything", async () => {
    const { app, post } = createTestApp();
    const responses = [
      await app.request("/"),
      await app.request("/health", { headers: { origin: "https://evil.example" } }),
      await app.request("/nowhere"),
      await app.request("/code"),
      await post("/code", {}),
      await post("/code", GOOD),
      await post("/config", {}),
    ];
    for (const { headers } of responses) {
      expect(
        Object.fromEntries([...headers].filter(([name]) => /^(?!content-type|allow|x-run|x-acc)/.test(name))),
      ).toEqual({
        "cache-control": expect.stringMatching(/^no-store/),
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=31536000",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
      });
    }
  });
});

describe("errors", () => {
  it("have a status each, and say what they are", async () => {
    for (const code of ERROR_CODES) {
      const response = errorResponse(new ServiceError(code, "What is wrong."), createRedactor([]), NOW);
      expect([response.status, await response.json()]).toEqual([
        HTTP_STATUS[code],
        { error: { code, message: "What is wrong." } },
      ]);
    }
  });

  it("that nobody meant keep their message and stack to themselves, and reach the operator", async () => {
    const broken = new Error("connect ECONNREFUSED 10.0.0.7 with key hunter2");
    const { app, reports } = createTestApp({
      host: { start: () => Promise.reject(broken) },
    });
    const { status, body } = await answer(
      app.request("/code", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(GOOD),
      }),
    );
    expect([status, body, reports]).toEqual([
      500,
      {
        error: {
          code: "internal",
          message: "The service failed in a way it should not; the operator's log says how.",
        },
      },
      [{ error: broken, where: "request" }],
    ]);
  });

  it("never hold a secret of the service, wherever it was sent", async () => {
    const { post } = createTestApp({ environment: { GITHUB_TOKEN: "gh-canary-0123456789" } });
    const { text } = await answer(
      post("/code", { ...GOOD, "gh-canary-0123456789": 1, llm_provider: "gh-canary-0123456789" }),
    );
    expect(text).not.toContain("gh-canary-0123456789");
  });
});

describe("access", () => {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  const started = async (
    environment: Record<string, string>,
    headers: Record<string, string>,
    path = "/code",
  ) => {
    const { post, runs } = createTestApp({ environment: { ALLOW_ANONYMOUS: "", ...environment } });
    const response = await post(path, path === "/config" ? {} : GOOD, headers);
    const text = await response.text();
    return {
      status: response.status,
      challenge: response.headers.get("www-authenticate"),
      message: response.status < 400 ? undefined : JSON.parse(text).error.message,
      runs: runs.length,
    };
  };
  const refused = (message: string) => ({
    status: 401,
    challenge: 'Bearer realm="tiny-backspace"',
    message,
    runs: 0,
  });
  const passed = { status: 200, challenge: null, message: undefined };
  const notSetUp =
    "This service has no API_TOKENS: the operator has to set it, or ALLOW_ANONYMOUS=true on a local machine.";
  const sendOne = "Send one of the service's API tokens in the header 'Authorization: Bearer …'.";
  const wrong = "The token is not one of the service's API tokens.";

  it.each(["/code", "/code/legacy"])("to %s fails closed when nothing is configured", async (path) => {
    expect(await started({}, {}, path)).toEqual(refused(notSetUp));
    expect(await started({}, bearer("undefined"), path)).toEqual(refused(notSetUp));
    expect(await started({ API_TOKENS: " , " }, bearer(""), path)).toEqual(refused(notSetUp));
  });

  it.each(["/code", "/code/legacy"])(
    "to %s needs one of the tokens, also when anonymous use is on",
    async (path) => {
      const environment = { API_TOKENS: `${TOKEN}, other-token-0123456789`, ALLOW_ANONYMOUS: "true" };
      expect(await started(environment, bearer(TOKEN), path)).toEqual({ ...passed, runs: 1 });
      expect(await started(environment, { authorization: `bearer  other-token-0123456789` }, path)).toEqual({
        ...passed,
        runs: 1,
      });
      expect(await started(environment, {}, path)).toEqual(refused(sendOne));
      expect(await started(environment, { authorization: `Basic ${TOKEN}` }, path)).toEqual(refused(sendOne));
      expect(await started(environment, bearer(`${TOKEN}x`), path)).toEqual(refused(wrong));
      expect(await started(environment, bearer(TOKEN.slice(0, -1)), path)).toEqual(refused(wrong));
      expect(await started(environment, bearer(TOKEN.toUpperCase()), path)).toEqual(refused(wrong));
    },
  );

  it("is refused before the body is read", async () => {
    const { app } = createTestApp({ environment: { ALLOW_ANONYMOUS: "false" } });
    const response = await app.request("/code", { method: "POST", body: "not even JSON" });
    expect(response.status).toBe(401);
  });

  it("without a token is for programs and pages of this machine, not for pages elsewhere", async () => {
    const open = { ALLOW_ANONYMOUS: "true" };
    expect(await started(open, {})).toEqual({ ...passed, runs: 1 });
    expect(await started(open, { origin: "http://localhost:8000" })).toEqual({ ...passed, runs: 1 });
    for (const origin of ["https://evil.example", "http://localhost.evil.example", "null"]) {
      expect(await started(open, { origin })).toEqual({
        status: 403,
        challenge: null,
        message:
          "A service open to anonymous use takes requests from web pages on this machine only: set API_TOKENS and send one.",
        runs: 0,
      });
    }
  });

  it("to /config needs the admin token and nothing less", async () => {
    const environment = { API_TOKENS: TOKEN, ADMIN_TOKEN: ADMIN, ALLOW_ANONYMOUS: "true" };
    const open = { ALLOW_ANONYMOUS: "true" };
    expect(await started(environment, bearer(ADMIN), "/config")).toEqual({ ...passed, runs: 0 });
    expect(await started(environment, bearer(TOKEN), "/config")).toEqual(
      refused("The token is not the service's admin token."),
    );
    expect(await started(environment, {}, "/config")).toEqual(
      refused("Send the service's admin token in the header 'Authorization: Bearer …'."),
    );
    expect(await started({ API_TOKENS: TOKEN, ...open }, bearer(TOKEN), "/config")).toEqual(
      refused("Changing the configuration needs an admin token: the operator has to set ADMIN_TOKEN."),
    );
    expect(await started({}, {}, "/config")).toEqual(
      refused(
        "This service has no ADMIN_TOKEN: the operator has to set it, or ALLOW_ANONYMOUS=true on a local machine.",
      ),
    );
    expect(await started(open, {}, "/config")).toEqual({ ...passed, runs: 0 });
  });
});

describe("GET /", () => {
  it("names the service, its endpoints and their fields, and links nowhere", async () => {
    const { body, text } = await answer(createTestApp().app.request("/"));
    expect(Object.keys(body)).toEqual([
      "name",
      "service",
      "version",
      "description",
      "features",
      "endpoints",
      "fields",
    ]);
    expect([body.version, body.endpoints]).toEqual(["1.2.3", ENDPOINTS]);
    expect(text.match(/https?:\/\/[^ "]*/g)).toEqual([
      "https://github.com/owner/name.",
      "https://github.com/owner/name.",
    ]);
  });

  it("documents exactly the fields that POST /code takes", async () => {
    const limits = { max_turns: 30, max_cost_usd: 2, timeout_seconds: 300 };
    const documented = codeFields("https://github.com", {
      llm_provider: "rule_based",
      llm_model: undefined,
      sandbox_provider: "local",
      limits,
    });
    const { post, runs } = createTestApp();
    const { body } = await answer(post("/code", { ...GOOD, unknown_: 1 }));
    const [, known] = /the fields are (.*), max_turns/.exec(body.error.message) ?? [];
    expect(documented.map((field) => field.name)).toEqual(known?.split(", "));

    const defaults = Object.fromEntries(
      documented.flatMap((field) => (field.required ? [] : [[field.name, field.default]])),
    );
    const response = await post("/code", { ...GOOD, ...defaults });
    await response.text();
    await (await post("/code", GOOD)).text();
    expect(runs[0]?.request).toEqual(runs[1]?.request);
  });
});
