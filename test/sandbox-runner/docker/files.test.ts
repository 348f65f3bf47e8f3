import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { BackendSandbox } from "../../../sandbox-runner/src/backend.ts";
import {
  changes,
  exited,
  type Files,
  HAS_ENGINE,
  NOTHING,
  never,
  put,
  run,
  startBackend,
  type TestBackend,
} from "./support/backend.ts";

const MB = 1024 * 1024;

describe.skipIf(!HAS_ENGINE)("files in a Docker sandbox", () => {
  let backend: TestBackend;
  let sandbox: BackendSandbox;
  beforeAll(() => {
    backend = startBackend({ warmPoolSize: 2 });
  });
  afterAll(async () => {
    await backend[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    sandbox = await backend.create();
    return async () => await sandbox.destroy();
  });

  it("arrive as they were sent, and are no changes", async () => {
    const long = `${"folder-with-a-name/".repeat(12)}file`;
    await put(sandbox, {
      "a.txt": "a",
      "bin/run*": "#!/bin/sh\necho ran",
      [long]: "deep",
      "é\n": "",
      "-": "dash",
    });
    const uid = (await run(sandbox, "id -u")).stdout.trim();
    const { stdout } = await run(
      sandbox,
      `cat a.txt ./-; bin/run; cat ${long}; stat -c '%a %u' a.txt bin/run; id -u; ls | wc -l`,
    );
    expect(stdout).toBe(`adashran\ndeep644 ${uid}\n755 ${uid}\n${uid}\n6\n`);
    expect(await changes(sandbox)).toEqual({ manifest: NOTHING, files: {} });
  });

  it("are told apart as added, modified and deleted, whatever their names are", async () => {
    await put(sandbox, { keep: "1", edit: "1", "mode*": "1", gone: "1", "line\nbreak": "1", "-": "1" });
    await run(
      sandbox,
      `echo 2 >edit; chmod -x mode; rm gone; echo 2 >'line\nbreak'; echo 2 >./-; mkdir -p new/folder; echo 3 >'new/folder/ "name" \\'; printf '#!/bin/sh' >tool; chmod +x tool; mkdir empty`,
    );
    expect(await changes(sandbox)).toEqual({
      manifest: {
        added: ['new/folder/ "name" \\', "tool"],
        modified: ["-", "edit", "line\nbreak", "mode"],
        deleted: ["gone"],
        skipped: [],
      },
      files: {
        'new/folder/ "name" \\': "3\n",
        "tool*": "#!/bin/sh",
        "-": "2\n",
        edit: "2\n",
        "line\nbreak": "2\n",
        mode: "1",
      },
    });
  });

  it("that were touched, rewritten, copied over or linked, but are the same, are no changes", async () => {
    await put(sandbox, { a: "same", b: "same", c: "same", "d*": "same" });
    await run(sandbox, "touch a; printf same >b; cp c x; mv x c; chmod 700 d; chmod 755 d; ln a y; rm y");
    expect(await changes(sandbox)).toEqual({ manifest: NOTHING, files: {} });
  });

  it("that were moved onto one another are changes, though neither was written", async () => {
    await put(sandbox, { "old/file": "1111", "new/file": "2222", same: "3" });
    await run(sandbox, "mv old swap; mv new old; mv swap new");
    expect((await changes(sandbox)).files).toEqual({ "new/file": "1111", "old/file": "2222" });
  });

  it("whose times were set back are changes all the same", async () => {
    await put(sandbox, { a: "1" });
    await run(sandbox, "cp -p a /tmp/a; printf 2 >a; touch -r /tmp/a a");
    expect((await changes(sandbox)).files).toEqual({ a: "2" });
  });

  it("that were written through a mapping, which leaves their times as they were, are changes", async () => {
    // Long enough to unpack that the file is older than the clock's steps when the upload is done.
    await put(sandbox, { mapped: "1".repeat(4096), other: "x".repeat(40 * MB) });
    const script = [
      "import mmap",
      'file = open("mapped", "r+b")',
      "pages = mmap.mmap(file.fileno(), 0)",
      "assert pages[0] == 49",
      'pages[0:4] = b"2222"',
    ];
    expect(await run(sandbox, `python3 -c '${script.join("\n")}'`)).toMatchObject({ stderr: "" });
    expect((await changes(sandbox)).files).toEqual({ mapped: `2222${"1".repeat(4092)}` });
  });

  it("that are none are left out and named, and so are names that are no text, and what is too large", async () => {
    await put(sandbox, { target: "1", replaced: "1", "folder/file": "1", large: "1" });
    await run(
      sandbox,
      "ln -s target link; ln -sf /etc/passwd replaced; rm -r folder; ln -s /etc folder; mkfifo pipe; : >\"$(printf 'no\\377text')\"; truncate -s 100G large 2>/dev/null || truncate -s 2M large; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"socket\")'",
    );
    expect(await changes(sandbox)).toEqual({
      manifest: {
        added: [],
        modified: [],
        deleted: ["folder/file"],
        skipped: [
          { path: "folder", reason: "not_a_file" },
          { path: "large", reason: "too_large" },
          { path: "link", reason: "not_a_file" },
          { path: "no�text", reason: "bad_name" },
          { path: "pipe", reason: "not_a_file" },
          { path: "replaced", reason: "not_a_file" },
          { path: "socket", reason: "not_a_file" },
        ],
      },
      files: {},
    });
  });

  it("in git's own folders are never handed out, at any depth and in any case", async () => {
    await put(sandbox, { a: "1" });
    await run(
      sandbox,
      "git init -q; mkdir -p sub/.GIT; echo 1 >sub/.GIT/config; echo 1 >sub/.git; echo 1 >sub/b",
    );
    expect((await changes(sandbox)).manifest).toEqual({ ...NOTHING, added: ["sub/b"] });
  });

  it("that are not to be kept do not count, unless they were uploaded", async () => {
    await put(sandbox, { "logs/kept.log": "1" });
    await run(sandbox, "echo 2 >logs/kept.log; echo 2 >logs/new.log; ln -s / logs/link.log; echo 2 >new.txt");
    expect((await changes(sandbox, (path) => !path.endsWith(".log"))).manifest).toEqual({
      ...NOTHING,
      added: ["new.txt"],
      modified: ["logs/kept.log"],
    });
  });

  it("are readable whatever commands did to their modes, and can be written over", async () => {
    await put(sandbox, { "locked/file": "1", "locked/other": "1" });
    await run(
      sandbox,
      "echo 2 >locked/file; mkdir -p locked/in; echo 3 >locked/in/new; chmod 000 locked/* locked .",
    );
    expect((await changes(sandbox)).files).toEqual({ "locked/in/new": "3\n", "locked/file": "2\n" });
    await run(sandbox, "chmod 000 locked/* locked .");
    await put(sandbox, { "locked/file": "4" }, ["locked/in"]);
    expect((await run(sandbox, "cat locked/file; ls locked")).stdout).toBe("4file\nother\n");
  });

  it("can be uploaded again and again: removed, swapped with folders, and over what commands left there", async () => {
    await put(sandbox, { "a/b/c": "1", file: "1", stays: "1", "x/y": "1" });
    await run(
      sandbox,
      "rm -r x; ln -s /tmp x; mkdir -p over/it; echo 2 >over/it/left; ln -s /etc/passwd taken; echo 2 >stays; echo 2 >own",
    );
    await put(
      sandbox,
      { "a/b": "file now", "file/inside": "folder now", "x/y": "2", over: "3", taken: "4", "s/t*": "5" },
      ["a/b", "file", "not/there"],
    );
    expect((await run(sandbox, "cat a/b file/inside x/y over taken s/t; ls /tmp")).stdout).toBe(
      "file nowfolder now2345",
    );
    expect(await changes(sandbox)).toEqual({
      manifest: { ...NOTHING, added: ["own"], modified: ["stays"] },
      files: { own: "2\n", stays: "2\n" },
    });
  });

  it("by the thousand are read back whole and in order", async () => {
    const many: Files = Object.fromEntries(
      Array.from({ length: 3000 }, (_, index) => [
        `many/${index % 10}/${index}`,
        `${index}`.repeat(index % 50),
      ]),
    );
    await put(sandbox, many);
    expect((await run(sandbox, "find many -type f | wc -l")).stdout).toBe("3000\n");
    await run(sandbox, "for each in many/3/*; do printf x >>$each; done");
    const expected = Object.entries(many).filter(([path]) => path.startsWith("many/3/"));
    expect((await changes(sandbox)).files).toEqual(
      Object.fromEntries(expected.map(([path, text]) => [path, `${text}x`])),
    );
  });

  it("that are more, or more bytes, than are handed out are refused, and so are those that do not fit", async () => {
    await run(sandbox, "mkdir many; cd many; seq 1100 | xargs touch");
    await expect(changes(sandbox)).rejects.toMatchObject({ code: "payload_too_large" });
    await run(sandbox, "rm -r many; for each in $(seq 11); do head -c 1000000 /dev/zero >$each; done");
    await expect(changes(sandbox)).rejects.toMatchObject({ code: "payload_too_large" });
    const large = "x".repeat(40 * MB);
    await expect(put(sandbox, { one: large, two: large })).rejects.toMatchObject({
      code: "payload_too_large",
    });
  });

  it("are as many as the workspace takes, where they do not count", async () => {
    const limits = { timeout_seconds: 60, memory_limit_mb: 1024, cpu_limit: 2, output_bytes: MB };
    await using large = startBackend({ limits, workspaceFiles: 220_000 });
    const full = await large.create();
    await put(full, { a: "1" });
    expect((await run(full, "echo 2 >a; mkdir many; cd many; seq 205000 | xargs touch")).end).toEqual(
      exited(0),
    );
    expect((await changes(full, () => false)).files).toEqual({ a: "2\n" });
    await put(full, { "many/1": "2" });
    expect((await run(full, "cat many/1")).stdout).toBe("2");
  });

  it("that need more memory than is left are refused as too large", async () => {
    const limits = { timeout_seconds: 60, memory_limit_mb: 64, cpu_limit: 2, output_bytes: MB };
    await using small = startBackend({ limits, workspaceMb: 512 });
    const full = await small.create();
    const files = Object.fromEntries(["a", "b", "c"].map((name) => [name, "x".repeat(40 * MB)]));
    await expect(put(full, files)).rejects.toMatchObject({
      code: "payload_too_large",
      message: "The files do not fit into the sandbox's workspace.",
    });
  });

  it("that are not in within the time there is for it are refused in words", async () => {
    const { timeout } = AbortSignal;
    const limit = new AbortController();
    const spy = vi
      .spyOn(AbortSignal, "timeout")
      .mockImplementation((ms) => (ms === 240_000 ? limit.signal : timeout.call(AbortSignal, ms)));
    const endless = async function* () {
      yield Buffer.alloc(MB);
      limit.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
      for (;;) yield Buffer.alloc(MB);
    };
    const files = async function* () {
      yield { path: "endless", executable: false, size: 8000 * MB, content: endless() };
    };
    try {
      await expect(sandbox.put({ removed: [], files: files() }, never())).rejects.toMatchObject({
        code: "provider_unavailable",
        message: "The sandbox was not done with its files within 240 seconds.",
      });
    } finally {
      spy.mockRestore();
    }
  });

  it("that nobody reads to the end keep nothing from being ended", async () => {
    await run(sandbox, "for each in 1 2 3 4 5; do head -c 1000000 /dev/urandom >$each; done");
    const { manifest, files } = await sandbox.changes(() => true, never());
    expect(manifest.added).toEqual(["1", "2", "3", "4", "5"]);
    for await (const { path } of files) {
      expect(path).toBe("1");
      break;
    }
    expect((await run(sandbox, "ls")).stdout).toBe("1\n2\n3\n4\n5\n");
  });
});
