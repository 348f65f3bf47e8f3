import { describe, expect, test } from "vitest";
import { RunnerError } from "../../../sandbox-runner/src/errors.ts";
import { RUNNER_SECRET, uploadTar } from "../../support/sandbox-runner.ts";
import { started } from "./started.ts";

describe("an operator", () => {
  test("is told by /health whether commands run, from a real command, once for all who ask", async () => {
    let checks = 0;
    await using at = await started(
      {},
      {
        around: (backend) => ({
          ...backend,
          check: (signal) => {
            checks += 1;
            return backend.check(signal);
          },
        }),
      },
    );
    const health = async () => {
      const response = await fetch(`${at.runner.url}/health`);
      return [response.status, await response.json()];
    };
    const healthy = { status: "healthy", api_version: 1, providers: { process: { status: "available" } } };
    expect(await Promise.all(Array.from({ length: 5 }, health))).toEqual(Array(5).fill([200, healthy]));
    expect(await health()).toEqual([200, healthy]);
    expect(checks).toBe(1);

    const sayings: unknown[] = [];
    for (const error of [new RunnerError("provider_unavailable", "No engine."), new Error("/secret/path")]) {
      await using bad = await started(
        {},
        { around: (backend) => ({ ...backend, check: () => Promise.reject(error) }) },
      );
      const response = await fetch(`${bad.runner.url}/health`);
      sayings.push(response.status, await response.json());
    }
    const unhealthy = (message: string) => ({
      status: "unhealthy",
      api_version: 1,
      providers: { process: { status: "unavailable", message } },
    });
    expect(sayings).toEqual([503, unhealthy("No engine."), 503, unhealthy("A command could not be run.")]);
  });

  test("can count sandboxes, commands, output and refusals", async () => {
    await using at = await started({ TIMEOUT_SECONDS: "1" });
    const { client, runner } = at;
    const { id } = await client.create("process");
    await client.create("process");
    await client.exec(id, "echo 12345");
    await client.exec(id, "sleep 60");
    await client.destroy(id);
    await expect(client.exec(id, "true")).rejects.toThrow("410");
    await fetch(`${runner.url}/v1/sandboxes`, { method: "POST" });
    const text = await (await fetch(`${runner.url}/metrics`)).text();
    const lines = text.split("\n").filter((line) => /^sandbox_runner_(?!.*_(?:bucket|sum))/.test(line));
    expect(lines.sort()).toEqual([
      'sandbox_runner_command_duration_seconds_count{ending="exited"} 1',
      'sandbox_runner_command_duration_seconds_count{ending="timed_out"} 1',
      "sandbox_runner_output_bytes_total 6",
      'sandbox_runner_requests_refused_total{code="sandbox_lost"} 1',
      'sandbox_runner_requests_refused_total{code="unauthorized"} 1',
      "sandbox_runner_sandboxes_active 1",
      'sandbox_runner_sandboxes_created_total{provider="process"} 2',
      'sandbox_runner_sandboxes_ended_total{provider="process",ending="destroyed"} 1',
      "sandbox_runner_sandboxes_queued 0",
    ]);
    expect(text).toContain("process_resident_memory_bytes ");
  });

  test("finds what happened in the log, and neither secrets nor what commands are or write", async () => {
    await using at = await started();
    const { client, runner } = at;
    const { id } = await client.create("process", { "a.txt": "content-canary" });
    await client.exec(id, "echo output-canary; exit 3");
    await client.destroy(id);
    await fetch(`${runner.url}/v1/sandboxes/${id}/exec`, { method: "POST", body: "body-canary" });
    const twice = uploadTar({ "name-canary": "1", "name-canary*": "2" });
    expect((await client.send("POST", "/v1/sandboxes?provider=process", { body: twice })).status).toBe(400);
    expect(runner.log.map(({ level, message }) => [level, message])).toEqual([
      ["info", "request"],
      ["info", "request"],
      ["info", "command ended"],
      ["info", "sandbox ended"],
      ["info", "request"],
      ["warn", "request refused"],
      ["info", "request"],
      ["info", "sandbox ended"],
      ["warn", "request refused"],
      ["info", "request"],
    ]);
    expect(runner.log[2]).toEqual({
      level: "info",
      time: expect.any(String),
      request: runner.log[1]?.["request"],
      sandbox: id,
      ending: "exited",
      exit_code: 3,
      duration_ms: expect.any(Number),
      truncated: false,
      message: "command ended",
    });
    expect(JSON.stringify(runner.log)).not.toMatch(new RegExp(`canary|echo|${RUNNER_SECRET}`));
  });
});
