/** The Cloudflare entry: reads the environment, picks the implementations, hands requests on. */
import { createRuleAgent } from "./agent/rules/agent.ts";
import { createApp } from "./app.ts";
import { createChecks } from "./checks.ts";
import { createEgress } from "./egress.ts";
import { configOptions, httpSettings, readSettings, secretsOf } from "./env.ts";
import { isAbort, ServiceError } from "./errors.ts";
import { createConfig } from "./http/config.ts";
import { errorResponse } from "./http/error-response.ts";
import { createRedactor } from "./redact.ts";
import type { RunHost } from "./run/host.ts";
import { VERSION } from "./version.ts";

const USER_AGENT = `tiny-backspace/${VERSION}`;
const UNLIMITED = { limit: async () => ({ success: true }) };

/** One for each isolate: the settings of a deployment do not change while it runs. */
let service: Service | undefined;

interface Service {
  fetch(request: Request): Response | Promise<Response>;
}

export default {
  fetch(request: Request, environment: Record<string, unknown>): Response | Promise<Response> {
    try {
      service ??= createService(environment);
    } catch (error) {
      if (error instanceof ServiceError) return errorResponse(error, createRedactor([]), Date.now());
      throw error;
    }
    return service.fetch(request);
  },
};

function createService(environment: Record<string, unknown>): Service {
  const settings = readSettings(environment);
  const { token, apiUrl, serverUrl } = settings.github;
  const redactor = createRedactor(secretsOf(settings));
  const fetch = createEgress({ origins: [apiUrl, serverUrl] });
  const rules = createRuleAgent();
  return createApp({
    settings: httpSettings(settings, VERSION),
    config: createConfig(configOptions(settings)),
    host: noHost(),
    rateLimit: { starts: UNLIMITED, requests: UNLIMITED },
    clientAddress: (request) => request.headers.get("cf-connecting-ip") ?? undefined,
    checks: createChecks({ apiUrl, token, fetch, userAgent: USER_AGENT, rules }),
    redactor,
    now: Date.now,
    report: (error, where) => log(redactor.redact(`${where}: ${describe(error)}`)),
  });
}

/** Stands in until a deployment has a place to keep runs. */
function noHost(): RunHost {
  const refuse = () => Promise.reject(new ServiceError("internal", "This service has no run host."));
  return {
    start: refuse,
    view: refuse,
    events: refuse,
    patch: refuse,
    cancel: refuse,
    continuation: refuse,
    list: refuse,
    readConfig: refuse,
    changeConfig: refuse,
  };
}

/** An abort is how a client's going away shows; it is no defect. */
function describe(error: unknown): string {
  if (isAbort(error)) return "aborted";
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function log(line: string): void {
  // biome-ignore lint/suspicious/noConsole: the platform's log is the operator's only view of defects
  console.error(line);
}
