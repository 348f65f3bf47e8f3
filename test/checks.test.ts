/** The health checks against vendors at the wire: what they send, to whom, and what they make of the answer. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createRuleAgent } from "../src/agent/rules/agent.ts";
import { type CheckOptions, createChecks } from "../src/checks.ts";
import { createEgress } from "../src/egress.ts";
import type { RuntimeConfig } from "../src/run/runtime-config.ts";
import { clientFor, startProcessRunner } from "./support/run-sandboxes.ts";
import { until } from "./support/until.ts";

const KEYS = { openai: "canary-openai-key-0123456789", anthropic: "canary-anthropic-key-0123456789" };

interface Vendor {
  readonly url: string;
  readonly requests: { readonly line: string; readonly headers: IncomingHttpHeaders }[];
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Answers every request with this status; undefined never answers. */
async function vendor(status: number | undefined, headers: Record<string, string> = {}): Promise<Vendor> {
  const requests: Vendor["requests"][number][] = [];
  const server = createServer((request, response) => {
    requests.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    if (status !== undefined) response.writeHead(status, headers).end('{"data":[]}');
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

interface Setup {
  readonly openai: Vendor;
  readonly anthropic: Vendor;
  readonly keys?: { readonly openai?: string; readonly anthropic?: string };
  readonly runner?: CheckOptions["runner"];
  readonly forge?: Vendor;
  readonly token?: string;
}

function checksFor({ openai, anthropic, keys = {}, runner, forge, token }: Setup) {
  return createChecks({
    apiUrl: forge?.url ?? "http://127.0.0.1:1",
    token,
    openai: { key: keys.openai, baseUrl: `${openai.url}/v1` },
    anthropic: { key: keys.anthropic, baseUrl: anthropic.url },
    fetch: createEgress({
      origins: [openai.url, anthropic.url, ...(forge === undefined ? [] : [forge.url])],
    }),
    userAgent: "test",
    rules: createRuleAgent(),
    runner,
  });
}

/** The state of both vendors; a check that throws is one that is not available. */
async function states(setup: Setup, config: RuntimeConfig = {}): Promise<string[]> {
  const { openai, anthropic } = checksFor(setup);
  const { signal } = new AbortController();
  return await Promise.all(
    [openai, anthropic].map((check) => check(signal, async () => config).catch(() => "thrown")),
  );
}

test("without a key nothing is asked of a vendor", async () => {
  const [openai, anthropic] = [await vendor(200), await vendor(200)];
  expect(await states({ openai, anthropic })).toEqual(["not_configured", "not_configured"]);
  expect([openai.requests, anthropic.requests]).toEqual([[], []]);
});

test("each vendor is asked for its models, with its own key and no other", async () => {
  const [openai, anthropic] = [await vendor(200), await vendor(200)];
  expect(await states({ openai, anthropic, keys: KEYS })).toEqual(["available", "available"]);
  expect([openai.requests, anthropic.requests]).toMatchObject([
    [{ line: "GET /v1/models", headers: { authorization: `Bearer ${KEYS.openai}` } }],
    [
      {
        line: "GET /v1/models?limit=1",
        headers: { "x-api-key": KEYS.anthropic, "anthropic-version": "2023-06-01" },
      },
    ],
  ]);
  expect(JSON.stringify(openai.requests)).not.toContain(KEYS.anthropic);
  expect(JSON.stringify(anthropic.requests)).not.toContain(KEYS.openai);
});

test("a key that was configured at run time is the one that is tried", async () => {
  const [openai, anthropic] = [await vendor(200), await vendor(200)];
  const secrets = { openai_api_key: "canary-runtime-key-0123456789" };
  expect(await states({ openai, anthropic, keys: { openai: KEYS.openai } }, { secrets })).toEqual([
    "available",
    "not_configured",
  ]);
  expect(openai.requests.map(({ headers }) => headers.authorization)).toEqual([
    `Bearer ${secrets.openai_api_key}`,
  ]);
});

test("GitHub is asked with the token that runs would use", async () => {
  const [openai, forge] = [await vendor(200), await vendor(200)];
  const { signal } = new AbortController();
  const secrets = { github_token: "canary-runtime-token-0123456789" };
  const own = "canary-own-token-0123456789";
  const ask = (token: string | undefined, config: RuntimeConfig) =>
    checksFor({ openai, anthropic: openai, forge, ...(token === undefined ? {} : { token }) }).git_operations(
      signal,
      async () => config,
    );
  expect([await ask(undefined, {}), await ask(own, {}), await ask(own, { secrets })]).toEqual([
    "available",
    "available",
    "available",
  ]);
  expect(forge.requests.map(({ line, headers }) => [line, headers.authorization])).toEqual([
    ["GET /rate_limit", undefined],
    ["GET /rate_limit", `Bearer ${own}`],
    ["GET /rate_limit", `Bearer ${secrets.github_token}`],
  ]);
});

test.each([401, 403, 404, 429, 500, 529])("a vendor that answers %i is not available", async (status) => {
  const [openai, anthropic] = [await vendor(status), await vendor(200)];
  expect(await states({ openai, anthropic, keys: KEYS })).toEqual(["unavailable", "available"]);
});

test("a vendor that redirects elsewhere is not followed there with the key", async () => {
  const canary = await vendor(200);
  const openai = await vendor(307, { location: `${canary.url}/v1/models` });
  const anthropic = await vendor(308, { location: `${canary.url}/v1/models` });
  expect(await states({ openai, anthropic, keys: KEYS })).toEqual(["thrown", "thrown"]);
  expect(canary.requests).toEqual([]);
});

test("a vendor that does not answer is let go when the check is told to stop", async () => {
  const [openai, anthropic] = [await vendor(undefined), await vendor(200)];
  const stop = new AbortController();
  const check = checksFor({ openai, anthropic, keys: KEYS }).openai(stop.signal, async () => ({}));
  await until("the vendor was asked", () => openai.requests.length === 1);
  stop.abort(new DOMException("The check took too long.", "TimeoutError"));
  await expect(check).rejects.toMatchObject({ name: "TimeoutError" });
});

describe("where commands run", () => {
  const { signal } = new AbortController();
  const readConfig = async () => ({});

  async function places(runner: CheckOptions["runner"]): Promise<readonly string[]> {
    const vendors = { openai: await vendor(200), anthropic: await vendor(200) };
    const { cloud_sandbox, docker } = checksFor({ ...vendors, runner });
    return await Promise.all(
      [cloud_sandbox, docker].map((check) => check(signal, readConfig).catch(() => "thrown")),
    );
  }

  test("is not configured without a runner", async () => {
    expect(await places(undefined)).toEqual(["not_configured", "not_configured"]);
  });

  test("is what the runner says of itself, and of its engine if it has one", async () => {
    await using runner = await startProcessRunner();
    expect(await places(clientFor(runner))).toEqual(["available", "not_configured"]);
    await runner.close();
    expect(await places(clientFor(runner))).toEqual(["thrown", "thrown"]);
  });

  test.each([
    [{ docker: { status: "available" } }, ["available", "available"]],
    [{ docker: { status: "unavailable" }, aws: { status: "available" } }, ["available", "unavailable"]],
    [{ aws: { status: "unavailable" } }, ["unavailable", "not_configured"]],
  ])("with the providers %j", async (providers, expected) => {
    const status = "healthy";
    const server = createServer((_request, response) => {
      response.end(JSON.stringify({ status, api_version: 1, providers }));
    }).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await places(clientFor({ url, secret: "s".repeat(32) }))).toEqual(expected);
  });
});
