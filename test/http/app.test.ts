/** The routes around the runs: what exists, who may use it, and what every answer has. */
import type { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { ERROR_CODES, ServiceError } from "../../src/errors.ts";
import { ENDPOINTS } from "../../src/http/endpoints.ts";
import { errorResponse } from "../../src/http/error-response.ts";
import { HTTP_STATUS } from "../../src/http/status.ts";
import { createRedactor } from "../../src/redact.ts";
import { runIdOf } from "../support/memory-host.ts";
import { createTestApp, NOW } from "../support/test-app.ts";

const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };

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
    const run = await answer(app.request("/runs/1/patch/"));
    expect([run.status, run.body.error.message]).toEqual([
      404,
      "There is nothing here; did you mean GET /runs/:id/patch?",
    ]);
    const far = await answer(app.request("/admin?token=x"));
    expect([far.status, far.body]).toEqual([
      404,
      {
        error: {
          code: "not_found",
          message:
            "There is nothing here; the service has POST /code, POST /code/legacy, GET /runs, GET /runs/:id, DELETE /runs/:id, GET /runs/:id/events, GET /runs/:id/patch, POST /runs/:id/prompt, GET /health, GET /, GET /config, POST /config.",
        },
      },
    ]);
  });

  it.each([
    ["GET", "/code", "POST", "/code takes POST only."],
    ["DELETE", "/code/legacy", "POST", "/code/legacy takes POST only."],
    ["OPTIONS", "/code", "POST", "/code takes POST only."],
    ["DELETE", "/config", "GET, HEAD, POST", "/config takes GET, HEAD and POST only."],
    ["POST", "/runs", "GET, HEAD", "/runs takes GET and HEAD only."],
    ["PATCH", "/runs/1", "GET, HEAD, DELETE", "/runs/:id takes GET, HEAD and DELETE only."],
    ["POST", "/runs/1/events", "GET, HEAD", "/runs/:id/events takes GET and HEAD only."],
    ["DELETE", "/runs/1/patch", "GET, HEAD", "/runs/:id/patch takes GET and HEAD only."],
    ["GET", "/runs/1/prompt", "POST", "/runs/:id/prompt takes POST only."],
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
      await app.request(`/runs/${runIdOf(1)}`),
      await app.request(`/runs/${runIdOf(1)}/events`),
      await app.request(`/runs/${runIdOf(2)}`),
      await post("/config", {}),
    ];
    for (const { headers } of responses) {
      expect(
        Object.fromEntries(
          [...headers].filter(([name]) => /^(?!content-type|allow|location|x-run|x-acc)/.test(name)),
        ),
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

  it.each([
    [NOW + 90_001, "91"],
    [NOW + 1, "1"],
    [NOW - 60_000, "1"],
    [undefined, null],
  ])("say how many seconds to wait until %s", (retryAt, seconds) => {
    const error = new ServiceError("too_many_runs", "Too many.", { retryAt });
    expect(errorResponse(error, createRedactor([]), NOW).headers.get("retry-after")).toBe(seconds);
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
      "headers",
      "fields",
    ]);
    expect([body.version, body.endpoints]).toEqual(["1.2.3", ENDPOINTS]);
    expect(text.match(/https?:\/\/[^ "]*/g)).toEqual([
      "https://github.com/owner/name.",
      "https://github.com/owner/name.",
    ]);
  });

  it("documents exactly the fields that POST /code takes, with the defaults they have", async () => {
    const { app, post, runs } = createTestApp();
    const { fields } = await about(app);
    const documented = fields["POST /code"] ?? [];
    expect(documented.map(({ name }) => name)).toEqual(
      await fieldsOf(post("/code", { ...GOOD, unknown_: 1 })),
    );

    const defaults = Object.fromEntries(
      documented.flatMap((field) => (field.required ? [] : [[field.name, field.default]])),
    );
    await (await post("/code", { ...GOOD, ...defaults })).text();
    await (await post("/code", GOOD)).text();
    expect(runs[0]?.request).toEqual(runs[1]?.request);
  });

  it.each([
    ["POST /runs/:id/prompt", `/runs/${runIdOf(1)}/prompt`],
    ["POST /config", "/config"],
  ])("documents exactly the fields that %s takes", async (endpoint, path) => {
    const { app, post } = createTestApp();
    const { fields } = await about(app);
    const documented = (fields[endpoint] ?? []).map(({ name }) => name);
    expect(documented).toEqual(await fieldsOf(post(path, { prompt: "x", unknown_: 1 })));
  });

  it("shows the defaults that are configured now", async () => {
    const { app, post } = createTestApp();
    await post("/config", { default_sandbox_provider: "aws" });
    const sandbox = (await about(app)).fields["POST /code"]?.find(({ name }) => name === "sandbox_provider");
    expect(sandbox?.default).toBe("aws");
  });

  it("stays up, with the environment's defaults, when the run host does not answer", async () => {
    const broken = new Error("storage is gone");
    const { app, reports } = createTestApp({
      environment: { DEFAULT_SANDBOX_PROVIDER: "docker" },
      host: { readConfig: () => Promise.reject(broken) },
    });
    const sandbox = (await about(app)).fields["POST /code"]?.find(({ name }) => name === "sandbox_provider");
    expect([sandbox?.default, reports]).toEqual(["docker", [{ error: broken, where: "GET /" }]]);
  });
});

interface About {
  readonly fields: Record<string, { name: string; required: boolean; default?: unknown }[]>;
}

async function about(app: Hono): Promise<About> {
  return (await app.request("/")).json() as Promise<About>;
}

/** The names in the refusal of an unknown field. */
async function fieldsOf(refusal: Promise<Response>): Promise<string[]> {
  const { body } = await answer(refusal);
  const messages: string[] = (body.error.problems as { message: string }[]).map(({ message }) => message);
  const [, known = ""] =
    messages.map((text) => /unknown_ .* the fields are (.*)\./.exec(text)).find(Boolean) ?? [];
  return known.split(", ");
}
