import Docker from "dockerode";
import { describe, expect, it } from "vitest";
import { changes, HAS_ENGINE, LOST, never, put, run, startBackend } from "./support/backend.ts";
import { none, running, until } from "./support/containers.ts";
import { startRelay } from "./support/relay.ts";

describe.skipIf(!HAS_ENGINE)("when the engine goes away", () => {
  it("commands end as lost, containers end by themselves, and all works again when it is back", async () => {
    await using relay = await startRelay();
    const docker = new Docker({ protocol: "http", host: "127.0.0.1", port: relay.port });
    await using backend = startBackend({ warmPoolSize: 1 }, docker);
    const { runner } = backend.settings;
    await until(runner, running(1));
    const sandbox = await backend.create();
    await put(sandbox, { a: "a" });
    const command = { command: "echo started; sleep 1000", timeoutMs: 30_000, network: false };
    const started = sandbox.exec(command, never());
    await started.next();

    relay.leave();
    expect(await started.next()).toEqual({ done: true, value: LOST });
    await sandbox.ended;
    await expect(run(sandbox, "true")).rejects.toMatchObject({ code: "sandbox_lost" });
    await expect(changes(sandbox)).rejects.toMatchObject({ code: "sandbox_lost" });
    await sandbox.destroy().catch(() => {});
    await expect(backend.create()).rejects.toMatchObject({ code: "provider_unavailable" });
    await expect(backend.backend.check(never())).rejects.toMatchObject({ code: "provider_unavailable" });
    await until(runner, none);

    relay.comeBack();
    await until(runner, running(1));
    expect((await run(await backend.create(), "echo works")).stdout).toBe("works\n");
    await backend.backend.check(never());
  });

  it("callers who leave do not wait for it", async () => {
    await using relay = await startRelay();
    const docker = new Docker({ protocol: "http", host: "127.0.0.1", port: relay.port });
    await using backend = startBackend({}, docker);
    relay.hang();
    const leaving = new AbortController();
    const creating = backend.backend.create({ id: "any", expiresAt: Date.now() + 60_000 }, leaving.signal);
    leaving.abort(new Error("the caller has gone"));
    await expect(creating).rejects.toThrow("the caller has gone");
  });
});
