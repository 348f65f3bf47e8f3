/** Changes are checked in a sandbox from every host, also by one that is killed in the middle of a command. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Deployment, deploy } from "../support/deployment.ts";
import type { HostName } from "../support/hosts.ts";
import { startProcessRunner } from "../support/run-sandboxes.ts";
import type { StartedRunner } from "../support/sandbox-runner.ts";
import { until } from "../support/until.ts";
import { REPLACE } from "./expected-events.ts";

/** More than one chunk, frame and read, either way. */
const LARGE = `${"some plain words ".repeat(100)}\n`.repeat(1000);

export function sandboxTests(name: HostName): void {
  describe("with a sandbox-runner", () => {
    let runner: StartedRunner;
    let deployment: Deployment;
    beforeAll(async () => {
      runner = await startProcessRunner();
      const env = { SANDBOX_RUNNER_URL: runner.url, SANDBOX_RUNNER_SECRET: runner.secret };
      deployment = await deploy(name, { env });
    });
    afterAll(async () => {
      await deployment?.[Symbol.asyncDispose]();
      await runner?.close();
    });

    const asking = (url: string, test_command: string) => ({
      repoUrl: url,
      prompt: REPLACE,
      use_cloud_sandbox: true,
      sandbox_provider: "process",
      test_command,
    });

    test("a command has the change, its output streams by, and what it changes is part of the change", async () => {
      const files = { "a.txt": "one\n", "large.txt": LARGE, ".gitignore": "*.log\n" };
      const hosted = await deployment.repository({ files });
      const api = deployment.caller();
      const command = "cat a.txt; wc -c < large.txt; sed -i s/^s/S/ large.txt; echo x > x.log";
      const { id } = await api.start(asking(hosted.url, command));
      expect(await api.ended(id)).toMatchObject({ status: "succeeded" });
      const events = await api.events(id);
      const output = events.flatMap((event) => (event.type === "output" ? [event.data] : []));
      expect(output.join("")).toBe(`two\n${LARGE.length}\n`);
      const done = events.at(-1);
      expect(done).toMatchObject({
        verification: { status: "passed", exit_code: 0 },
        changes: [{ path: "a.txt" }, { path: "large.txt", additions: 1000 }],
      });
    });

    test("a host that is killed while a command runs goes on, and its check is run once more", async () => {
      const hosted = await deployment.repository();
      const api = deployment.caller();
      const { id } = await api.start(
        asking(hosted.url, "echo started; test -f b/c.txt; sleep 1; echo ended"),
      );
      await until("the command runs", async () => (await api.soFar(id)).includes("started"));
      await deployment.host.kill();
      await deployment.host.restart();
      expect(await api.ended(id, 60_000)).toMatchObject({ status: "succeeded", attempts: 2 });
      const events = await api.events(id);
      expect(events.at(-1)).toMatchObject({ verification: { status: "passed" } });
      expect(events.filter((event) => event.type === "success" && event.step === "verify")).toHaveLength(1);
      expect(hosted.pullRequests).toHaveLength(1);
    });
  });
}
