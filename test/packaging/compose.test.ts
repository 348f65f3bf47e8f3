/** `docker compose up`: the images build from a clean copy, and the service reaches a runner that runs commands. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const { DOCKER_HOST = "", SANDBOX_TEST_IMAGE = "", NODE_EXTRA_CA_CERTS } = process.env;
const PROJECT = `packaging-${process.pid}`;

/** What the Dockerfiles start from, made of the sandbox's image: it has Node and npm. */
async function makeNodeImage(folder: string): Promise<void> {
  const [, name = ""] = /^FROM (\S+) AS/m.exec(await readFile(join(ROOT, "Dockerfile"), "utf8")) ?? [];
  const lines = [`FROM ${SANDBOX_TEST_IMAGE}`, "USER 0:0", "RUN useradd --create-home node"];
  if (NODE_EXTRA_CA_CERTS !== undefined) {
    await copyFile(NODE_EXTRA_CA_CERTS, join(folder, "ca.crt"));
    lines.push("COPY ca.crt /etc/ssl/ca.crt", "ENV NODE_EXTRA_CA_CERTS=/etc/ssl/ca.crt");
  }
  await writeFile(join(folder, "Dockerfile"), lines.join("\n"));
  await run("docker", ["build", "--network", "none", "--tag", name, folder], { env: environment() });
}

function environment(variables: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { ...process.env, DOCKER_BUILDKIT: "0", COMPOSE_DOCKER_CLI_BUILD: "0", ...variables };
}

test.skipIf(DOCKER_HOST === "")(
  "service and runner start with one command, a command runs in a sandbox, and still does when the runner has died",
  { timeout: 300_000 },
  async () => {
    await using folder = await temporaryFolder();
    await using sockets = await temporaryFolder();
    await makeNodeImage(folder.path);
    await run("docker", ["tag", SANDBOX_TEST_IMAGE, "tiny-backspace-sandbox"], { env: environment() });
    const project = join(folder.path, "project");
    for (const path of [
      "compose.yaml",
      "Dockerfile",
      ".dockerignore",
      "package.json",
      "package-lock.json",
      "src",
      "sandbox-runner",
    ])
      await cp(join(ROOT, path), join(project, path), {
        recursive: true,
        filter: (source) => !source.includes("node_modules"),
      });
    // Builds get packages over this machine's network, and the port is a free one.
    const composed = (await readFile(join(project, "compose.yaml"), "utf8")).replace(":8000:8000", "::8000");
    await writeFile(join(project, "compose.yaml"), composed);
    const host = { build: { network: "host" } };
    await writeFile(
      join(project, "override.json"),
      JSON.stringify({ services: { "sandbox-runner": host, service: host } }),
    );
    const compose = (...args: string[]) =>
      run("docker-compose", ["-p", PROJECT, "-f", "compose.yaml", "-f", "override.json", ...args], {
        cwd: project,
        env: environment({
          SANDBOX_RUNNER_SECRET: randomBytes(32).toString("hex"),
          DOCKER_SOCKET: DOCKER_HOST.replace("unix://", ""),
          NETWORK: "setup",
          NETWORK_ALLOW: "registry.example",
          NETWORK_FOLDER: sockets.path,
        }),
      });
    try {
      await compose("build", "sandbox-runner", "service");
      await compose("up", "-d");
      const { stdout: address } = await compose("port", "network", "8000");
      const components = () =>
        until(
          "Docker is available to the service",
          async () => {
            const answer = await fetch(`http://${address.trim()}/health`).catch(() => undefined);
            const report = (await answer?.json()) as { components?: Record<string, string> } | undefined;
            return report?.components?.["docker"] === "available" ? report.components : undefined;
          },
          60_000,
        );
      expect(await components()).toMatchObject({ coding_agent: "available", cloud_sandbox: "available" });
      expect((await compose("exec", "-T", "sandbox-runner", "printenv", "NETWORK_ALLOW")).stdout).toBe(
        "registry.example\n",
      );
      const { stdout: id } = await compose("ps", "-q", "sandbox-runner");
      // Every process but the first, which ends when the runner does, and the shell itself.
      await compose("exec", "-T", "sandbox-runner", "sh", "-c", "kill -9 -1");
      await until("the runner is started again", async () => {
        const format = "{{.RestartCount}} {{.State.Running}}";
        const { stdout } = await run("docker", ["inspect", "--format", format, id.trim()], {
          env: environment(),
        });
        return stdout.trim() === "1 true" ? true : undefined;
      });
      expect(await components()).toMatchObject({ cloud_sandbox: "available" });
    } finally {
      await compose("down", "--volumes", "--timeout", "5");
    }
  },
);
