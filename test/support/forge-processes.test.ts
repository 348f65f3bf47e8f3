/** What becomes of git's processes on the local forge when clients leave and when it closes. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ForgeRepository, type LocalForge, startForge } from "./forge/server.ts";
import { createGitClient } from "./git-client.ts";

let forge: LocalForge;

beforeEach(async () => {
  forge = await startForge({ tokens: { token: { login: "ann" } } });
});

afterEach(() => forge.close());

/** Processes whose working directory is inside a folder; where `/proc` cannot tell, none. */
async function processesIn(folder: string): Promise<string[]> {
  const pids = existsSync("/proc/self/cwd")
    ? (await readdir("/proc")).filter((name) => /^\d+$/.test(name))
    : [];
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => "")));
  return folders.filter((cwd) => cwd.startsWith(folder));
}

/** A repository whose update hook says "started" and waits until something is written to `gate` in it. */
async function addGated(): Promise<ForgeRepository> {
  return await forge.addRepository("ann/app", {
    files: { a: "" },
    setup: async (dir) => {
      await mkdir(join(dir, "hooks"), { recursive: true });
      const hook = "#!/bin/sh\nmkfifo gate\necho started >&2\nread _ < gate\n";
      await writeFile(join(dir, "hooks", "update"), hook, { mode: 0o755 });
    },
  });
}

/** Pushes main's commit to the branch `pushed` and returns once the hook runs. */
async function pushUntilStarted(app: ForgeRepository, signal: AbortSignal): Promise<void> {
  const command = `${"0".repeat(40)} ${await app.git("rev-parse", "main")} refs/heads/pushed\0 report-status side-band-64k`;
  const length = (command.length + 4).toString(16).padStart(4, "0");
  const emptyPack = Buffer.from("5041434b0000000200000000029d08823bd8a8eab510ad6ac75c823cfd3ed31e", "hex");
  const response = await fetch(`${app.cloneUrl}/git-receive-pack`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from("ann:token").toString("base64")}`,
      "content-type": "application/x-git-receive-pack-request",
    },
    body: Buffer.concat([Buffer.from(`${length}${command}0000`), emptyPack]),
    signal,
  });
  const reader = response.body?.getReader();
  let seen = "";
  while (!seen.includes("started")) {
    const part = await reader?.read();
    if (part?.value === undefined) throw new Error(`the push ended early: ${seen}`);
    seen += Buffer.from(part.value).toString();
  }
}

test("a push whose client leaves after its last byte is carried out all the same", async () => {
  const app = await addGated();
  const leave = new AbortController();
  await pushUntilStarted(app, leave.signal);
  leave.abort();
  await writeFile(join(app.dir, "gate"), "go\n");
  await forge.log.entries[0]?.ended;
  expect(forge.log.entries[0]?.state).toBe("cut");
  expect(await app.git("rev-parse", "pushed")).toBe(await app.git("rev-parse", "main"));
});

test("closing ends a push that would go on for ever", async () => {
  const app = await addGated();
  const leave = new AbortController();
  await pushUntilStarted(app, leave.signal);
  leave.abort();
  await forge.close();
  expect(await processesIn(app.dir)).toEqual([]);
});

test("closing in the middle of a pack leaves no process and no file", async () => {
  const noise = Object.fromEntries(Array.from({ length: 32 }, (_, n) => [`${n}`, randomBytes(65_536)]));
  const { cloneUrl, dir } = await forge.addRepository("ann/app", { files: noise });
  const fault = forge.faults.add({
    match: { service: "upload-pack", method: "POST", nth: 2 },
    action: { hold: new Promise(() => undefined), at: { afterBytes: 1000 } },
  });
  await using client = await createGitClient();
  const cloning = client.run(["clone", cloneUrl, "work"]);
  await fault.reached();
  await forge.close();
  expect((await cloning).code).not.toBe(0);
  expect(await processesIn(dir)).toEqual([]);
  expect(existsSync(dir)).toBe(false);
});

test("a client that leaves in the middle of its request ends git's wait for the rest", async () => {
  const { cloneUrl, dir } = await forge.addRepository("ann/app", { files: { a: "" } });
  const leave = new AbortController();
  const response = await fetch(`${cloneUrl}/git-upload-pack`, {
    method: "POST",
    headers: { "git-protocol": "version=2", "content-type": "application/x-git-upload-pack-request" },
    body: new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from("0012command=fetch\n")),
    }),
    duplex: "half",
    signal: leave.signal,
  });
  expect(response.status).toBe(200);
  leave.abort();
  await forge.log.entries[0]?.ended;
  expect(forge.log.entries[0]).toMatchObject({ state: "cut", bytesIn: 18 });
  await forge.close();
  expect(await processesIn(dir)).toEqual([]);
});
