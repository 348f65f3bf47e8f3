/** A real runner on this machine and the service's own client for it, for tests of what a run does with sandboxes. */
import { createProcessBackend } from "../../sandbox-runner/src/process/backend.ts";
import { createEgress } from "../../src/egress.ts";
import { createRunnerClient, type RunnerClient, type RunnerClientOptions } from "../../src/sandbox/client.ts";
import {
  createRunSandbox,
  type Ran,
  type RunSandbox,
  type RunSandboxOptions,
} from "../../src/sandbox/run-sandbox.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import {
  runnerSettings,
  type StartedRunner,
  type StartRunnerOptions,
  startRunner,
} from "./sandbox-runner.ts";

/** Commands run as confined processes, which need no engine. */
export async function startProcessRunner(
  environment: Record<string, string> = {},
  options: Omit<StartRunnerOptions, "backends" | "settings"> = {},
): Promise<StartedRunner> {
  const settings = runnerSettings(environment);
  const backend = await createProcessBackend({ ...settings.common, unsafe: false, host: "127.0.0.1" });
  return await startRunner({ backends: [backend], settings: settings.service, ...options });
}

export function clientFor(
  runner: Pick<StartedRunner, "url" | "secret">,
  more: Partial<RunnerClientOptions> = {},
): RunnerClient {
  const { url, secret } = runner;
  const fetch = createEgress({ origins: [url] });
  return createRunnerClient({ url, secret, fetch, now: Date.now, userAgent: "test", ...more });
}

/** A run's sandbox on this workspace, with a deadline that never comes. */
export function sandboxFor(
  client: RunnerClient,
  workspace: Workspace,
  more: Partial<RunSandboxOptions> = {},
): RunSandbox {
  return createRunSandbox({
    client,
    provider: "process",
    workspace,
    setupFor: () => undefined,
    holdsSecret: () => false,
    deadline: new AbortController().signal,
    ...more,
  });
}

interface Told extends Ran {
  readonly said: string;
}

/** Runs one command to its end, and what it printed with it. */
export async function run(sandbox: RunSandbox, command: string): Promise<Told> {
  const running = sandbox.execute(command, new AbortController().signal);
  let said = "";
  for (;;) {
    const next = await running.next();
    if (next.done === true) return { ...next.value, said };
    said += next.value.data;
  }
}
