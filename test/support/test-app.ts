/** The HTTP service over runs that a test scripts. */
import type { Hono } from "hono";
import { createApp } from "../../src/app.ts";
import { configOptions, httpSettings, readSettings, secretsOf } from "../../src/env.ts";
import { createConfig } from "../../src/http/config.ts";
import type { AppDeps } from "../../src/http/deps.ts";
import type { HealthChecks } from "../../src/http/health.ts";
import { createRedactor } from "../../src/redact.ts";
import type { RunHost } from "../../src/run/host.ts";
import { type ManualTimers, manualTimers } from "./manual-timers.ts";
import { createMemoryHost, type MemoryHost, type MemoryHostOptions } from "./memory-host.ts";

export { DONE } from "./ending.ts";
export { TIME } from "./memory-host.ts";

export const NOW = Date.UTC(2026, 10, 1, 12, 0, 0);

export interface TestApp {
  readonly app: Hono;
  readonly host: MemoryHost;
  /** Every run that was started. */
  readonly runs: MemoryHost["runs"];
  readonly timers: ManualTimers;
  /** What the operator's log was told. */
  readonly reports: { error: unknown; where: string }[];
  /** Every key that was counted, `starts caller:…`. */
  readonly counted: string[];
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Response>;
}

export interface TestAppOptions extends Omit<Partial<AppDeps>, "host">, MemoryHostOptions {
  /** Environment variables; anonymous use is on unless they say otherwise. */
  readonly environment?: Record<string, string>;
  /** Takes the place of parts of the host in memory. */
  readonly host?: Partial<RunHost>;
  /** Limiters have had enough of these keys. */
  readonly exhausted?: (counted: string) => boolean;
}

export function createTestApp({
  environment,
  host: overrides,
  script,
  exhausted = () => false,
  ...deps
}: TestAppOptions = {}): TestApp {
  const settings = readSettings({ ALLOW_ANONYMOUS: "true", ...environment });
  const timers = manualTimers();
  const host = createMemoryHost(script === undefined ? {} : { script });
  const reports: TestApp["reports"] = [];
  const counted: string[] = [];
  const limiter = (name: string) => ({
    async limit({ key }: { readonly key: string }) {
      counted.push(`${name} ${key}`);
      return { success: !exhausted(`${name} ${key}`) };
    },
  });
  const app = createApp({
    settings: httpSettings(settings, "1.2.3"),
    host: { ...host, ...overrides },
    config: createConfig(configOptions(settings)),
    redactor: createRedactor(secretsOf(settings)),
    checks: allAvailable(),
    rateLimit: { starts: limiter("starts"), requests: limiter("requests") },
    clientAddress: (request) => request.headers.get("x-test-address") ?? undefined,
    now: () => NOW,
    startTimer: timers.startTimer,
    report: (error, where) => reports.push({ error, where }),
    ...deps,
  });
  return {
    app,
    host,
    runs: host.runs,
    timers,
    reports,
    counted,
    post: async (path, body, headers) =>
      app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    get: async (path, headers = {}, method = "GET") => app.request(path, { method, headers }),
  };
}

export function allAvailable(): HealthChecks {
  const available = async () => "available" as const;
  return {
    git_operations: available,
    coding_agent: available,
    cloud_sandbox: available,
    openai: available,
    anthropic: available,
    docker: available,
  };
}
