import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { containerOptions } from "../../../sandbox-runner/src/docker/container.ts";
import { connectEngine } from "../../../sandbox-runner/src/docker/engine.ts";
import { HAS_ENGINE, startBackend, testSettings } from "./support/backend.ts";
import { containersOf, none, running, until } from "./support/containers.ts";

const HOLDER = fileURLToPath(new URL("support/holder.ts", import.meta.url));

/** A runner in a process of its own, with a sandbox in which a command runs, and the id of its container. */
async function startHolder(
  runner: string,
  lifetimeMs: number,
  poolSize: number,
): Promise<{ holder: ChildProcess; taken: string }> {
  const child = spawn(process.execPath, [HOLDER, runner, String(lifetimeMs), String(poolSize)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(child.stdout, "data");
  return { holder: child, taken: String(said).trim() };
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

/** What a runner was about to start when it was killed goes with the next one of that name. */
async function sweep(runner: string): Promise<void> {
  await using _backend = startBackend({ runner });
  await until(runner, none);
}

describe.skipIf(!HAS_ENGINE)("a sandbox's life", () => {
  it("ends in time though nobody destroys it, whether it was in stock or not", async () => {
    for (const warmPoolSize of [0, 1]) {
      await using backend = startBackend({ warmPoolSize });
      const { runner } = backend.settings;
      await until(runner, running(warmPoolSize));
      const sandbox = await backend.create(1500);
      await sandbox.ended;
      await until(runner, running(warmPoolSize));
      await backend[Symbol.asyncDispose]();
      await until(runner, none);
    }
  });

  it.each([0, 1])("ends in time though its runner has stopped, with %s in stock", async (poolSize) => {
    const runner = `docker-tests-${randomUUID()}`;
    const { holder, taken } = await startHolder(runner, 4000, poolSize);
    expect((await containersOf(runner)).map(({ Id }) => Id)).toContain(taken);
    holder.kill("SIGSTOP");
    // What is in stock may live on: nobody has been told that it is somebody's.
    await until(runner, (all) => all.every(({ Id }) => Id !== taken));
    await end(holder);
    await sweep(runner);
  });

  it("ends with its runner, however that ends, and so does what is in stock", async () => {
    const runner = `docker-tests-${randomUUID()}`;
    const { holder } = await startHolder(runner, 300_000, 2);
    await end(holder);
    await until(runner, running(0));
    await sweep(runner);
  });
});

describe.skipIf(!HAS_ENGINE)("the reaper", () => {
  const docker = connectEngine();

  /** A container that nobody holds, as crashes leave them. */
  async function abandon(
    runner: string,
    { deadline, start, autoRemove = true }: { deadline: number; start: boolean; autoRemove?: boolean },
  ): Promise<string> {
    const settings = testSettings({ runner });
    const options = containerOptions(settings, {
      instance: "gone",
      uid: 20_000,
      deadline,
      proxyFolder: undefined,
    });
    const container = await docker.createContainer({
      ...options,
      // Reads nothing that could end, so it lives on.
      ...(start ? { Entrypoint: ["/bin/sleep", "1000"] } : {}),
      HostConfig: { ...options.HostConfig, AutoRemove: autoRemove },
    });
    if (start) await container.start();
    return container.id;
  }

  it("removes at the start what the runner of the same name left, in whatever state", async () => {
    const runner = `docker-tests-${randomUUID()}`;
    const deadline = Date.now() + 300_000;
    await abandon(runner, { deadline, start: true });
    await abandon(runner, { deadline, start: false });
    const exited = await abandon(runner, { deadline, start: true, autoRemove: false });
    await docker.getContainer(exited).kill();
    await docker.getContainer(exited).wait();
    expect(await containersOf(runner)).toHaveLength(3);
    await using _backend = startBackend({ runner });
    await until(runner, none);
  });

  it("removes what is past its deadline or has ended, whoever started it, and leaves alone what lives", async () => {
    const other = `docker-tests-${randomUUID()}`;
    const lives = await abandon(other, { deadline: Date.now() + 300_000, start: true });
    await abandon(other, { deadline: Date.now() - 10_000, start: true });
    await abandon(other, { deadline: Date.now() - 10_000, start: false });
    const exited = await abandon(other, { deadline: Date.now() + 300_000, start: true, autoRemove: false });
    await docker.getContainer(exited).kill();
    await docker.getContainer(exited).wait();
    await using _backend = startBackend();
    await until(other, (all) => all.length === 1);
    expect((await containersOf(other)).map(({ Id, State }) => ({ Id, State }))).toEqual([
      { Id: lives, State: "running" },
    ]);
    await docker.getContainer(lives).remove({ force: true });
  });
});
