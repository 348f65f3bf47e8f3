/** Git over HTTP on the local forge, driven by the real git client: fetching, pushing, and who may. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LocalForge, startForge } from "./forge/server.ts";
import { createGitClient, type GitClient, withToken } from "./git-client.ts";

let forge: LocalForge;
let client: GitClient;

beforeEach(async () => {
  forge = await startForge({
    tokens: { "token-ann": { login: "ann" }, "token-bob": { login: "bob" }, "token-eve": { login: "eve" } },
  });
  client = await createGitClient();
});

afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await forge.close();
});

const FILES = { "a.txt": "one\n", "b/c.txt": "two\n", "b/d.txt": "three\n" };

/** Blobs a clone names but does not have. */
async function missingBlobs(clone: string): Promise<number> {
  const objects = await client.git("-C", clone, "rev-list", "--objects", "--missing=print", "HEAD");
  return objects.split("\n").filter((line) => line.startsWith("?")).length;
}

/** A clone with one commit more on the branch `topic`. */
async function cloneWithCommit(cloneUrl: string, size = 10): Promise<void> {
  await client.git("clone", "--quiet", cloneUrl, "work");
  await client.git("-C", "work", "checkout", "--quiet", "-b", "topic");
  await writeFile(join(client.dir, "work", "new.bin"), randomBytes(size));
  await client.git("-C", "work", "add", "new.bin");
  await client.git("-C", "work", "commit", "--quiet", "-m", "Add a file");
}

test("a clone has the files, with and without .git in the address", async () => {
  const { cloneUrl } = await forge.addRepository("ann/app", { files: FILES });
  for (const [url, dir] of [
    [cloneUrl, "with"],
    [cloneUrl.replace(/\.git$/, ""), "without"],
  ] as const) {
    await client.git("clone", "--quiet", url, dir);
    expect(await client.git("-C", dir, "ls-files")).toBe("a.txt\nb/c.txt\nb/d.txt");
  }
});

test("the same files make the same commit, and modes and deletions are kept", async () => {
  const files = {
    run: { mode: "100755", content: "#!/bin/sh\n" },
    link: { mode: "120000", content: "run" },
  } as const;
  const [one, two] = [
    await forge.addRepository("ann/one", { files: { ...files, 'odd "na\\me': "" } }),
    await startForge().then(async (other) => {
      const { dir } = await other.addRepository("ann/one", { files: { ...files, 'odd "na\\me': "" } });
      const head = await client.git("-C", dir, "rev-parse", "main");
      await other.close();
      return head;
    }),
  ];
  expect(await one.git("rev-parse", "main")).toBe(two);
  await one.commit({ link: null });
  const listed = (await one.git("ls-tree", "-z", "main")).split("\x00").filter((line) => line !== "");
  const entries = listed.map((line) => line.replace(/ blob \w+\t/, " "));
  expect(entries).toEqual(['100644 odd "na\\me', "100755 run"]);
});

test("a repository can be a clone of another or served where it is", async () => {
  await client.git("init", "--quiet", "--bare", "here.git");
  const there = await forge.addRepository("ann/there", { files: FILES, defaultBranch: "trunk" });
  const copy = await forge.addRepository("ann/copy", { from: there.dir, files: { more: "" } });
  expect(copy.defaultBranch).toBe("trunk");
  expect(await copy.git("rev-list", "--count", "trunk")).toBe("2");
  const here = await forge.addRepository("ann/here", { inPlace: join(client.dir, "here.git") });
  const configured = await here.git("config", "--local", "--list");
  await client.git("-C", there.dir, "push", "--quiet", withToken(here.cloneUrl, "token-ann"), "trunk:main");
  expect(await here.git("rev-parse", "main")).toBe(await there.git("rev-parse", "trunk"));
  expect(await here.git("config", "--local", "--list")).toBe(configured);
});

test("a repository is set up by the test before it is served", async () => {
  const { cloneUrl } = await forge.addRepository("ann/app", {
    files: FILES,
    setup: async (dir) => {
      const hook = join(dir, "hooks", "update");
      await mkdir(join(dir, "hooks"), { recursive: true });
      await writeFile(hook, "#!/bin/sh\necho no thanks >&2\nexit 1\n", { mode: 0o755 });
    },
  });
  await cloneWithCommit(cloneUrl);
  const pushed = await client.run(["-C", "work", "push", withToken(cloneUrl, "token-ann"), "topic"]);
  expect(pushed.code).not.toBe(0);
  expect(pushed.stderr).toContain("remote: no thanks");
  expect(pushed.stderr).toContain("[remote rejected] topic -> topic (hook declined)");
});

