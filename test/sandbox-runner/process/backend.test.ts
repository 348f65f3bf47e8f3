import { readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Backend, BackendSandbox, CommandEnd } from "../../../sandbox-runner/src/backend.ts";
import { createProcessBackend } from "../../../sandbox-runner/src/process/backend.ts";
import { createBareLaunch } from "../../../sandbox-runner/src/process/bare.ts";
import { createSandbox } from "../../../sandbox-runner/src/process/sandbox.ts";
import { runnerSettings } from "../../support/sandbox-runner.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { isRunning } from "../is-running.ts";

const { signal } = new AbortController();
const EXITED: CommandEnd = { ending: "exited", exitCode: 0, signal: null };

interface Sandbox extends AsyncDisposable {
  readonly inner: BackendSandbox;
  run(command: string, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Result>;
}

interface Result extends CommandEnd {
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  inner: BackendSandbox,
  command: string,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<Result> {
  const output = inner.exec(
    { command, timeoutMs: options.timeoutMs ?? 20_000, network: false },
    options.signal ?? signal,
  );
  const said = { stdout: "", stderr: "" };
  let step = await output.next();
  for (; step.done !== true; step = await output.next()) {
    said[step.value.stream] += Buffer.from(step.value.bytes).toString();
  }
  return { ...said, ...step.value };
}

async function confined(environment: Record<string, string> = {}): Promise<Sandbox & { backend: Backend }> {
  const { common } = runnerSettings(environment);
  const backend = await createProcessBackend({ ...common, unsafe: false, host: "127.0.0.1" });
  const inner = await backend.create({ id: "test", expiresAt: Date.now() + 60_000 }, signal);
  return {
    backend,
    inner,
    run: (command, options) => run(inner, command, options),
    [Symbol.asyncDispose]: () => backend.close(),
  };
}

/** As it runs where there is no bubblewrap. */
async function bare(): Promise<Sandbox> {
  const folder = await temporaryFolder();
  const { common } = runnerSettings();
  const launch = createBareLaunch({ memoryMb: 1024, fileBytes: 1_000_000, openFiles: 256, pids: 64 });
  const options = { id: `bare-${process.pid}`, expiresAt: Date.now() + 60_000 };
  const inner = await createSandbox(folder.path, options, launch, common.archive);
  return {
    inner,
    run: (command, options) => run(inner, command, options),
    async [Symbol.asyncDispose]() {
      await inner.destroy();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe.each([
  ["bubblewrap", confined],
  ["plain processes", bare],
])("a command in %s", (_, sandbox) => {
  test("runs in the workspace, with a home of its own, and no input", async () => {
    await using at = await sandbox();
    expect(await at.run('touch "$HOME/kept" here; cat; echo "$CI"; exit 5')).toEqual({
      stdout: "true\n",
      stderr: "",
      ending: "exited",
      exitCode: 5,
      signal: null,
    });
    expect(await at.run('ls; ls "$HOME"')).toEqual({ stdout: "here\nkept\n", stderr: "", ...EXITED });
    expect((await at.inner.changes(() => true, signal)).manifest.added).toEqual(["here"]);
  });

  test("has an environment of its own", async () => {
    await using at = await sandbox();
    process.env["SANDBOX_RUNNER_CANARY"] = "canary";
    const { stdout } = await at.run("env; cat /proc/self/environ");
    delete process.env["SANDBOX_RUNNER_CANARY"];
    expect(stdout).not.toContain("canary");
  });

  test("keeps its two outputs apart, and every byte of them", async () => {
    await using at = await sandbox();
    const { stdout, stderr } = await at.run(
      "head -c 3000000 /dev/zero | tr '\\0' o; head -c 3000000 /dev/zero | tr '\\0' e >&2",
    );
    expect([stdout === "o".repeat(3_000_000), stderr === "e".repeat(3_000_000)]).toEqual([true, true]);
  });

  test("leaves nothing running, however it was started", async () => {
    await using at = await sandbox();
    const result = await at.run(
      "sleep 484848 & setsid sleep 484848 >/dev/null 2>&1 & (setsid sh -c 'trap \"\" TERM HUP; sleep 484848' &) ; echo done",
    );
    expect(result).toEqual({ stdout: "done\n", stderr: "", ...EXITED });
    expect(await isRunning("sleep 484848")).toBe(false);
  });

  test("leaves nothing running that was only about to start when it ended", async () => {
    await using at = await sandbox();
    for (let round = 0; round < 10; round += 1) {
      const chains = "(setsid setsid -f setsid setsid sleep 474747 >/dev/null 2>&1 &);".repeat(12);
      expect(await at.run(chains)).toEqual({ stdout: "", stderr: "", ...EXITED });
      expect(await isRunning("sleep 474747")).toBe(false);
    }
  });

  test("may close its outputs and go on", async () => {
    await using at = await sandbox();
    expect(await at.run("exec >&- 2>&-; sleep 0.1; touch made; exit 3")).toMatchObject({ exitCode: 3 });
    expect((await at.run("ls")).stdout).toBe("made\n");
  });

  test("is ended in time, with all it started, whatever it ignores", async () => {
    await using at = await sandbox();
    const command = "trap '' TERM INT HUP; setsid sleep 494949 & sleep 494949; sleep 494949";
    expect(await at.run(command, { timeoutMs: 300 })).toEqual({
      stdout: "",
      stderr: "",
      ending: "timed_out",
      exitCode: null,
      signal: null,
    });
    expect(await isRunning("sleep 494949")).toBe(false);
    expect(await at.run("echo on")).toEqual({ stdout: "on\n", stderr: "", ...EXITED });
  });

  test("can be ended at any moment, also as it ends by itself", async () => {
    await using at = await sandbox();
    const endings = new Set<string>();
    for (let timeoutMs = 0; timeoutMs < 30; timeoutMs += 1) {
      endings.add((await at.run("true", { timeoutMs })).ending);
      const leaving = new AbortController();
      const left = at.run("exit 0", { signal: leaving.signal });
      setTimeout(() => leaving.abort(), timeoutMs);
      endings.add((await left).ending);
    }
    expect(
      [...endings].filter((ending) => !["exited", "timed_out", "sandbox_lost"].includes(ending)),
    ).toEqual([]);
    expect(await at.run("echo on")).toEqual({ stdout: "on\n", stderr: "", ...EXITED });
  });

  test("ends when whoever asked for it leaves, and when its sandbox is destroyed", async () => {
    await using at = await sandbox();
    const command = { command: "echo here; sleep 505050", timeoutMs: 20_000, network: false };
    for await (const chunk of at.inner.exec(command, signal)) {
      expect(Buffer.from(chunk.bytes).toString()).toBe("here\n");
      break;
    }
    expect(await isRunning("sleep 505050")).toBe(false);
    const running = at.run("sleep 505050");
    await until("it runs", () => isRunning("sleep 505050"));
    await at.inner.destroy();
    expect(await running).toMatchObject({ ending: "sandbox_lost" });
    expect(await isRunning("sleep 505050")).toBe(false);
    await at.inner.ended;
  });

  test("waits while nobody reads what it writes", async () => {
    await using at = await sandbox();
    const command = { command: "yes | head -c 5000000; touch written", timeoutMs: 20_000, network: false };
    const output = at.inner.exec(command, signal);
    await output.next();
    // Another command takes much longer than writing all of it would.
    await using other = await sandbox();
    await other.run("sleep 0.5");
    expect((await at.inner.changes(() => true, signal)).manifest.added).toEqual([]);
    await output.return(EXITED);
  });
});

describe("bubblewrap", () => {
  test("shows nothing of this machine but its programs", async () => {
    await using at = await confined();
    const { stdout } = await at.run("ls -A /; ls -A /home /etc /tmp; ls /proc | grep -c '^[0-9]'");
    expect(stdout.split("\n").filter((name) => !name.startsWith("lib"))).toEqual([
      "bin",
      "dev",
      "etc",
      "home",
      "proc",
      "sbin",
      "tmp",
      "usr",
      "workspace",
      "/etc:",
      "alternatives",
      "ld.so.cache",
      "",
      "/home:",
      "sandbox",
      "",
      "/tmp:",
      "4",
      "",
    ]);
  });

  test("gives no network, no capability, and no way to write elsewhere", async () => {
    await using at = await confined();
    const probe = [
      "grep -E '^(Cap|NoNewPrivs)' /proc/self/status | tr -d '\\t'",
      "cat /proc/net/dev | grep -c :",
      "id -u",
      "for d in /usr /bin /etc/alternatives /proc/sys/kernel; do touch $d/x 2>/dev/null && echo wrote $d; done",
      "mount -t tmpfs x /tmp 2>/dev/null && echo mounted",
      "true",
    ].join("\n");
    expect((await at.run(probe)).stdout.split("\n")).toEqual([
      "CapInh:0000000000000000",
      "CapPrm:0000000000000000",
      "CapEff:0000000000000000",
      "CapBnd:0000000000000000",
      "CapAmb:0000000000000000",
      "NoNewPrivs:1",
      "1",
      "1000",
      "",
    ]);
  });

  test("keeps sandboxes from each other's files and processes", async () => {
    await using one = await confined();
    await using two = await confined();
    await one.run("echo canary >file; echo canary >/tmp/file; echo canary >$HOME/file");
    expect(
      (await two.run("grep -r canary /workspace /tmp /home 2>/dev/null; ls -A /tmp $HOME .")).stdout,
    ).toBe(".:\n\n/home/sandbox:\n\n/tmp:\n");
  });

  test("limits memory, files and descriptors of each process", async () => {
    await using at = await confined({ MEMORY_LIMIT_MB: "64", WORKSPACE_MB: "1", OPEN_FILES_LIMIT: "64" });
    expect(
      await at.run("ulimit -d; ulimit -f; ulimit -n; ulimit -c; head -c 2000000 /dev/zero >big; ls -s big"),
    ).toEqual({
      stdout: "65536\n2048\n64\n0\n1024 big\n",
      stderr: expect.any(String),
      ...EXITED,
    });
    expect(await at.run('python3 -c "x = bytearray(200_000_000)" 2>&1 | tail -n 1')).toMatchObject({
      stdout: "MemoryError\n",
    });
  });
});

describe("the process backend", () => {
  const { common } = runnerSettings();

  test("is refused where others could reach it, and where bubblewrap does not work, unless it is forced", async () => {
    await expect(createProcessBackend({ ...common, unsafe: false, host: "0.0.0.0" })).rejects.toThrow(
      "The process backend is for a developer's own machine, and HOST is not a loopback address: set HOST to 127.0.0.1, or SANDBOX_BACKENDS to docker. (PROCESS_BACKEND_UNSAFE=true goes on all the same.)",
    );
    const { PATH } = process.env;
    await using programs = await temporaryFolder();
    await symlink("/usr/bin/rm", join(programs.path, "rm"));
    process.env["PATH"] = programs.path;
    try {
      await expect(createProcessBackend({ ...common, unsafe: false, host: "::1" })).rejects.toThrow(
        "The process backend needs bubblewrap, and it does not work here (spawn bwrap ENOENT): install it",
      );
      const forced = await createProcessBackend({ ...common, unsafe: true, host: "0.0.0.0" });
      expect(forced.network).toBe("always");
      await forced.close();
    } finally {
      process.env["PATH"] = PATH;
    }
  });

  test("takes everything along when it closes", async () => {
    const at = await confined();
    const running = at.run("mkdir -p a/b && chmod 000 a; sleep 515151");
    await until("it runs", () => isRunning("sleep 515151"));
    await at.backend.close();
    expect(await running).toMatchObject({ ending: "sandbox_lost" });
    expect(await isRunning("sleep 515151")).toBe(false);
    const names = await readdir("/tmp");
    expect(names.filter((name) => name.startsWith(`tiny-backspace-process-${process.pid}-`))).toEqual([]);
  });
});
