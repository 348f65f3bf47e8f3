/** A runner with the process backend, set up as by an environment. */
import { expect } from "vitest";
import type { Backend } from "../../../sandbox-runner/src/backend.ts";
import { createProcessBackend } from "../../../sandbox-runner/src/process/backend.ts";
import type { ServiceSettings } from "../../../sandbox-runner/src/settings.ts";
import {
  type RunnerClient,
  runnerClient,
  runnerSettings,
  type StartedRunner,
  startRunner,
} from "../../support/sandbox-runner.ts";

export interface Started extends AsyncDisposable {
  readonly runner: StartedRunner;
  readonly client: RunnerClient;
}

export interface StartedOptions {
  readonly settings?: Partial<ServiceSettings>;
  readonly heartbeatMs?: number;
  readonly startedAt?: number;
  /** Puts something between the service and the backend. */
  readonly around?: (backend: Backend) => Backend;
}

export async function started(
  environment: Record<string, string> = {},
  { settings, around = (backend) => backend, ...more }: StartedOptions = {},
): Promise<Started> {
  const read = runnerSettings(environment);
  const backend = await createProcessBackend({ ...read.common, unsafe: false, host: "127.0.0.1" });
  const runner = await startRunner({
    backends: [around(backend)],
    settings: { ...read.service, ...settings },
    ...more,
  });
  return { runner, client: runnerClient(runner), [Symbol.asyncDispose]: () => runner.close() };
}

/** The last event of a command, as it is unless `more` says otherwise. */
export function end(more: object = {}) {
  return {
    type: "end",
    ending: "exited",
    exit_code: 0,
    signal: null,
    truncated: false,
    duration_ms: expect.any(Number),
    refused_hosts: [],
    ...more,
  };
}
