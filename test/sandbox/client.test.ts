/** The client against servers that are no good runner: every end is a sentence, and nothing hangs. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { RemoteSandbox } from "../../src/sandbox/client.ts";
import { clientFor, startProcessRunner } from "../support/run-sandboxes.ts";

let open = new AsyncDisposableStack();
afterEach(async () => {
  await open.disposeAsync();
  open = new AsyncDisposableStack();
});

const { signal } = new AbortController();
const DESCRIPTION = {
  id: "0123456789abcdef",
  provider: "process",
  expires_at: "2030-01-01T00:00:00.000Z",
  limits: { timeout_seconds: 300, memory_limit_mb: 1024, cpu_limit: 2, output_bytes: 1000 },
  network: "none",
};
const SILENCE = { create: 50, put: 50, exec: 50, changes: 50, destroy: 50, health: 50 };

async function* nothing(): AsyncGenerator<Uint8Array, void> {}

/** Everything about sandboxes is answered well but what `answer` takes on. */
async function server(
  answer: (request: IncomingMessage, response: ServerResponse) => boolean,
  silenceMs: Partial<typeof SILENCE> = {},
) {
  const lines: string[] = [];
  const http = createServer((request, response) => {
    lines.push(`${request.method} ${request.url}`);
    request.resume();
    if (answer(request, response)) return;
    if (request.url?.startsWith("/v1/sandboxes?")) {
      response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify(DESCRIPTION));
    } else response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(http, "listening");
  open.defer(() => {
    http.closeAllConnections();
    http.close();
  });
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return { client: clientFor({ url, secret: "s".repeat(32) }, { silenceMs }), lines };
}

async function exec(sandbox: RemoteSandbox): Promise<readonly unknown[]> {
  const running = sandbox.exec({ command: "x", phase: "command" }, signal);
  const said: unknown[] = [];
  for (;;) {
    const next = await running.next();
    if (next.done === true) return [...said, next.value.ending];
    said.push(next.value.data);
  }
}

async function execOf(body: string | Uint8Array, status = 200): Promise<unknown> {
  const { client } = await server((request, response) => {
    if (!request.url?.endsWith("/exec")) return false;
    response.writeHead(status).end(body);
    return true;
  });
  const sandbox = await client.create("process", nothing, signal);
  return await exec(sandbox).catch(
    (error: { problem?: string; message: string }) => `${error.problem}: ${error.message}`,
  );
}

const line = (value: unknown) => `${JSON.stringify(value)}\n`;
const output = (data: string, stream = "stdout") => line({ type: "output", stream, data });
const END = line({
  type: "end",
  ending: "exited",
  exit_code: 0,
  signal: null,
  truncated: false,
  duration_ms: 1,
  refused_hosts: [],
});

test("output that arrives together is one event for each change of stream", async () => {
  const body = `${output("a")}${output("b")}${line({ type: "heartbeat" })}${output("c", "stderr")}${output("d")}${END}`;
  expect(await execOf(body)).toEqual(["ab", "c", "d", "exited"]);
});

test.each([
  ["lost: The connection to the sandbox-runner broke while the command ran.", output("a")],
  ["lost: The connection to the sandbox-runner broke while the command ran.", `${output("a")}{"type":`],
  ["protocol: The sandbox-runner sent something that is no event of a command.", "<html>\n"],
  ["protocol: The sandbox-runner sent something that is no event of a command.", line({ type: "other" })],
  ["protocol: The sandbox-runner sent something that is no event of a command.", "x".repeat(1_100_000)],
  [
    "unavailable: The sandbox-runner failed. It says: Bad luck.",
    line({ type: "error", code: "internal", message: "Bad luck." }),
  ],
])("a command's events end as %j", async (told, body) => {
  expect(await execOf(body)).toBe(told);
});

test.each([
  [
    410,
    { error: { code: "sandbox_lost", message: "Gone.", retryable: false } },
    "gone: The sandbox has ended. It says: Gone.",
  ],
  [
    401,
    { error: { code: "unauthorized", message: "", retryable: false } },
    /^unavailable: The sandbox-runner does not accept the service's signature/,
  ],
  [413, { error: { code: "payload_too_large", message: "", retryable: false } }, /^too_large: /],
  [500, "<h1>oops", "unavailable: The sandbox-runner answered with status 500."],
  [302, "", "unavailable: The sandbox-runner answered with status 302."],
])("an answer of %i is told as it is meant", async (status, body, told) => {
  expect(await execOf(JSON.stringify(body), status)).toEqual(
    typeof told === "string" ? told : expect.stringMatching(told),
  );
});

test("a place that is taken is waited for, as long as the runner says", async () => {
  let asked = 0;
  const { client, lines } = await server((_request, response) => {
    asked += 1;
    if (asked > 1) return false;
    const error = { code: "at_capacity", message: "Full.", retryable: true };
    response.writeHead(503, { "retry-after": "0" }).end(JSON.stringify({ error }));
    return true;
  });
  expect((await client.create("process", nothing, signal)).description.id).toBe(DESCRIPTION.id);
  expect(lines).toHaveLength(2);
});

test("places that stay taken are told as such", async () => {
  const error = { code: "at_capacity", message: "Full.", retryable: true };
  const { client, lines } = await server((_request, response) => {
    response.writeHead(503, { "retry-after": "0" }).end(JSON.stringify({ error }));
    return true;
  });
  await expect(client.create("process", nothing, signal)).rejects.toMatchObject({
    problem: "at_capacity",
    message: "All places of the sandbox-runner are taken. It says: Full.",
  });
  expect(lines).toHaveLength(2);
});

test.each(["create", "exec", "changes", "put"] as const)(
  "a runner that says nothing to %s is let go",
  async (kind) => {
    const { client } = await server(({ url = "" }) => {
      if (kind === "create") return true;
      return url.endsWith(kind === "put" ? "files" : kind);
    }, SILENCE);
    const work = async () => {
      const sandbox = await client.create("process", nothing, signal);
      if (kind === "put") await sandbox.put(nothing, signal);
      if (kind === "exec") await exec(sandbox);
      if (kind === "changes") for await (const _ of sandbox.changes(signal)) break;
    };
    await expect(work()).rejects.toMatchObject({
      problem: "timed_out",
      message: "The sandbox-runner did not answer in time.",
    });
  },
);

test("nobody there is told as such, and ending a sandbox there never fails", async () => {
  const { client } = await server((request) => {
    if (!request.url?.includes("/v1/sandboxes/")) return false;
    request.socket.destroy();
    return true;
  });
  const sandbox = await client.create("process", nothing, signal);
  await sandbox.destroy();
  await expect(sandbox.put(nothing, signal)).rejects.toMatchObject({
    problem: "unreachable",
    message: "The sandbox-runner cannot be reached.",
  });
});

test.each([
  ["TypeError", new TypeError("terminated")],
  ["plain error", new Error("Network connection lost.")],
])("an answer that breaks off is told as such when the platform says so with a %s", async (_kind, error) => {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"id":'));
      controller.error(error);
    },
  });
  const cut = clientFor(
    { url: "http://127.0.0.1:9", secret: "s".repeat(32) },
    { fetch: () => Promise.resolve(new Response(body, { status: 201 })) },
  );
  await expect(cut.create("process", nothing, signal)).rejects.toMatchObject({
    problem: "unreachable",
    message: "The sandbox-runner cannot be reached.",
  });
});

test("an upload that cannot be read fails as what it failed of", async () => {
  const { client } = await server(() => false);
  const broken = async function* (): AsyncGenerator<Uint8Array, void> {
    yield new Uint8Array(10);
    throw new RangeError("no such blob");
  };
  await expect(client.create("process", broken, signal)).rejects.toThrow("no such blob");
});

test("an abort cuts what is under way and is thrown on", async () => {
  const abort = new AbortController();
  const { client } = await server(() => true);
  const creating = client.create("process", nothing, abort.signal);
  abort.abort(new DOMException("cancelled", "AbortError"));
  await expect(creating).rejects.toThrow("cancelled");
});

test("a runner that works is healthy, and one whose secret differs takes nothing", async () => {
  const runner = await startProcessRunner();
  open.defer(() => runner.close());
  expect(await clientFor(runner).health(signal)).toMatchObject({
    status: "healthy",
    providers: { process: { status: "available" } },
  });
  const stranger = clientFor({ ...runner, secret: "x".repeat(32) });
  await expect(stranger.create("process", nothing, signal)).rejects.toMatchObject({ problem: "unavailable" });
});
