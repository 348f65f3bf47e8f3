/** The sandbox-runner as operators run it: a process of its own, set up by its environment. */
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { RUNNER_SECRET } from "./sandbox-runner.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

/** Engine tests run where one is named, and are left out where there is none. */
export const HAS_ENGINE = process.env["DOCKER_HOST"] !== undefined;
export const SANDBOX_IMAGE = process.env["SANDBOX_TEST_IMAGE"] ?? "tiny-backspace-sandbox:test";

export interface RunnerProcess extends ServerProcess, AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly secret: string;
}

const FOLDER = fileURLToPath(new URL("../../sandbox-runner/", import.meta.url));

/** With Docker, on any free port, unless `env` says something else. Throws with its complaints when it does not start. */
export async function startRunnerProcess(env: Readonly<Record<string, string>> = {}): Promise<RunnerProcess> {
  const server = await startServerProcess({
    command: process.execPath,
    args: ["src/serve.ts"],
    cwd: FOLDER,
    env: {
      SANDBOX_RUNNER_SECRET: RUNNER_SECRET,
      PORT: "0",
      DOCKER_HOST: process.env["DOCKER_HOST"] ?? "",
      DOCKER_IMAGE: SANDBOX_IMAGE,
      // A runner removes what others of its name have left.
      RUNNER_NAME: `test-${randomUUID()}`,
      ...env,
    },
    readyOn: "stdout",
    ready: /(http:\/\/127\.0\.0\.1:(\d+))/,
  });
  const [, url = "", port = ""] = server.ready;
  return {
    ...server,
    url,
    port: Number(port),
    secret: env["SANDBOX_RUNNER_SECRET"] ?? RUNNER_SECRET,
    async [Symbol.asyncDispose]() {
      await server.stop();
    },
  };
}
