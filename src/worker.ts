/** The Cloudflare entry: reads the environment, picks the implementations, exports the Durable Objects. */
import { createApp } from "./app.ts";
import { configOptions, httpSettings, readSettings, type Settings } from "./env.ts";
import { ServiceError } from "./errors.ts";
import { createConfig } from "./http/config.ts";
import { errorResponse } from "./http/error-response.ts";
import type { RateLimiter } from "./http/rate-limit.ts";
import { startTimer } from "./http/timers.ts";
import { createRedactor } from "./redact.ts";
import { createDirectoryObject } from "./run/cloudflare/directory-object.ts";
import { createCloudflareHost, directoryOf, type RunBindings } from "./run/cloudflare/host.ts";
import { createRunObject } from "./run/cloudflare/run-object.ts";
import { createService, type Service } from "./service.ts";
import { VERSION } from "./version.ts";

/** Bindings, and the variables and secrets that readSettings knows. */
interface Environment extends RunBindings {
  readonly START_LIMIT?: RateLimiter;
  readonly REQUEST_LIMIT?: RateLimiter;
}

interface App {
  fetch(request: Request): Response | Promise<Response>;
}

/** One for each isolate: the settings of a deployment do not change while it runs. */
let parts: { readonly settings: Settings; readonly service: Service } | undefined;
let app: App | undefined;

export default {
  fetch(request: Request, environment: Environment): Response | Promise<Response> {
    try {
      app ??= appFor(environment);
    } catch (error) {
      if (error instanceof ServiceError) return errorResponse(error, createRedactor([]), Date.now());
      throw error;
    }
    return app.fetch(request);
  },
};

export class RunObject extends createRunObject((environment: Environment) => {
  const { storyFor, frames, limits, report } = partsFor(environment).service;
  return {
    storyFor,
    frames,
    report,
    startTimer,
    now: Date.now,
    retentionMs: limits.retentionMs,
    tellStarted: (id) => directoryOf(environment).started(id),
    tellEnded: (ended) => directoryOf(environment).ended(ended),
    tellExpired: (id) => directoryOf(environment).forget(id),
  };
}) {}

export class DirectoryObject extends createDirectoryObject(
  (environment: Environment) => partsFor(environment).service.limits,
) {}

function partsFor(environment: Environment) {
  if (parts === undefined) {
    const settings = readSettings({ ...environment });
    parts = { settings, service: createService(settings, log) };
  }
  return parts;
}

function appFor(environment: Environment): App {
  const { settings, service } = partsFor(environment);
  const { redactor, redact, checks, report } = service;
  return createApp({
    settings: httpSettings(settings, VERSION),
    host: createCloudflareHost(environment, { redact, now: Date.now }),
    config: createConfig(configOptions(settings)),
    checks,
    rateLimit: {
      starts: environment.START_LIMIT ?? UNLIMITED,
      requests: environment.REQUEST_LIMIT ?? UNLIMITED,
    },
    clientAddress: (request) => request.headers.get("cf-connecting-ip") ?? undefined,
    redactor,
    now: Date.now,
    report,
  });
}

/** Without the binding (wrangler.toml has it) nothing is counted. */
const UNLIMITED: RateLimiter = { limit: async () => ({ success: true }) };

function log(line: string): void {
  // biome-ignore lint/suspicious/noConsole: the platform's log is the operator's only view of defects
  console.error(line);
}
