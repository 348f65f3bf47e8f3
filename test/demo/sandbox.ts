/** The sandbox-runner of a demo: a process of its own, and what the Worker has to know to reach it. */
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { runnerHealthSchema } from "../../src/sandbox/wire.ts";
import { startServerProcess } from "../support/server-process.ts";
import type { DemoSandbox } from "./args.ts";

const RUNNER = fileURLToPath(new URL("../../sandbox-runner/src/serve.ts", import.meta.url));
/** What the runner is given of this environment. */
const RUNNER_VARIABLES = ["DOCKER_HOST", "DOCKER_IMAGE", "DOCKER_RUNTIME"];

const HINTS: Readonly<Record<DemoSandbox, string>> = {
  docker:
    " It takes a running engine, and an image: docker build -t tiny-backspace-sandbox sandbox-runner/image",
  process: "",
};

export interface DemoRunner {
  /** For the Worker. */
  readonly variables: Readonly<Record<string, string>>;
  stop(): Promise<unknown>;
}

/** Starts a runner and has it run a command. Throws with what it says is missing. */
export async function startDemoRunner(sandbox: DemoSandbox, signal: AbortSignal): Promise<DemoRunner> {
  const secret = randomBytes(32).toString("hex");
  const given = RUNNER_VARIABLES.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const runner = await startServerProcess({
    command: process.execPath,
    args: [RUNNER],
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: {
      ...Object.fromEntries(given),
      SANDBOX_RUNNER_SECRET: secret,
      SANDBOX_BACKENDS: sandbox,
      PORT: "0",
    },
    readyOn: "stdout",
    ready: /"url":"([^"]+)".*"message":"listening"/,
  });
  try {
    const [, url = ""] = runner.ready;
    const { providers } = runnerHealthSchema.parse(await (await fetch(`${url}/health`, { signal })).json());
    const state = providers[sandbox];
    if (state?.status !== "available") {
      throw new Error(
        `No command can be run in a sandbox: ${state?.message ?? "the runner does not say why."}${HINTS[sandbox]}`,
      );
    }
    return {
      variables: {
        SANDBOX_RUNNER_URL: url,
        SANDBOX_RUNNER_SECRET: secret,
        DEFAULT_SANDBOX_PROVIDER: sandbox,
      },
      stop: runner.stop,
    };
  } catch (error) {
    await runner.stop();
    throw error;
  }
}
