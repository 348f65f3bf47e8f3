/** The runner's HTTP API: routes, and what is true of every answer. */
import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import { API_VERSION, execRequestSchema, RUNNER_PROVIDERS } from "../../../src/sandbox/wire.ts";
import type { ArchiveLimits } from "../archive/archive.ts";
import { readUpload } from "../archive/read-upload.ts";
import { writeChanges } from "../archive/write-changes.ts";
import { RunnerError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Sandboxes } from "../sandboxes.ts";
import type { Authenticator } from "./authenticate.ts";
import { errorResponse, loggedError, shownError } from "./error-response.ts";
import { execLines } from "./exec-lines.ts";
import { leasedStream } from "./leased-stream.ts";
import { oneOf, parsedJson } from "./parse.ts";
import { readAhead } from "./read-ahead.ts";

export interface AppParts {
  readonly authenticator: Authenticator;
  readonly sandboxes: Sandboxes;
  readonly archive: ArchiveLimits;
  readonly health: () => Promise<{ readonly status: string }>;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** `request` names the request in the log; `gone` aborts when its sender went away. */
type Env = { Variables: { request: string; gone: AbortSignal } };

/** Of each upload that waits in the queue: most are smaller, and so it shows when their senders go away. */
const READ_AHEAD_BYTES = 1_048_576;
const V = `/v${API_VERSION}`;
/** Each path's methods, for 405 (RFC 9110, section 15.5.6). */
const ENDPOINTS: Readonly<Record<string, string>> = {
  "/health": "GET",
  "/metrics": "GET",
  [`${V}/sandboxes`]: "POST",
  [`${V}/sandboxes/:id`]: "DELETE",
  [`${V}/sandboxes/:id/files`]: "POST",
  [`${V}/sandboxes/:id/exec`]: "POST",
  [`${V}/sandboxes/:id/changes`]: "GET",
};

export function createApp(parts: AppParts): Hono<Env> {
  const { authenticator, sandboxes, archive, metrics, log } = parts;
  const app = new Hono<Env>();
  const uploadBytes = boundOf(archive);

  const wrongMethod = (allowed: string) => {
    const error = new RunnerError("method_not_allowed", `Only ${allowed} works here.`);
    metrics.requestRefused(error.code);
    const response = errorResponse(error);
    response.headers.set("allow", allowed);
    return response;
  };

  const upload = async (context: Context<Env>) => {
    return readAhead(await authenticator.upload(context.req.raw, uploadBytes), READ_AHEAD_BYTES);
  };

  app.use(async (context, next) => {
    const startedAt = performance.now();
    const request = randomUUID();
    context.set("request", request);
    context.set("gone", goneSignal(context.req.raw.signal));
    await next();
    context.res.headers.set("cache-control", "no-store");
    context.res.headers.set("x-content-type-options", "nosniff");
    context.res.headers.set("x-request-id", request);
    const { method, path } = context.req;
    const { status } = context.res;
    const duration = Math.round(performance.now() - startedAt);
    log.info({ request, method, path: path.slice(0, 200), status, duration_ms: duration }, "request");
  });

  app.onError((error, context) => {
    const shown = shownError(error);
    const request = context.get("request");
    if (context.get("gone").aborted) {
      log.info({ request, code: shown.code }, "the client went away");
      return errorResponse(shown);
    }
    metrics.requestRefused(shown.code);
    const fields = { request, ...loggedError(error) };
    if (shown.code === "internal") log.error(fields, "request failed");
    else log.warn(fields, "request refused");
    return errorResponse(shown);
  });

  app.notFound(() => {
    throw new RunnerError("not_found", "There is nothing at this path.");
  });

  app.post(`${V}/sandboxes`, async (context) => {
    using tar = await upload(context);
    const provider = oneOf(RUNNER_PROVIDERS, "provider", context.req.query("provider"));
    const gone = context.get("gone");
    const sandbox = await sandboxes.create(provider, () => readUpload(tar.pieces, archive), gone);
    // Nobody else knows its name.
    gone.addEventListener("abort", () => void sandboxes.destroy(sandbox.id), { once: true });
    return context.json(sandbox, 201, { location: `${V}/sandboxes/${sandbox.id}` });
  });

  app.post(`${V}/sandboxes/:id/files`, async (context) => {
    using tar = await upload(context);
    await sandboxes.put(context.req.param("id"), () => readUpload(tar.pieces, archive), context.get("gone"));
    return context.body(null, 204);
  });

  app.post(`${V}/sandboxes/:id/exec`, async (context) => {
    const body = await authenticator.small(context.req.raw);
    const id = context.req.param("id");
    const lease = sandboxes.exec(id, parsedJson(execRequestSchema, body), context.get("gone"));
    const lines = execLines(lease, {
      log,
      metrics,
      fields: { request: context.get("request"), sandbox: id },
    });
    return context.body(leasedStream(lease, lines), 200, { "content-type": "application/x-ndjson" });
  });

  app.get(`${V}/sandboxes/:id/changes`, async (context) => {
    // Nobody would read what is prepared for a HEAD.
    if (context.req.raw.method !== "GET") return wrongMethod("GET");
    await authenticator.small(context.req.raw);
    const lease = await sandboxes.changes(context.req.param("id"), context.get("gone"));
    const tar = untilFailure(writeChanges(lease.work), (error) => {
      if (!lease.signal.aborted)
        log.error({ request: context.get("request"), ...loggedError(error) }, "changes cut short");
    });
    return context.body(leasedStream(lease, tar), 200, { "content-type": "application/x-tar" });
  });

  app.delete(`${V}/sandboxes/:id`, async (context) => {
    await authenticator.small(context.req.raw);
    await sandboxes.destroy(context.req.param("id"));
    return context.body(null, 204);
  });

  app.get("/health", async (context) => {
    const health = await parts.health();
    return context.json(health, health.status === "unhealthy" ? 503 : 200);
  });

  app.get("/metrics", async (context) =>
    context.body(await metrics.text(), 200, { "content-type": metrics.contentType }),
  );

  for (const [path, method] of Object.entries(ENDPOINTS)) {
    app.all(path, () => wrongMethod(method === "GET" ? "GET, HEAD" : method));
  }
  return app;
}

/** Bytes of a whole upload on the wire: contents, up to three blocks of headers for each file, frames around all. */
function boundOf({ totalBytes, files }: ArchiveLimits): number {
  return Math.ceil((totalBytes + files * 2_048 + 4_194_304) * 1.1);
}

/** A tar that stops short says by itself that it does: its last entry is missing. */
async function* untilFailure(
  pieces: AsyncIterable<Uint8Array>,
  report: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* pieces;
  } catch (error) {
    report(error);
  }
}

/** The same signal with an error as its reason: the server's is a string. */
function goneSignal(signal: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const abort = () => gone.abort(new DOMException("The client went away.", "AbortError"));
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  return gone.signal;
}
