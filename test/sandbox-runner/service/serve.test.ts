import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RUNNER_SECRET, runnerClient } from "../../support/sandbox-runner.ts";
import { type ServerProcess, startServerProcess } from "../../support/server-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { isRunning } from "../is-running.ts";

const root = join(import.meta.dirname, "../../..");

function start(env: Record<string, string>): Promise<ServerProcess> {
  return startServerProcess({
    command: process.execPath,
    args: [join(root, "sandbox-runner/src/serve.ts")],
    cwd: root,
    env: { SANDBOX_RUNNER_SECRET: RUNNER_SECRET, SANDBOX_BACKENDS: "process", PORT: "0", ...env },
    readyOn: "stdout",
    ready: /"url":"(http:[^"]+)"/,
  });
}

const clientOf = (server: ServerProcess) =>
  runnerClient({ url: server.ready[1] ?? "", secret: RUNNER_SECRET });

describe("the runner's process", () => {
  test("ends what runs, tells its callers and leaves nothing behind on SIGTERM", async () => {
    await using tmp = await temporaryFolder();
    const server = await start({ TMPDIR: tmp.path });
    const client = clientOf(server);
    const { id } = await client.create("process");
    const events = [];
    let stopped: Promise<number | null> | undefined;
    for await (const event of client.stream(id, "env; pwd; echo ready; sleep 464646")) {
      events.push(event);
      if (event.type === "output" && event.data.includes("ready")) stopped = server.stop();
    }
    expect(events.at(-1)).toMatchObject({ type: "end", ending: "sandbox_lost" });
    expect(JSON.stringify(events)).not.toContain(RUNNER_SECRET);
    expect(await stopped).toBe(0);
    expect(await readdir(tmp.path)).toEqual([]);
  });

  test("takes its sandboxes along when it is killed, and the next one removes their files", async () => {
    await using tmp = await temporaryFolder();
    const killed = await start({ TMPDIR: tmp.path });
    const client = clientOf(killed);
    const { id } = await client.create("process", { "a.txt": "" });
    const events = client.stream(id, "echo ready; setsid sleep 474747 & sleep 474747");
    await events.next();
    await killed.kill();
    await expect(events.next()).rejects.toThrow("terminated");
    await until("nothing of it runs", async () => !(await isRunning("sleep 474747")));
    const left = await readdir(tmp.path);
    expect(left).toEqual([expect.stringMatching(/^tiny-backspace-process-\d+-/)]);
    const next = await start({ TMPDIR: tmp.path });
    expect(await readdir(tmp.path)).not.toEqual(left);
    expect(await readdir(tmp.path)).toHaveLength(1);
    expect(await next.stop()).toBe(0);
  });

  test("does not start without being set up, and says what to do", async () => {
    await expect(start({ SANDBOX_RUNNER_SECRET: "" })).rejects.toThrow(
      "ended with code 1 before it was ready: The sandbox-runner is not set up: SANDBOX_RUNNER_SECRET is missing; make one with 'openssl rand -hex 32'.\n",
    );
    await expect(start({ HOST: "0.0.0.0" })).rejects.toThrow(
      "The process backend is for a developer's own machine, and HOST is not a loopback address",
    );
    await using taken = await temporaryFolder();
    const server = await start({ TMPDIR: taken.path });
    const { port } = new URL(server.ready[1] ?? "");
    await expect(start({ PORT: port, TMPDIR: taken.path })).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${port} (HOST, PORT): listen EADDRINUSE`,
    );
    expect(await server.stop()).toBe(0);
  });
});
