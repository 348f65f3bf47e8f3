/** The HTTP service: routes, and what is true of every answer. */
import { Hono } from "hono";
import { ServiceError } from "./errors.ts";
import { about } from "./http/about.ts";
import { createGate } from "./http/admit.ts";
import { addConfigRoutes } from "./http/config-routes.ts";
import { allowOrigins } from "./http/cors.ts";
import type { AppDeps } from "./http/deps.ts";
import { allowedMethods, noRoute, PATHS, wrongMethod } from "./http/endpoints.ts";
import { errorResponse } from "./http/error-response.ts";
import { canServe, createHealth } from "./http/health.ts";
import { readJsonBody } from "./http/json-body.ts";
import { lingering } from "./http/linger.ts";
import { addRunRoutes } from "./http/run-routes.ts";
import { startTimer as realTimer } from "./http/timers.ts";
import type { RuntimeConfig } from "./run/runtime-config.ts";

const MAX_BODY_BYTES = 1_048_576;
const BODY_DEADLINE_MS = 15_000;

const SECURITY_HEADERS = {
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** Builds the service from its parts; it holds no state but the health cache. */
export function createApp(deps: AppDeps): Hono {
  const { settings, host, config, redactor } = deps;
  const startTimer = deps.startTimer ?? realTimer;
  const health = createHealth({
    checks: deps.checks,
    readConfig: () => host.readConfig(),
    now: deps.now,
    startTimer,
  });
  const gate = createGate(deps);
  const open = settings.corsOrigins.length > 0;
  const refuse = (error: unknown) => errorResponse(error, redactor, deps.now());
  const app = new Hono();

  app.use(async (context, next) => {
    await next();
    const { headers } = context.res;
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) headers.set(name, value);
    headers.set("cross-origin-resource-policy", open ? "cross-origin" : "same-origin");
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    const upload = context.req.raw.body;
    if (!context.res.ok && upload !== null && !upload.locked) {
      context.res = lingering(context.res, upload, startTimer);
    }
  });

  if (open) app.use(allowOrigins(settings.corsOrigins));

  app.onError((error) => {
    if (!(error instanceof ServiceError)) deps.report?.(error, "request");
    return refuse(error);
  });

  app.notFound((context) => refuse(noRoute(context.req.path)));

  const readBody = (request: Request) =>
    readJsonBody(request, { maxBytes: MAX_BODY_BYTES, deadlineMs: BODY_DEADLINE_MS, startTimer });

  addRunRoutes(app, deps, readBody);
  addConfigRoutes(app, deps, readBody);

  app.get("/health", async (context) => {
    const report = await health();
    return context.json(report, canServe(report) ? 200 : 503);
  });

  /** The front page stays up when the run host does not answer; then it shows the environment's defaults. */
  const readConfig = async (): Promise<RuntimeConfig> => {
    try {
      return await host.readConfig();
    } catch (error) {
      deps.report?.(error, "GET /");
      return {};
    }
  };

  app.get("/", async (context) => {
    await gate.visitor(context.req.raw);
    const defaults = config.defaults(await readConfig());
    return context.json(redactor.redact(about(settings.version, settings.serverUrl, defaults)));
  });

  for (const path of PATHS) {
    app.all(path, () => {
      const response = refuse(wrongMethod(path));
      response.headers.set("allow", allowedMethods(path).join(", "));
      return response;
    });
  }

  return app;
}
