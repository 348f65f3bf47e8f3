/** Commands on Lambda: the real SDK, AWS's own runtime client and the real function, with only AWS itself replaced. */
import { existsSync, readdirSync } from "node:fs";
import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../../sandbox-runner/src/backend.ts";
import { type LambdaEndpoint, startLambda } from "../../support/lambda/endpoint.ts";
import { FUNCTION_CREDENTIALS, processesOf } from "../../support/lambda/environment.ts";
import { canRunFunction } from "../../support/lambda/function-folder.ts";
import { refusalOf } from "../archive/helpers.ts";
import {
  createTestSandbox,
  lambdaBackend,
  lastEnvironment,
  NEVER,
  setCredentials,
} from "./lambda-sandbox.ts";

describe.skipIf(!canRunFunction)("a sandbox on AWS Lambda", () => {
  let lambda: LambdaEndpoint;
  let backend: Backend;

  beforeAll(async () => {
    setCredentials();
    lambda = await startLambda();
    backend = await lambdaBackend(lambda.url);
  });
  afterAll(async () => {
    await backend?.close();
    await lambda?.[Symbol.asyncDispose]();
  });

  const exited = (exitCode: number, stdout = "", stderr = "") => ({
    ending: "exited",
    exitCode,
    signal: null,
    stdout,
    stderr,
  });

  /** Only the runtime client is left, and no file. */
  const expectNothingLeft = () => {
    const { uid, tmp } = lastEnvironment(lambda);
    expect(processesOf(uid)).toHaveLength(1);
    expect(readdirSync(tmp)).toEqual([]);
  };

  test("a command runs in the uploaded files, and its exit code and both outputs come back", async () => {
    const sandbox = await createTestSandbox(backend);
    await sandbox.put({ "run.sh*": "#!/bin/sh\necho out; echo err >&2; exit 3\n", "a/é\n b": "odd" });
    expect(await sandbox.exec("./run.sh")).toEqual(exited(3, "out\n", "err\n"));
    expect(await sandbox.exec("cat a/*; find . -type f -printf x | wc -c")).toEqual(exited(0, "odd2\n"));
    expect(await sandbox.exec("true")).toEqual(exited(0));
    expectNothingLeft();
  });

  test("output comes while the command still runs", async () => {
    const sandbox = await createTestSandbox(backend);
    const command = `echo ready; until [ -e "$HOME/go" ]; do sleep 0.02; done; echo went`;
    const run = sandbox.inner.exec({ command, timeoutMs: 60_000, network: false }, NEVER);
    const first = await run.next();
    expect(Buffer.from(first.done === true ? [] : first.value.bytes).toString()).toBe("ready\n");
    const { tmp, uid } = lastEnvironment(lambda);
    const go = join(tmp, readdirSync(tmp)[0] ?? "", "home/go");
    await writeFile(go, "");
    await chown(go, uid, uid);
    const second = await run.next();
    expect(Buffer.from(second.done === true ? [] : second.value.bytes).toString()).toBe("went\n");
    expect((await run.next()).value).toEqual({ ending: "exited", exitCode: 0, signal: null });
  });

  test("what commands change is there for the next one, and told apart from the uploads", async () => {
    const sandbox = await createTestSandbox(backend);
    await sandbox.put({ same: "1", changed: "1", deleted: "1", mode: "1", "folder/deep": "1", back: "1" });
    const first =
      "echo 2 >changed; rm deleted back; chmod +x mode; mkdir -p new/er; echo new >new/er/file; echo x >scratch";
    expect(await sandbox.exec(first)).toEqual(exited(0));
    const second = "cat changed new/er/file; ls; test -x mode && rm scratch && printf 1 >back";
    expect(await sandbox.exec(second)).toEqual(
      exited(0, "2\nnew\nchanged\nfolder\nmode\nnew\nsame\nscratch\n"),
    );
    expect(await sandbox.changes()).toEqual({
      added: ["new/er/file"],
      modified: ["changed", "mode"],
      deleted: ["deleted"],
      skipped: [],
      contents: { "new/er/file": "new\n", changed: "2\n", "mode*": "1" },
    });
    expect((await sandbox.changes((path) => !path.startsWith("new/"))).added).toEqual([]);
  });

  test("a later upload replaces what commands made, and counts as what was uploaded", async () => {
    const sandbox = await createTestSandbox(backend);
    await sandbox.put({ a: "1", "b/c": "1", "d/e": "1" });
    await sandbox.exec("echo x >a; rm -r b; echo x >b; echo x >new; rm d/e");
    await sandbox.put({ a: "2", "b/f": "2", new: "2" }, ["d"]);
    expect(await sandbox.exec("cat a b/f new; find . -type f | sort")).toEqual(
      exited(0, "222./a\n./b/f\n./new\n"),
    );
    expect(await sandbox.changes()).toEqual({
      added: [],
      modified: [],
      deleted: ["b/c"],
      skipped: [],
      contents: {},
    });
  });

  test("links, pipes and odd names are reported and not followed", async () => {
    const sandbox = await createTestSandbox(backend);
    await sandbox.put({ file: "1", "folder/inside": "1" });
    const command =
      "ln -s /etc/passwd link; ln -sf /etc/passwd file; mkfifo pipe; touch \"$(printf 'bad\\377')\"; rm -r folder; ln -s / folder; mkdir .git; touch .git/config";
    expect(await sandbox.exec(command)).toEqual(exited(0));
    expect(await sandbox.changes()).toEqual({
      added: [],
      modified: [],
      deleted: ["folder/inside"],
      skipped: [
        { path: "bad\ufffd", reason: "bad_name" },
        { path: "file", reason: "not_a_file" },
        { path: "folder", reason: "not_a_file" },
        { path: "link", reason: "not_a_file" },
        { path: "pipe", reason: "not_a_file" },
      ],
      contents: {},
    });
    expect(await sandbox.exec("ls -A")).toEqual(exited(0));
    expectNothingLeft();
  });

  test("folders and files that a command shut are opened again, whichever right it took", async () => {
    const sandbox = await createTestSandbox(backend);
    await sandbox.put({ "400/sub/up": "1", "600/sub/up": "1" });
    const shut =
      "for mode in 000 400 500 600; do mkdir -p $mode/sub; echo x >$mode/file; echo x >$mode/sub/file; chmod 000 $mode/file; chmod $mode $mode/sub $mode; done; mkdir -p only/folders; echo x >only/folders/file; chmod 400 only .; echo passed";
    expect(await sandbox.exec(shut)).toEqual(exited(0, "passed\n"));
    const files = ["000", "400", "500", "600"].flatMap((mode) => [`${mode}/file`, `${mode}/sub/file`]);
    files.push("only/folders/file");
    const { added, ...rest } = await sandbox.changes();
    expect(new Set(added)).toEqual(new Set(files));
    expect(rest).toEqual({
      modified: [],
      deleted: [],
      skipped: [],
      contents: Object.fromEntries(files.map((path) => [path, "x\n"])),
    });
    expectNothingLeft();
  });

  test("a command that does away with its folder has its own end, and the sandbox cannot go on from there", async () => {
    const sandbox = await createTestSandbox(backend);
    expect(await sandbox.exec("cd ..; mv workspace elsewhere; echo gone; exit 3")).toEqual(
      exited(3, "gone\n"),
    );
    expect(await refusalOf(sandbox.exec("true"))).toBe(
      "internal: The files that the command changed could not be collected.",
    );
  });

  test("a command that a signal ends says which", async () => {
    const sandbox = await createTestSandbox(backend);
    expect(await sandbox.exec("kill -TERM $$")).toMatchObject({
      ending: "signaled",
      exitCode: 143,
      signal: "SIGTERM",
    });
    expect(await sandbox.exec("sh -c 'kill -SEGV $$'")).toMatchObject({
      ending: "signaled",
      exitCode: 139,
      signal: "SIGSEGV",
    });
  });

  test("a command that takes too long is ended with all it started, and what it wrote is kept", async () => {
    const sandbox = await createTestSandbox(backend);
    const command = `trap "" TERM INT HUP; echo kept >file; setsid sh -c 'trap "" TERM; while :; do sleep 1; done' & while :; do :; done`;
    expect(await sandbox.exec(command, 500)).toEqual({
      ending: "timed_out",
      exitCode: null,
      signal: null,
      stdout: "",
      stderr: "",
    });
    expectNothingLeft();
    expect(await sandbox.exec("cat file")).toEqual(exited(0, "kept\n"));
  });

  test.each([
    ["in the background", "sleep 1000 & echo started"],
    ["in a session of its own", "setsid -f sleep 1000; echo started"],
    ["with nothing of its environment left", "setsid -f env -i /bin/sh -c 'exec sleep 1000'; echo started"],
    [
      "from a double fork, with its outputs closed",
      "(setsid sh -c 'exec >&- 2>&- <&-; sleep 1000 & sleep 1000 &' &); echo started",
    ],
    ["stopped", "sleep 1000 & kill -STOP $!; echo started"],
    [
      "that cannot be looked into",
      `python3 -c 'import ctypes,os,time; os.fork() or (os.setsid(), ctypes.CDLL(None).prctl(4, 0), os.close(1), os.close(2), time.sleep(1000))'; echo started`,
    ],
  ])("a process that a command left %s is ended before the answer", async (_, command) => {
    const sandbox = await createTestSandbox(backend);
    expect(await sandbox.exec(command)).toEqual(exited(0, "started\n"));
    expectNothingLeft();
  });

  test("a fork bomb ends with its command, and the next command runs", async () => {
    const sandbox = await createTestSandbox(backend);
    const bomb = "bomb() { bomb | bomb & }; bomb; sleep 1000";
    expect(await sandbox.exec(bomb, 1000)).toMatchObject({ exitCode: null, ending: "timed_out" });
    expect(await sandbox.exec("echo fine")).toEqual(exited(0, "fine\n"));
    expectNothingLeft();
  });

  test("files outside the workspace are gone after the command, whatever their names and rights", async () => {
    const sandbox = await createTestSandbox(backend);
    const command = `cd "$HOME/../.."; mkdir -p shut/deep; touch shut/deep/file "$(printf 'bad\\377name')" ./-rf; chmod 000 shut/deep shut; ln -s /etc link; echo x >"$HOME/.profile"; echo x >"$TMPDIR/x"; ls -A | wc -l`;
    expect(await sandbox.exec(command)).toEqual(exited(0, "5\n"));
    expectNothingLeft();
    expect(existsSync("/etc/passwd")).toBe(true);
    expect(await sandbox.exec('ls -A "$HOME" "$TMPDIR"; test ! -e "$HOME/.profile"')).toMatchObject({
      exitCode: 0,
    });
  });

  test("output past the limit is dropped, with one byte more to show it, and too much of it ends the command", async () => {
    const { limits } = backend;
    const small = await lambdaBackend(lambda.url, { limits: { ...limits, output_bytes: 10_000 } });
    const sandbox = await createTestSandbox(small);
    const some = await sandbox.exec("head -c 600000 /dev/zero; echo x >file");
    expect({ ...some, stdout: some.stdout.length }).toEqual({ ...exited(0), stdout: 10_001 });
    const flood = await sandbox.exec("yes");
    expect({ ...flood, stdout: flood.stdout.length }).toEqual({
      ending: "output_limit",
      exitCode: null,
      signal: null,
      stdout: 10_001,
      stderr: "",
    });
    expectNothingLeft();
    expect(await sandbox.exec("cat file")).toEqual(exited(0, "x\n"));
    await small.close();
  });

  test("commands do not get at the credentials of the function", async () => {
    const sandbox = await createTestSandbox(backend);
    const { stdout, stderr } = await sandbox.exec(
      `env; cat /proc/self/environ /proc/$PPID/environ /proc/[0-9]*/environ /proc/$PPID/maps; ls -l /proc/$PPID/fd /proc/$PPID/exe; head -c 1 /proc/$PPID/mem; tr '\\0' '\\n' </proc/$PPID/cmdline; set`,
    );
    for (const secret of Object.values(FUNCTION_CREDENTIALS)) expect(stdout + stderr).not.toContain(secret);
    expect(stderr).toMatch(/cat: \/proc\/\d+\/environ: Permission denied/);
    expect(stderr).toMatch(/cat: \/proc\/\d+\/maps: Permission denied/);
    const names = await sandbox.exec("env | cut -d= -f1 | sort");
    expect(names.stdout.split("\n").filter((name) => name !== "")).toEqual([
      "CI",
      "HOME",
      "LANG",
      "NPM_CONFIG_UPDATE_NOTIFIER",
      "PATH",
      "PIP_BREAK_SYSTEM_PACKAGES",
      "PIP_DISABLE_PIP_VERSION_CHECK",
      "PWD",
      "PYTHONDONTWRITEBYTECODE",
      "TMPDIR",
    ]);
  });

  test("each sandbox has an environment of its own, which its commands share", async () => {
    const before = lambda.environments.length;
    const requests = lambda.received.length;
    const one = await createTestSandbox(backend);
    const two = await createTestSandbox(backend);
    await one.put({ name: "one" });
    await two.put({ name: "two" });
    expect(await Promise.all([one.exec("cat name; id -u"), two.exec("cat name; id -u")])).toEqual([
      exited(0, expect.stringMatching(/^one\d+\n$/)),
      exited(0, expect.stringMatching(/^two\d+\n$/)),
    ]);
    await one.exec("true");
    await two.exec("true");
    expect(lambda.environments.length - before).toBe(2);
    expect(new Set(lambda.received.slice(requests).map(({ tenant }) => tenant)).size).toBe(2);
  });

  test("the provider's check runs a real command, always in the same environment", async () => {
    const environments = lambda.environments.length;
    const requests = lambda.received.length;
    await backend.check(NEVER);
    await backend.check(NEVER);
    expect(lambda.received.slice(requests).map(({ tenant }) => tenant)).toEqual([
      "health-check",
      "health-check",
    ]);
    expect(lambda.environments.length - environments).toBe(1);
    expect(lambda.received.at(-1)?.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIACANARYOFTHERUNNER\/\d{8}\/eu-central-1\/lambda\/aws4_request, /,
    );
  });
});
