/** Puts the service together from its parts: a fetch handler, and a way to end everything. */
import type { HttpBindings } from "@hono/node-server";
import { importSecret } from "../../src/sandbox/sign.ts";
import { createAdmission } from "./admission.ts";
import type { Backend } from "./backend.ts";
import { createApp } from "./http/app.ts";
import { createAuthenticator } from "./http/authenticate.ts";
import { createHealth } from "./http/health.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { createSandboxes } from "./sandboxes.ts";
import type { ServiceSettings } from "./settings.ts";

/** Idle connections are cut after some tens of seconds by what lies between runner and edge. */
const HEARTBEAT_MS = 10_000;

export interface RunnerOptions {
  readonly settings: ServiceSettings;
  readonly backends: readonly Backend[];
  readonly log: Log;
  readonly heartbeatMs?: number;
  /** When this process started, in milliseconds since the epoch: what was signed by then is refused. */
  readonly startedAt: number;
}

export interface Runner {
  fetch(request: Request, bindings?: HttpBindings): Response | Promise<Response>;
  /** Lets nobody in any more, tells who waits, and ends every sandbox and backend. */
  close(): Promise<void>;
}

export async function createRunner(options: RunnerOptions): Promise<Runner> {
  const { settings, backends, log, heartbeatMs, startedAt } = options;
  const admission = createAdmission(settings);
  const metrics = createMetrics(admission);
  const sandboxes = createSandboxes({
    backends,
    admission,
    ttlSeconds: settings.ttlSeconds,
    heartbeatMs: heartbeatMs ?? HEARTBEAT_MS,
    metrics,
    log,
  });
  const key = await importSecret(settings.secret);
  const app = createApp({
    authenticator: createAuthenticator({ key, startedAt, now: Date.now }),
    sandboxes,
    archive: settings.archive,
    health: createHealth(backends, log),
    metrics,
    log,
  });
  return {
    fetch: (request, bindings) => app.fetch(request, bindings),
    async close() {
      await sandboxes.close();
      await Promise.allSettled(backends.map((backend) => backend.close()));
    },
  };
}
