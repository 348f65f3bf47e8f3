/** What the seccomp profile refuses, asked by a program that has every other right, and what it must let work. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HAS_ENGINE, type RunnerProcess, startRunnerProcess } from "../../support/runner-process.ts";
import { type RunnerClient, runnerClient } from "../../support/sandbox-runner.ts";
import { ORDINARY } from "./ordinary.ts";
import { probeAsRoot } from "./probe-as-root.ts";

const PROBE = await readFile(new URL("probe.c", import.meta.url), "utf8");

const NO_FAMILY =
  "netlink socket, netfilter socket, packet socket, vsock socket, crypto socket, bluetooth socket, can socket, " +
  "key socket, tipc socket, xdp socket, x25 socket, appletalk socket, family with bits above";
const NO_CALL = "io_uring_setup, io_uring_enter, io_uring_register, clone3";
const WORKS =
  "unix socket, unix socketpair, tcp socket, tcp ipv6 socket, udp socket, pipe, usual personality, plain clone";
const KILLED = "32-bit getpid, x32 getpid";

/** Everything else that the probe tries is not permitted. */
function expectedFor(name: string): string {
  const among = (names: string) => names.split(", ").includes(name);
  if (among(NO_FAMILY)) return "EAFNOSUPPORT";
  if (among(NO_CALL)) return "ENOSYS";
  if (among(WORKS)) return "0";
  return among(KILLED) ? "Bad system call" : "EPERM";
}

/** On arm64 there are a few less. */
const TRIED = 95;
const DEADLINE_MS = 120_000;

const LOOK = `
import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
try { networkInterfaces(); } catch (error) { console.log(error.code); }
const { address } = await lookup("localhost");
console.log(address === "127.0.0.1" || address === "::1" ? "localhost is known" : address);
`;

describe.skipIf(!HAS_ENGINE)("the seccomp profile", () => {
  let runner: RunnerProcess;
  let client: RunnerClient;
  beforeAll(async () => {
    runner = await startRunnerProcess({ WARM_POOL_SIZE: "0" });
    client = runnerClient(runner);
  });
  afterAll(async () => {
    await runner.stop();
  });

  const inSandbox = async (files: Readonly<Record<string, string>>, command: string) => {
    const { id } = await client.create("docker", files);
    try {
      return await client.exec(id, command);
    } finally {
      await client.destroy(id);
    }
  };
  const answers = (output: string) =>
    output
      .trimEnd()
      .split("\n")
      .map((line) => /^(.+?) (Bad system call|\S+)$/.exec(line)?.slice(1) ?? [line, ""]) as [
      string,
      string,
    ][];

  test.concurrent(
    "refuses in a sandbox what builds do not need",
    async () => {
      const { stdout, stderr } = await inSandbox({ "probe.c": PROBE }, "cc -o probe probe.c && ./probe");
      const found = answers(stdout);
      expect(stderr).toBe("");
      expect(found.length).toBeGreaterThan(TRIED);
      expect(found).toEqual(found.map(([name]) => [name, expectedFor(name)]));
    },
    DEADLINE_MS,
  );

  test.concurrent(
    "refuses it by itself: root with capabilities gets no further",
    async () => {
      const found = answers(await probeAsRoot(PROBE));
      expect(found.length).toBeGreaterThan(TRIED);
      expect(found).toEqual(found.map(([name]) => [name, expectedFor(name)]));
    },
    DEADLINE_MS,
  );

  test.concurrent.each(ORDINARY.map((program) => [program.name, program] as const))(
    "lets %s work",
    async (_, { files, command, says }) => {
      const { stdout, stderr, end } = await inSandbox(files, `set -e; ${command}`);
      expect([stdout, end]).toMatchObject([says, { ending: "exited", exit_code: 0 }]);
      expect(stderr).not.toMatch(/not permitted/);
    },
    DEADLINE_MS,
  );

  test.concurrent(
    "fails programs that look for network interfaces in a way they can handle",
    async () => {
      const { stdout } = await inSandbox({ "look.mjs": LOOK }, "node look.mjs");
      expect(stdout).toBe("ERR_SYSTEM_ERROR\nlocalhost is known\n");
    },
    DEADLINE_MS,
  );
});
