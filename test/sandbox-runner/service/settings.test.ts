import { describe, expect, test } from "vitest";
import { readSettings, SetUpError } from "../../../sandbox-runner/src/settings.ts";

const SECRET = "s3cret-s3cret-s3cret-s3cret-s3cret";

describe("the runner's settings", () => {
  test("need only a secret", () => {
    const archive = { files: 100_000, fileBytes: 67_108_864, totalBytes: 536_870_912 };
    expect(readSettings({ SANDBOX_RUNNER_SECRET: SECRET, PORT: " ", HOME: "/root" })).toEqual({
      service: {
        secret: SECRET,
        host: "127.0.0.1",
        port: 8787,
        ttlSeconds: 1800,
        maxSandboxes: 8,
        maxQueue: 32,
        queueTimeoutSeconds: 30,
        archive,
      },
      backends: ["docker"],
      common: {
        limits: { timeout_seconds: 300, memory_limit_mb: 1024, cpu_limit: 2, output_bytes: 1_048_576 },
        archive,
        network: "none",
        ttlSeconds: 1800,
        workspaceMb: 512,
        workspaceInodes: 200_000,
        pidsLimit: 256,
        openFilesLimit: 1024,
      },
      docker: { runner: "default", image: "tiny-backspace-sandbox", runtime: undefined, warmPoolSize: 2 },
      network: { allow: [], allowPrivate: [], folder: "/tmp/tiny-backspace-network" },
      aws: { region: undefined, functionName: undefined, endpoint: undefined },
      process: { unsafe: false },
    });
  });

  test("take lists, numbers and flags as people write them", () => {
    const { backends, common, network, docker, process } = readSettings({
      SANDBOX_RUNNER_SECRET: SECRET,
      SANDBOX_BACKENDS: "docker, process ,docker",
      CPU_LIMIT: "0.5",
      NETWORK: "setup",
      NETWORK_ALLOW: "registry.npmjs.org, *.example.org:8443,",
      DOCKER_RUNTIME: "runsc",
      PROCESS_BACKEND_UNSAFE: "Yes",
    });
    expect([
      backends,
      common.limits.cpu_limit,
      common.network,
      network.allow,
      docker.runtime,
      process,
    ]).toEqual([
      ["docker", "process"],
      0.5,
      "setup",
      ["registry.npmjs.org", "*.example.org:8443"],
      "runsc",
      { unsafe: true },
    ]);
  });

  test("keep within one another where they are left out", () => {
    const { common, service } = readSettings({
      SANDBOX_RUNNER_SECRET: SECRET,
      SANDBOX_TTL_SECONDS: "60",
      MEMORY_LIMIT_MB: "64",
    });
    expect([common.limits.timeout_seconds, common.workspaceMb, service.archive.totalBytes]).toEqual([
      60, 32, 33_554_432,
    ]);
  });

  test("are refused with every mistake and its fix, and without the values", () => {
    const read = () =>
      readSettings({
        SANDBOX_RUNNER_SECRET: "short-canary",
        PORT: "canary",
        CPU_LIMIT: "1e3",
        NETWORK: "canary",
        SANDBOX_BACKENDS: "docker,canary",
        WORKSPACE_MB: "0",
        NETWORK_FOLDER: "canary",
        PROCESS_BACKEND_UNSAFE: "canary",
      });
    expect(read).toThrow(
      new SetUpError(
        [
          "The sandbox-runner is not set up: SANDBOX_RUNNER_SECRET needs 32 characters or more; make one with 'openssl rand -hex 32'",
          "PORT must be a whole number from 0 to 65535",
          "SANDBOX_BACKENDS must name some of docker, aws, process",
          "CPU_LIMIT must be a number from 0.1 to 256, such as 2.0",
          "WORKSPACE_MB must be a whole number from 1 to 1048576",
          "NETWORK must be one of none, setup, always",
          "NETWORK_FOLDER must be an absolute path",
          "PROCESS_BACKEND_UNSAFE must be 'true' or 'false'.",
        ].join("; "),
      ),
    );
    expect(() =>
      readSettings({
        SANDBOX_RUNNER_SECRET: SECRET,
        SANDBOX_TTL_SECONDS: "60",
        TIMEOUT_SECONDS: "61",
        MEMORY_LIMIT_MB: "64",
        WORKSPACE_MB: "64",
      }),
    ).toThrow(
      new SetUpError(
        [
          "The sandbox-runner is not set up: TIMEOUT_SECONDS must be at most SANDBOX_TTL_SECONDS, with which a sandbox ends",
          "WORKSPACE_MB must be less than MEMORY_LIMIT_MB, of which docker's workspaces take theirs.",
        ].join("; "),
      ),
    );
    expect(() => readSettings({})).toThrow(
      "The sandbox-runner is not set up: SANDBOX_RUNNER_SECRET is missing; make one with 'openssl rand -hex 32'.",
    );
  });
});
