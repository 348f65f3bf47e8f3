/** The HTTP service around a run that a test scripts. */
import type { Hono } from "hono";
import { createApp } from "../../src/app.ts";
import { configOptions, httpSettings, readSettings, secretsOf } from "../../src/env.ts";
import { createConfigStore } from "../../src/http/config.ts";
import type { AppDeps } from "../../src/http/deps.ts";
import type { HealthChecks } from "../../src/http/health.ts";
import { createRedactor } from "../../src/redact.ts";
import type { RunContext } from "../../src/run/deps.ts";
import type { DoneEvent, RunEvent } from "../../src/run/events.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { type ManualTimers, manualTimers } from "./manual-timers.ts";

export const NOW = Date.UTC(2026, 10, 1, 12, 0, 0);
export const TIME = "2026-11-01T12:00:00.000Z";
export const RUN_ID = "run-for-tests";

export const DONE: DoneEvent = {
  type: "done",
  message: "Nothing to do.",
  status: "no_changes",
  pr_url: null,
  branch: null,
  commit: null,
  changes: [],
  agent: "rule_based",
  usage: { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, turns: 0 },
};

export interface TestApp {
  readonly app: Hono;
  /** Every run that was started. */
  readonly runs: { request: RunRequest; context: RunContext }[];
  readonly timers: ManualTimers;
  /** What the operator's log was told. */
  readonly reports: { error: unknown; where: string }[];
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

export interface TestAppOptions extends Partial<AppDeps> {
  /** Environment variables; anonymous use is on unless they say otherwise. */
  readonly environment?: Record<string, string>;
  readonly run?: (request: RunRequest, context: RunContext) => AsyncGenerator<RunEvent>;
}

export function createTestApp({ environment, run = noRun, ...deps }: TestAppOptions = {}): TestApp {
  const settings = readSettings({ ALLOW_ANONYMOUS: "true", ...environment });
  const timers = manualTimers();
  const runs: TestApp["runs"] = [];
  const reports: TestApp["reports"] = [];
  const app = createApp({
    settings: httpSettings(settings, "1.2.3"),
    config: createConfigStore(configOptions(settings)),
    redactor: createRedactor(secretsOf(settings)),
    checks: allAvailable(),
    now: () => NOW,
    newRunId: () => RUN_ID,
    startTimer: timers.startTimer,
    report: (error, where) => reports.push({ error, where }),
    startRun(request, context) {
      runs.push({ request, context });
      return run(request, context);
    },
    ...deps,
  });
  return {
    app,
    runs,
    timers,
    reports,
    post: async (path, body, headers) =>
      app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
  };
}

export function allAvailable(): HealthChecks {
  const available = async () => "available" as const;
  return {
    git_operations: available,
    coding_agent: available,
    llm_agent: available,
    cloud_sandbox: available,
    openai: available,
    anthropic: available,
    docker: available,
  };
}

async function* noRun(): AsyncGenerator<RunEvent> {
  yield DONE;
}