test("a partial clone gets no blobs, and each later when it is asked for", async () => {
  const { cloneUrl } = await forge.addRepository("ann/app", { files: FILES });
  await client.git("clone", "--quiet", "--filter=blob:none", "--no-checkout", cloneUrl, "work");
  expect(await missingBlobs("work")).toBe(3);
  expect(await client.git("-C", "work", "show", "HEAD:b/c.txt")).toBe("two");
  expect(await missingBlobs("work")).toBe(2);
});

test("without partial clone the filter is not offered and every blob comes", async () => {
  const { cloneUrl } = await forge.addRepository("ann/app", { files: FILES, partialClone: false });
  const cloned = await client.run(["clone", "--filter=blob:none", "--no-checkout", cloneUrl, "work"]);
  expect(cloned.stderr).toContain("filtering not recognized by server, ignoring");
  expect(await missingBlobs("work")).toBe(0);
});

test("a server of protocol v0 answers a request for v2 with the old advertisement", async () => {
  const { cloneUrl } = await forge.addRepository("ann/old", { files: FILES, protocolV2: false });
  const modern = await forge.addRepository("ann/new", { files: FILES });
  const advertised = async (url: string) => {
    const headers = { "git-protocol": "version=2" };
    return await (await fetch(`${url}/info/refs?service=git-upload-pack`, { headers })).text();
  };
  expect(await advertised(cloneUrl)).toContain("refs/heads/main\n");
  expect(await advertised(modern.cloneUrl)).toContain("version 2\n");
  await client.git("clone", "--quiet", cloneUrl, "work");
  expect(await client.git("-C", "work", "ls-files")).toContain("a.txt");
});

test("a commit can be asked for by its id although no branch is at it", async () => {
  const old = await forge.addRepository("ann/old", { files: FILES, protocolV2: false });
  const first = await old.git("rev-parse", "main");
  await old.git(
    "update-ref",
    "refs/heads/main",
    await old.git("commit-tree", `${first}^{tree}`, "-m", "New"),
  );
  await client.git("init", "--quiet", "work");
  await client.git("-C", "work", "fetch", "--quiet", old.cloneUrl, first);
  expect(await client.git("-C", "work", "rev-parse", "FETCH_HEAD")).toBe(first);
});

test("a gzipped request is understood", async () => {
  const { cloneUrl, git } = await forge.addRepository("ann/app", { files: FILES });
  const body = gzipSync("0014command=ls-refs\n0001001bref-prefix refs/heads/m0000");
  const headers = {
    "git-protocol": "version=2",
    "content-type": "application/x-git-upload-pack-request",
    "content-encoding": "gzip",
  };
  const response = await fetch(`${cloneUrl}/git-upload-pack`, { method: "POST", headers, body });
  expect(await response.text()).toBe(`003d${await git("rev-parse", "main")} refs/heads/main\n0000`);
});

test("a push needs a token, which must be good and allowed to write", async () => {
  const { cloneUrl, git } = await forge.addRepository("ann/app", {
    files: FILES,
    permissions: { bob: "write" },
  });
  await cloneWithCommit(cloneUrl);
  const push = async (url: string) => {
    const { code, stderr } = await client.run(["-C", "work", "push", url, "topic"]);
    return code === 0 ? "pushed" : stderr;
  };
  expect(await push(cloneUrl)).toContain("could not read Username");
  expect(await push(withToken(cloneUrl, "wrong"))).toContain("Authentication failed");
  expect(await push(withToken(cloneUrl, "token-eve"))).toContain("Permission to ann/app.git denied to eve.");
  expect(await git("for-each-ref", "refs/heads/topic")).toBe("");
  expect(await push(withToken(cloneUrl, "token-bob"))).toBe("pushed");
  expect(await git("rev-parse", "topic")).toBe(await client.git("-C", "work", "rev-parse", "HEAD"));
});

test("a push larger than one buffer arrives in chunks", async () => {
  const { cloneUrl, git } = await forge.addRepository("ann/app", { files: FILES });
  await cloneWithCommit(cloneUrl, 300_000);
  const url = withToken(cloneUrl, "token-ann");
  await client.git("-C", "work", "-c", "http.postBuffer=65536", "push", "--quiet", url, "topic");
  expect(await git("cat-file", "-s", "topic:new.bin")).toBe("300000");
  const sizes = forge.log.where({ service: "receive-pack", method: "POST" }).map(({ bytesIn }) => bytesIn);
  expect(sizes.at(-1)).toBeGreaterThan(300_000);
});

