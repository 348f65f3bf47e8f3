/** The whole way of a command on Lambda: the runner's API, signed, down to the real function and back. */
import { describe, expect, test } from "vitest";
import { createBackends } from "../../../sandbox-runner/src/backends.ts";
import { createLog } from "../../../sandbox-runner/src/log.ts";
import { runnerHealthSchema } from "../../../src/sandbox/wire.ts";
import { startLambda } from "../../support/lambda/endpoint.ts";
import { canRunFunction } from "../../support/lambda/function-folder.ts";
import { runnerClient, runnerSettings, startRunner } from "../../support/sandbox-runner.ts";
import { setCredentials } from "./lambda-sandbox.ts";

describe.skipIf(!canRunFunction)("the runner with AWS Lambda", () => {
  test("serves sandboxes, and says what Lambda says", async () => {
    setCredentials();
    await using lambda = await startLambda();
    const settings = runnerSettings({
      SANDBOX_BACKENDS: "aws",
      AWS_REGION: "eu-central-1",
      LAMBDA_FUNCTION: "sandbox",
      LAMBDA_ENDPOINT: lambda.url,
      TIMEOUT_SECONDS: "3600",
      OUTPUT_LIMIT_BYTES: "1024",
    });
    const backends = await createBackends(settings, createLog({ write: () => {} }));
    await using runner = await startRunner({ backends });
    const client = runnerClient(runner);

    const { status, providers } = runnerHealthSchema.parse(
      await (await fetch(`${runner.url}/health`)).json(),
    );
    expect({ status, providers }).toEqual({ status: "healthy", providers: { aws: { status: "available" } } });

    const sandbox = await client.create("aws", {
      ".gitignore": "ignored\n",
      "test.sh": "grep -q fixed source || { echo broken; exit 1; }\n",
      source: "wrong\n",
    });
    expect(sandbox).toMatchObject({
      provider: "aws",
      network: "none",
      limits: { timeout_seconds: 840, output_bytes: 1024 },
    });
    const { id } = sandbox;
    expect(await client.exec(id, "sh test.sh")).toMatchObject({
      stdout: "broken\n",
      end: { ending: "exited", exit_code: 1, truncated: false, refused_hosts: [] },
    });
    await client.put(id, { source: "fixed\n" });
    expect(await client.exec(id, "sh test.sh && echo new >new && echo x >ignored")).toMatchObject({
      stdout: "",
      end: { ending: "exited", exit_code: 0 },
    });
    expect(await client.changes(id)).toEqual({
      added: ["new"],
      modified: [],
      deleted: [],
      skipped: [],
      contents: { new: "new\n" },
    });
    expect(await client.exec(id, "head -c 5000 /dev/zero | tr '\\0' x")).toMatchObject({
      stdout: "x".repeat(1024),
      end: { exit_code: 0, truncated: true },
    });
    expect(await client.exec(id, { command: "sleep 1000", timeout_seconds: 1 })).toMatchObject({
      end: { ending: "timed_out", exit_code: null },
    });

    lambda.refuse({ status: 429, type: "TooManyRequestsException" });
    expect((await client.exec(id, { command: "true", timeout_seconds: 1 })).end).toEqual({
      type: "error",
      code: "at_capacity",
      message: "AWS Lambda runs as many commands as it may; try again.",
    });
    await client.destroy(id);
    await expect(client.exec(id, "true")).rejects.toThrow(/^410 .*The sandbox was destroyed\./);
    expect(JSON.stringify(runner.log)).not.toContain("canary-secret");
  });
});
