import { describe, expect, it } from "vitest";
import { connectEngine } from "../../../sandbox-runner/src/docker/engine.ts";
import { exited, HAS_ENGINE, put, run, startBackend } from "./support/backend.ts";
import { containersOf, none, running, until } from "./support/containers.ts";

describe.skipIf(!HAS_ENGINE)("sandboxes in stock", () => {
  it("are handed out, each once, and replaced", async () => {
    await using backend = startBackend({ warmPoolSize: 2 });
    const { runner } = backend.settings;
    await until(runner, running(2));
    const stocked = (await containersOf(runner)).map(({ Id }) => Id);
    const sandboxes = [await backend.create(), await backend.create(), await backend.create()];
    await until(runner, running(5));
    expect((await containersOf(runner)).map(({ Id }) => Id)).toEqual(expect.arrayContaining(stocked));
    await Promise.all(
      sandboxes.map(async (sandbox, index) => {
        await put(sandbox, { whose: `${index}` });
        expect(await run(sandbox, "cat whose; ls | wc -l")).toEqual({
          stdout: `${index}1\n`,
          stderr: "",
          end: exited(0),
        });
        await sandbox.destroy();
      }),
    );
    await until(runner, (all) => all.length === 2 && running(2)(all));
    await backend[Symbol.asyncDispose]();
    await until(runner, none);
  });

  it("that have ended are replaced, and never handed out", async () => {
    await using backend = startBackend({ warmPoolSize: 1 });
    const { runner } = backend.settings;
    await until(runner, running(1));
    const [first] = await containersOf(runner);
    await connectEngine()
      .getContainer(first?.Id ?? "")
      .kill();
    await until(runner, (all) => running(1)(all) && all.every(({ Id }) => Id !== first?.Id));
    expect((await run(await backend.create(), "echo works")).stdout).toBe("works\n");
  });

  it("may be none", async () => {
    await using backend = startBackend({ warmPoolSize: 0 });
    const sandbox = await backend.create();
    expect(await containersOf(backend.settings.runner)).toHaveLength(1);
    expect((await run(sandbox, "echo works")).stdout).toBe("works\n");
    await sandbox.destroy();
    await until(backend.settings.runner, none);
  });
});
