import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createBackends } from "../../../sandbox-runner/src/backends.ts";
import { createLog } from "../../../sandbox-runner/src/log.ts";
import { runnerClient, runnerSettings, startRunner } from "../../support/sandbox-runner.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { HAS_ENGINE, TEST_IMAGE } from "../docker/support/backend.ts";
import { startUpstream } from "./support/upstream.ts";

/** A runner as an environment makes it, with names that this machine resolves. */
async function startWith(environment: Record<string, string>) {
  const folder = await temporaryFolder();
  const settings = runnerSettings({
    DOCKER_IMAGE: TEST_IMAGE,
    RUNNER_NAME: `network-runner-${process.pid}`,
    WARM_POOL_SIZE: "0",
    NETWORK_FOLDER: folder.path,
    ...environment,
  });
  const backends = await createBackends(settings, createLog({ write: () => {} }));
  const runner = await startRunner({ backends, settings: settings.service });
  return {
    client: runnerClient(runner),
    folder: join(folder.path, "proxies"),
    [Symbol.asyncDispose]: async () => {
      await runner.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Prints what the hosts say, or that they were not reached, through whatever way out the command has. */
const fetchAll = (targets: readonly string[]) => `python3 - <<'PROGRAM'
import os, socket
for target in ${JSON.stringify(targets)}:
    try:
        proxy = os.environ["https_proxy"].removeprefix("http://").split(":")
        end = socket.create_connection((proxy[0], int(proxy[1])))
        end.sendall(f"CONNECT {target} HTTP/1.1\\r\\n\\r\\n".encode())
        answer = end.makefile().read()
        print("reached" if answer.endswith("\\nreached") else "refused")
    except KeyError: print("no network")
PROGRAM`;

describe.skipIf(!HAS_ENGINE).each(["docker", "process"] as const)(
  "a runner with the %s backend",
  (backend) => {
    test.each([
      ["none", "no network", "no network"],
      ["setup", "reached", "no network"],
      ["always", "reached", "reached"],
    ])("whose NETWORK is %s has %s in setup, and %s in other commands", async (NETWORK, setup, command) => {
      await using upstream = await startUpstream((socket) => socket.end("reached"));
      const target = `localhost:${upstream.port}`;
      await using runner = await startWith({
        SANDBOX_BACKENDS: backend,
        NETWORK,
        NETWORK_ALLOW: target,
        NETWORK_ALLOW_PRIVATE: target,
      });
      const sandbox = await runner.client.create(backend);
      const outcomes = [];
      for (const phase of ["setup", "command", "setup"] as const) {
        const { stdout, end } = await runner.client.exec(sandbox.id, {
          command: fetchAll([target, "evil.test:443"]),
          phase,
        });
        outcomes.push([stdout.trim().split("\n"), end.type === "end" && end.refused_hosts]);
      }
      const expected = (outcome: string) =>
        outcome === "reached"
          ? [["reached", "refused"], ["evil.test:443"]]
          : [["no network", "no network"], []];
      expect(sandbox.network).toBe(NETWORK);
      expect(outcomes).toEqual([setup, command, setup].map(expected));
      await runner.client.destroy(sandbox.id);
      expect(await readdir(runner.folder).catch(() => [])).toEqual([]);
    });

    test("that is told to let a host through which is none does not start", async () => {
      const environment = {
        SANDBOX_BACKENDS: backend,
        NETWORK: "setup",
        NETWORK_ALLOW: "https://registry.test/",
      };
      await expect(startWith(environment)).rejects.toThrow(
        'The allow-list entry "https://registry.test/" is not one',
      );
    });
  },
);

describe.skipIf(!HAS_ENGINE)("a runner with a stock of sandboxes", () => {
  test("gives each a way out of its own, and takes it away with it", async () => {
    await using upstream = await startUpstream((socket) => socket.end("reached"));
    const target = `localhost:${upstream.port}`;
    await using runner = await startWith({
      NETWORK: "setup",
      NETWORK_ALLOW: target,
      NETWORK_ALLOW_PRIVATE: target,
      WARM_POOL_SIZE: "1",
    });
    const folders = (count: number) =>
      until(`${count} folders`, async () => (await readdir(runner.folder)).length === count);
    await folders(1);
    for (let round = 0; round < 3; round += 1) {
      const sandbox = await runner.client.create("docker");
      await folders(2);
      const { stdout } = await runner.client.exec(sandbox.id, {
        command: fetchAll([target]),
        phase: "setup",
      });
      expect(stdout).toBe("reached\n");
      await runner.client.destroy(sandbox.id);
      await folders(1);
    }
  });
});