test("a malformed object is refused, as GitHub's fsck does", async () => {
  const { cloneUrl } = await forge.addRepository("ann/app", { files: FILES });
  await cloneWithCommit(cloneUrl);
  const blob = await client.git("-C", "work", "rev-parse", "HEAD:a.txt");
  const options = { cwd: join(client.dir, "work"), input: `100644 blob ${blob}\t.git\n` };
  const tree = (await client.run(["mktree"], options)).stdout.trim();
  const commit = await client.git("-C", "work", "commit-tree", tree, "-m", "Evil");
  const pushed = await client.run([
    "-C",
    "work",
    "push",
    withToken(cloneUrl, "token-ann"),
    `${commit}:refs/heads/evil`,
  ]);
  expect(pushed.code).not.toBe(0);
  expect(pushed.stderr).toContain("hasDotgit");
});

test("an archived repository can be fetched and not pushed to", async () => {
  const { cloneUrl } = await forge.addRepository("ann/app", { files: FILES, archived: true });
  await cloneWithCommit(cloneUrl);
  const { stderr } = await client.run(["-C", "work", "push", withToken(cloneUrl, "token-ann"), "topic"]);
  expect(stderr).toContain("This repository was archived so it is read-only.");
});

test("a private repository asks who you are, and is not there for those who may not read", async () => {
  const { cloneUrl } = await forge.addRepository("ann/app", {
    files: FILES,
    private: true,
    permissions: { bob: "read" },
  });
  const status = async (token?: string) => {
    const basic = Buffer.from(`x-access-token:${token}`).toString("base64");
    const headers = token === undefined ? {} : { authorization: `Basic ${basic}` };
    const response = await fetch(`${cloneUrl}/info/refs?service=git-upload-pack`, { headers });
    return [response.status, response.headers.get("www-authenticate")];
  };
  expect(await status()).toEqual([401, 'Basic realm="GitHub"']);
  expect(await status("wrong")).toEqual([401, 'Basic realm="GitHub"']);
  expect(await status("token-eve")).toEqual([404, null]);
  expect(await status("token-bob")).toEqual([200, null]);
  await client.git("clone", "--quiet", withToken(cloneUrl, "token-bob"), "work");
  const cloned = await client.run(["clone", cloneUrl, "other"]);
  expect(cloned.stderr).toContain("could not read Username");
});

test("git takes a token only as a password", async () => {
  const { cloneUrl } = await forge.addRepository("ann/app", { files: FILES });
  const headers = { authorization: "Bearer token-ann" };
  const response = await fetch(`${cloneUrl}/info/refs?service=git-upload-pack`, { headers });
  expect(response.status).toBe(401);
});

test("a clone of a renamed repository is redirected", async () => {
  await forge.addRepository("ann/was", { files: FILES, renamedTo: "ann/is" });
  const cloned = await client.run(["clone", `${forge.url}/ann/was.git`, "work"]);
  expect(cloned.stderr).toContain(`redirecting to ${forge.url}/ann/is.git`);
  expect(cloned.code).toBe(0);
});

test("the dumb protocol is not spoken", async () => {
  const { cloneUrl } = await forge.addRepository("ann/app", { files: FILES });
  expect((await fetch(`${cloneUrl}/info/refs`)).status).toBe(403);
  expect((await fetch(`${cloneUrl}/HEAD`)).status).toBe(404);
});

test("the log says who asked for what, and how much went each way", async () => {
  const { cloneUrl } = await forge.addRepository("ann/app", { files: FILES });
  await cloneWithCommit(cloneUrl);
  expect(forge.log.lines()).toEqual([
    "GET /ann/app.git/info/refs?service=git-upload-pack 200",
    "POST /ann/app.git/git-upload-pack 200",
    "POST /ann/app.git/git-upload-pack 200",
  ]);
  forge.log.clear();
  await client.git("-C", "work", "push", "--quiet", withToken(cloneUrl, "token-ann"), "topic");
  expect(
    forge.log.entries.map(({ service, authorization, status }) => [service, authorization, status]),
  ).toEqual([
    ["receive-pack", "none", 401],
    ["receive-pack", "ann", 200],
    ["receive-pack", "ann", 200],
  ]);
  const response = await fetch(`${cloneUrl}/info/refs?service=git-upload-pack`);
  const size = (await response.arrayBuffer()).byteLength;
  expect(forge.log.entries.at(-1)).toMatchObject({ bytesIn: 0, bytesOut: size });
});

test("a folder given for the repositories is kept", async () => {
  const root = await mkdtemp(join(tmpdir(), "forge-root-"));
  const other = await startForge({ root });
  const { dir } = await other.addRepository("ann/app", { files: FILES });
  await other.close();
  expect(existsSync(dir)).toBe(true);
  await rm(root, { recursive: true });
});
