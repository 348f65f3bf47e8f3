/** The HTTP service: routes, and what is true of every answer. */
import { type Context, Hono } from "hono";
import { ServiceError } from "./errors.ts";
import { about, ENDPOINTS } from "./http/about.ts";
import { requireAdminAccess, requireApiAccess } from "./http/access.ts";
import { createCodeRequestParser } from "./http/code-request.ts";
import type { AppDeps } from "./http/deps.ts";
import { errorResponse } from "./http/error-response.ts";
import { canServe, createHealth } from "./http/health.ts";
import { readJsonBody } from "./http/json-body.ts";
import { lingering } from "./http/linger.ts";
import { SSE_HEADERS, sseStream } from "./http/sse.ts";
import { startTimer as realTimer } from "./http/timers.ts";
import { record } from "./run/record.ts";
import type { RunRequest } from "./run/request.ts";

const MAX_BODY_BYTES = 1_048_576;
const BODY_DEADLINE_MS = 15_000;

/** No CORS headers: a web page on another origin can neither send JSON here nor read an answer. */
const SECURITY_HEADERS = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** Builds the service from its parts; it holds no state but the health cache. */
export function createApp(deps: AppDeps): Hono {
  const { settings, config, redactor } = deps;
  const startTimer = deps.startTimer ?? realTimer;
  const parser = createCodeRequestParser({ serverUrl: settings.serverUrl, defaults: config.defaults });
  const health = createHealth({ checks: deps.checks, now: deps.now, startTimer });
  const app = new Hono();

  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.res.headers.set(name, value);
    if (!context.res.headers.has("cache-control")) context.res.headers.set("cache-control", "no-store");
    const upload = context.req.raw.body;
    if (!context.res.ok && upload !== null && !upload.locked) {
      context.res = lingering(context.res, upload, startTimer);
    }
  });

  app.onError((error) => {
    if (!(error instanceof ServiceError)) deps.report?.(error, "request");
    return errorResponse(error, redactor);
  });

  app.notFound((context) => errorResponse(noRoute(context), redactor));

  const readBody = (request: Request) =>
    readJsonBody(request, { maxBytes: MAX_BODY_BYTES, deadlineMs: BODY_DEADLINE_MS, startTimer });

  /** Starts the run on the reader's first pull, and ends it when the reader goes away. */
  const answerWithRun = (http: Request, request: RunRequest): Response => {
    const runId = deps.newRunId();
    const abort = new AbortController();
    const signal = AbortSignal.any([http.signal, abort.signal]);
    const events = record(deps.startRun(request, { signal, runId }), {
      now: deps.now,
      redactor,
      signal,
      onDefect: (error) => deps.report?.(error, `run ${runId}`),
    });
    return new Response(sseStream(events, { abort, startTimer }), {
      headers: { ...SSE_HEADERS, "x-run-id": runId },
    });
  };

  app.post("/code", async (context) => {
    await requireApiAccess(context.req.raw.headers, settings);
    const request = parser.code(await readBody(context.req.raw));
    return answerWithRun(context.req.raw, request);
  });

  app.post("/code/legacy", async (context) => {
    await requireApiAccess(context.req.raw.headers, settings);
    const request = parser.legacy(await readBody(context.req.raw));
    return answerWithRun(context.req.raw, request);
  });

  app.get("/health", async (context) => {
    const report = await health();
    return context.json(report, canServe(report) ? 200 : 503);
  });

  app.get("/", (context) => context.json(about(settings.version, settings.serverUrl, config.defaults())));

  app.post("/config", async (context) => {
    await requireAdminAccess(context.req.raw.headers, settings);
    return context.json(redactor.redact(config.update(await readBody(context.req.raw))));
  });

  for (const path of new Set(ENDPOINTS.map((endpoint) => endpoint.path))) {
    app.all(path, () => {
      const allow = allowedMethods(path);
      const response = errorResponse(
        new ServiceError("method_not_allowed", `${path} takes ${allow.join(" and ")} only.`),
        redactor,
      );
      response.headers.set("allow", allow.join(", "));
      return response;
    });
  }

  return app;
}

function allowedMethods(path: string): readonly string[] {
  return ENDPOINTS.filter((endpoint) => endpoint.path === path).flatMap(({ method }) =>
    method === "GET" ? ["GET", "HEAD"] : [method],
  );
}

function noRoute(context: Context): ServiceError {
  const path = context.req.path.length > 1 ? context.req.path.replace(/\/+$/, "") : context.req.path;
  const near = ENDPOINTS.find((endpoint) => endpoint.path === path);
  const routes = ENDPOINTS.map((endpoint) => `${endpoint.method} ${endpoint.path}`).join(", ");
  return new ServiceError(
    "not_found",
    near === undefined
      ? `There is nothing here; the service has ${routes}.`
      : `There is nothing here; did you mean ${near.method} ${near.path}?`,
  );
}
