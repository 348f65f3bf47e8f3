/** Where sandboxes run in end-to-end tests: as processes always, and in containers where there is an engine. */
import { HAS_ENGINE, startBackend } from "../sandbox-runner/docker/support/backend.ts";
import { startProcessRunner } from "./run-sandboxes.ts";
import { type RunnerRelay, startRelay } from "./runner-relay.ts";
import { type StartedRunner, startRunner } from "./sandbox-runner.ts";

export interface SandboxPlace {
  /** The relay's, which leads to the runner. */
  readonly url: string;
  readonly relay: RunnerRelay;
  readonly secret: string;
  /** How many sandboxes there are now. */
  sandboxes(): Promise<number>;
  close(): Promise<void>;
}

type Start = () => Promise<SandboxPlace>;

/** By the provider that requests name. */
export const SANDBOX_PLACES: readonly (readonly [provider: string, start: Start])[] = [
  ["process", startProcesses],
  ...(HAS_ENGINE ? [["docker", startContainers] as const] : []),
];

async function startProcesses(): Promise<SandboxPlace> {
  return await relayed(await startProcessRunner());
}

async function startContainers(): Promise<SandboxPlace> {
  const { backend } = startBackend();
  return await relayed(await startRunner({ backends: [backend] }));
}

async function relayed(runner: StartedRunner): Promise<SandboxPlace> {
  const relay = await startRelay(runner.url);
  return {
    url: relay.url,
    relay,
    secret: runner.secret,
    async sandboxes() {
      const text = await (await fetch(`${runner.url}/metrics`)).text();
      return Number(/^sandbox_runner_sandboxes_active (\d+)$/m.exec(text)?.[1] ?? Number.NaN);
    },
    async close() {
      await relay[Symbol.asyncDispose]();
      await runner.close();
    },
  };
}
