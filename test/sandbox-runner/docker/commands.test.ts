import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BackendSandbox } from "../../../sandbox-runner/src/backend.ts";
import {
  changes,
  exited,
  HAS_ENGINE,
  LOST,
  NOTHING,
  never,
  put,
  type Ran,
  run,
  signaled,
  startBackend,
  type TestBackend,
  TIMED_OUT,
} from "./support/backend.ts";

/** How many processes the commands' user has, with those that look. */
const COUNT = `ls -ln /proc >/tmp/all; awk -v me="$(id -u)" '$3 == me' /tmp/all | wc -l`;
/** What waits to be reaped. */
const ZOMBIES = `cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z '`;

describe.skipIf(!HAS_ENGINE)("a command in a Docker sandbox", () => {
  let backend: TestBackend;
  let sandbox: BackendSandbox;
  /** With nothing else running. */
  let alone: Ran;
  beforeAll(async () => {
    backend = startBackend();
    sandbox = await backend.create();
    await run(sandbox, "true");
    alone = await run(sandbox, COUNT);
  });
  afterAll(async () => {
    await backend[Symbol.asyncDispose]();
  });

  it("ends with its exit code, and its streams told apart", async () => {
    expect(await run(sandbox, "echo out; echo err >&2; exit 7")).toEqual({
      stdout: "out\n",
      stderr: "err\n",
      end: exited(7),
    });
  });

  it("runs as a user without rights, in the workspace, with nothing on its input and a fixed environment", async () => {
    const { stdout } = await run(
      sandbox,
      "[ $(id -u) -ge 20000 ]; echo $?; [ $(id -u) = $(id -g) ]; echo $?; pwd; cat; env | grep -v -e PIP -e NPM | sort",
    );
    expect(stdout.split("\n")).toEqual([
      "0",
      "0",
      "/workspace",
      "CI=true",
      "HOME=/home/sandbox",
      "HOSTNAME=sandbox",
      "LANG=C.UTF-8",
      "OLDPWD=/",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/home/sandbox/.local/bin",
      "PWD=/workspace",
      "PYTHONDONTWRITEBYTECODE=1",
      "",
    ]);
  });

  it("may be a script with quotes, newlines and any characters", async () => {
    const { stdout, end } = await run(sandbox, `cat <<'TEXT'\nit's "a" $HOME \\n \`b\` 🦊\nTEXT\nexit 3\n`);
    expect(Buffer.from(stdout, "latin1").toString()).toBe(`it's "a" $HOME \\n \`b\` 🦊\n`);
    expect(end).toEqual(exited(3));
  });

  it("writes megabytes, and every byte arrives", async () => {
    const { stdout, end } = await run(sandbox, "seq 1 700000");
    const expected = Array.from({ length: 700_000 }, (_, index) => `${index + 1}\n`).join("");
    expect(createHash("sha256").update(stdout).digest("hex")).toBe(
      createHash("sha256").update(expected).digest("hex"),
    );
    expect(end).toEqual(exited(0));
  });

  it("that is not there ends as shells end", async () => {
    expect((await run(sandbox, "no-such-program")).end).toEqual(exited(127));
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGSEGV", 139],
    ["SIGKILL", 137],
  ])("that kills itself with %s is told as that", async (name, code) => {
    expect((await run(sandbox, `kill -${name.slice(3)} $$`)).end).toEqual(signaled(name, code));
  });

  it("that needs more memory than there is ends as out of memory, and the next one runs", async () => {
    const bomb = "head -c 1000000000 /dev/zero | tail -c 900000000 >/dev/null";
    expect((await run(sandbox, bomb)).end).toEqual({ ending: "out_of_memory", exitCode: 137, signal: null });
    expect((await run(sandbox, "kill -KILL $$")).end).toEqual(signaled("SIGKILL", 137));
  });

  it("that goes on for too long is ended, whatever it ignores", async () => {
    const fresh = await backend.create();
    const stubborn = "trap '' TERM INT HUP; while true; do sleep 1 & wait; done";
    expect((await run(fresh, stubborn, { timeoutMs: 200 })).end).toEqual(TIMED_OUT);
    expect(QUIET).toContain(await settled(fresh));
  });

  it("that goes on for too long leaves its sandbox usable, where the engine answers in time", async () => {
    const after: string[] = [];
    // A busy machine may take too long for it, and then the sandbox goes.
    for (let tries = 0; tries < 10 && !after.includes("exited"); tries += 1) {
      const fresh = await backend.create();
      await put(fresh, { file: "still there" });
      await run(fresh, "sleep 1000", { timeoutMs: 100 });
      after.push(await settled(fresh));
      if (after.includes("exited")) expect((await run(fresh, "cat file")).stdout).toBe("still there");
    }
    expect(after).toContain("exited");
  });

  it("leaves nothing running, also not what holds on to its output or left its session", async () => {
    const { end } = await run(sandbox, "sleep 1000 & setsid sleep 1000 & nohup sleep 1000 >/dev/null 2>&1 &");
    expect(end).toEqual(exited(0));
    expect(await run(sandbox, COUNT)).toEqual(alone);
  });

  it("leaves no zombies", async () => {
    const orphans = "for each in $(seq 60); do (setsid true &) ; done; sleep 0.3";
    await run(sandbox, orphans);
    await run(sandbox, orphans);
    expect((await run(sandbox, ZOMBIES)).stdout).toBe("0\n");
  });

  it("cannot end, stop or trace what ends the sandbox in time", async () => {
    const { stdout, stderr } = await run(
      sandbox,
      "for signal in KILL STOP TERM; do kill -$signal 1 2>&1; done; cat /proc/1/mem 2>&1; true",
    );
    expect(stdout.match(/not permitted|Permission denied/g)).toHaveLength(4);
    expect(stderr).toBe("");
  });

  it("cannot lower what makes it the first to be killed for memory below the container's", async () => {
    expect(
      (await run(sandbox, "cat /proc/self/oom_score_adj; echo 0 >/proc/self/oom_score_adj")).stdout,
    ).toBe("1000\n");
  });

  it("cannot replace the programs that look at the workspace", async () => {
    const fresh = await backend.create();
    await put(fresh, { "a.txt": "a" });
    await run(
      fresh,
      "mkdir -p ~/.local/bin; for tool in find tar xargs sha256sum cat head chmod rm; do printf '#!/bin/sh\\nexit 0' >~/.local/bin/$tool; chmod +x ~/.local/bin/$tool; done; echo b >a.txt",
    );
    expect(await changes(fresh)).toEqual({
      manifest: { ...NOTHING, modified: ["a.txt"] },
      files: { "a.txt": "b\n" },
    });
    await fresh.destroy();
  });

  it.each([
    ["kills", "kill -KILL $PPID; exit 0", [signaled("SIGKILL", 137)]],
    ["kills, and whatever else it may", "kill -KILL -1", [signaled("SIGKILL", 137)]],
    ["stops", "kill -STOP $PPID", [TIMED_OUT]],
    // Some engines wait for the output's end, some for two seconds at most.
    [
      "kills, while something holds the output open,",
      "sleep 1000 & kill -KILL $PPID",
      [signaled("SIGKILL", 137), TIMED_OUT],
    ],
  ])("that %s the shell it runs in gets an end", async (_, command, ends) => {
    const fresh = await backend.create();
    expect(ends).toContainEqual((await run(fresh, command, { timeoutMs: 3000 })).end);
    expect(QUIET).toContain(await settled(fresh));
  });

  it("whose reader leaves is ended", async () => {
    const fresh = await backend.create();
    const running = fresh.exec({ command: "yes", timeoutMs: 30_000, network: false }, never());
    expect((await running.next()).done).toBe(false);
    await running.return(LOST);
    expect(QUIET).toContain(await settled(fresh));
  });

  it("whose signal aborts is ended", async () => {
    const fresh = await backend.create();
    const leaving = new AbortController();
    const command = { command: "echo started; sleep 1000", timeoutMs: 30_000, network: false };
    const running = fresh.exec(command, leaving.signal);
    await running.next();
    leaving.abort(new Error("the caller has gone"));
    await expect(running.next()).rejects.toThrow("the caller has gone");
    expect(QUIET).toContain(await settled(fresh));
  });

  it("whose caller has gone before it has a shell never runs", async () => {
    const fresh = await backend.create();
    const gone = AbortSignal.abort(new Error("the caller has gone"));
    await expect(run(fresh, "echo 1 >ran", { signal: gone })).rejects.toThrow("the caller has gone");
    expect(await run(fresh, "ls")).toEqual({ stdout: "", stderr: "", end: exited(0) });
    await fresh.destroy();
  });

  it("whose output nobody reads waits, and can be ended all the same", async () => {
    const fresh = await backend.create();
    const running = fresh.exec({ command: "yes", timeoutMs: 30_000, network: false }, never());
    await running.next();
    await fresh.destroy();
    let step = await running.next();
    while (step.done !== true) step = await running.next();
    expect(step.value).toEqual(LOST);
  });

  it("ends as lost when the sandbox is destroyed under a fork bomb, and later ones are refused", async () => {
    const fresh = await backend.create();
    const command = "echo started; bomb() { bomb | bomb & }; bomb 2>/dev/null & while true; do :; done";
    const running = fresh.exec({ command, timeoutMs: 30_000, network: false }, never());
    await running.next();
    await fresh.destroy();
    expect(await running.next()).toEqual({ done: true, value: LOST });
    await fresh.ended;
    await expect(run(fresh, "true")).rejects.toMatchObject({ code: "sandbox_lost" });
    await expect(put(fresh, { a: "a" })).rejects.toMatchObject({ code: "sandbox_lost" });
    await fresh.destroy();
  });

  it("that bombs with forks is ended in time, and so is all it started", async () => {
    const fresh = await backend.create();
    const bomb = "bomb() { bomb | bomb & }; bomb & while true; do :; done";
    expect((await run(fresh, bomb, { timeoutMs: 500 })).end).toEqual(TIMED_OUT);
    expect(QUIET).toContain(await settled(fresh));
  });
});

/** All that was running has ended, or the sandbox with it. */
const QUIET = ["exited", "sandbox_lost"];

/** How waiting for everything else to end goes: what is killed takes its time, what survived goes on for ever. */
async function settled(sandbox: BackendSandbox): Promise<string> {
  const wait = `until [ "$(${COUNT})" -le 4 ]; do sleep 0.05; done`;
  return await run(sandbox, wait, { timeoutMs: 20_000 }).then(
    ({ end: { ending } }) => ending,
    ({ code }) => code,
  );
}
