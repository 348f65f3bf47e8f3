/** Forks on the local forge: made once, sharing objects, brought up to date, and the head of pull requests. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type ForgeOptions, type ForgeRepository, type LocalForge, startForge } from "./forge/server.ts";
import { createGitClient, withToken } from "./git-client.ts";
import { callPublished, callRest } from "./rest-client.ts";

let forge: LocalForge;

afterEach(() => forge.close());

async function start(options: ForgeOptions = {}): Promise<ForgeRepository> {
  forge = await startForge({
    tokens: { "token-ann": { login: "ann" }, "token-bob": { login: "bob" } },
    ...options,
  });
  return await forge.addRepository("ann/app", { files: { "a.txt": "1\n2\n3\n" } });
}

async function fork(token: string | undefined, name: string, input?: unknown) {
  const template = "/repos/{owner}/{repo}/forks";
  return await callPublished(forge, token, "POST", template, `/repos/${name}/forks`, input);
}

async function sync(token: string, name: string, branch: string) {
  const template = "/repos/{owner}/{repo}/merge-upstream";
  const path = `/repos/${name}/merge-upstream`;
  const answer = await callPublished(forge, token, "POST", template, path, { branch });
  return [answer.status, answer.body["merge_type"] ?? answer.body["message"]];
}

test("a fork is made once, however often and however many at once ask for it", async () => {
  await start();
  const [one, other] = await Promise.all([fork("token-bob", "ann/app"), fork("token-bob", "ann/app")]);
  const again = await fork("token-bob", "ann/app");
  expect([one.status, other.status, again.status]).toEqual([202, 202, 202]);
  expect(new Set([one, other, again].map(({ body }) => body["id"])).size).toBe(1);
  expect(one.body).toMatchObject({
    full_name: "bob/app",
    fork: true,
    parent: { full_name: "ann/app" },
    source: { full_name: "ann/app" },
    permissions: { push: true },
  });
  expect(forge.repositories().map(({ fullName }) => fullName)).toEqual(["ann/app", "bob/app"]);
});

test("a fork takes another name when its owner has a repository of that name", async () => {
  await start();
  await forge.addRepository("bob/app", { files: { other: "" } });
  expect((await fork("token-bob", "ann/app")).body["full_name"]).toBe("bob/app-1");
  expect((await fork("token-bob", "ann/app")).body["full_name"]).toBe("bob/app-1");
});

test("a fork is refused where forking is off, where there is nothing, and to nobody", async () => {
  await start();
  await forge.addRepository("ann/closed", { files: { a: "" }, allowForking: false });
  await forge.addRepository("ann/empty");
  expect((await fork("token-bob", "ann/closed")).status).toBe(403);
  expect((await fork("token-bob", "ann/empty")).status).toBe(403);
  expect((await fork(undefined, "ann/app")).status).toBe(401);
  expect((await fork("token-bob", "ann/none")).status).toBe(404);
});

test("the owner's fork of a repository is the repository itself", async () => {
  await start();
  expect((await fork("token-ann", "ann/app")).body["full_name"]).toBe("ann/app");
});

test("git does not find a fork before it is ready, and REST does", async () => {
  await start({ forkDelayMs: 3_600_000 });
  await fork("token-bob", "ann/app");
  expect((await callRest(forge, "token-bob", "GET", "/repos/bob/app")).status).toBe(200);
  const response = await fetch(`${forge.url}/bob/app.git/info/refs?service=git-upload-pack`);
  expect(response.status).toBe(404);
});

test("a fork shares its parent's objects, later ones too", async () => {
  const app = await start();
  await fork("token-bob", "ann/app");
  const copy = forge.repository("bob/app");
  expect(existsSync(join(copy.dir, "objects", "info", "alternates"))).toBe(true);
  const later = await app.commit({ later: "" });
  expect(await copy.git("cat-file", "-t", later)).toBe("commit");
});

test("a fork that does not share objects lacks its parent's later ones until it is synced", async () => {
  const app = await start({ forksShareObjects: false });
  await fork("token-bob", "ann/app");
  const copy = forge.repository("bob/app");
  const later = await app.commit({ later: "" });
  await expect(copy.git("cat-file", "-t", later)).rejects.toThrow();
  expect(await sync("token-bob", "bob/app", "main")).toEqual([200, "fast-forward"]);
  expect(await copy.git("cat-file", "-t", later)).toBe("commit");
});

test("syncing a fork moves, merges, leaves alone or reports a conflict", async () => {
  const app = await start();
  await fork("token-bob", "ann/app");
  const copy = forge.repository("bob/app");
  expect(await sync("token-bob", "bob/app", "main")).toEqual([200, "none"]);

  const second = await app.commit({ "a.txt": "1\n2\n3!\n" });
  expect(await sync("token-bob", "bob/app", "main")).toEqual([200, "fast-forward"]);
  expect(await copy.git("rev-parse", "main")).toBe(second);

  await copy.commit({ own: "" });
  expect(await sync("token-bob", "bob/app", "main")).toEqual([200, "none"]);
  const third = await app.commit({ theirs: "" });
  expect(await sync("token-bob", "bob/app", "main")).toEqual([200, "merge"]);
  expect(await copy.git("rev-parse", "main^2")).toBe(third);

  await copy.commit({ "a.txt": "mine\n" });
  await app.commit({ "a.txt": "theirs\n" });
  expect(await sync("token-bob", "bob/app", "main")).toMatchObject([
    409,
    expect.stringContaining("conflict"),
  ]);
});

test("syncing is refused for a branch the parent lacks, for what is no fork, and to others", async () => {
  await start();
  await fork("token-bob", "ann/app");
  expect(await sync("token-bob", "bob/app", "none")).toMatchObject([422, expect.stringContaining("none")]);
  expect(await sync("token-ann", "ann/app", "main")).toEqual([422, "This repository is not a fork."]);
  expect(await sync("token-ann", "bob/app", "main")).toMatchObject([403, expect.any(String)]);
});

test("a branch pushed to a fork becomes a pull request on its parent", async () => {
  await start();
  await fork("token-bob", "ann/app");
  await using client = await createGitClient();
  const remote = withToken(forge.repository("bob/app").cloneUrl, "token-bob");
  await client.git("clone", "--quiet", remote, "work");
  await client.git("-C", "work", "commit", "--quiet", "--allow-empty", "-m", "Empty");
  await client.git("-C", "work", "push", "--quiet", "origin", "HEAD:topic");

  const input = { title: "From a fork", head: "bob:topic", base: "main" };
  const template = "/repos/{owner}/{repo}/pulls";
  const opened = await callPublished(forge, "token-bob", "POST", template, "/repos/ann/app/pulls", input);
  expect(opened.body).toMatchObject({
    commits: 1,
    head: { label: "bob:topic", repo: { full_name: "bob/app" } },
    base: { label: "ann:main", repo: { full_name: "ann/app" } },
    maintainer_can_modify: true,
  });
  const none = await callRest(forge, "token-bob", "POST", "/repos/ann/app/pulls", {
    ...input,
    head: "bob:main",
  });
  expect(none.body["errors"]).toMatchObject([{ message: "No commits between ann:main and bob:main" }]);
  const changed = await callRest(forge, "token-bob", "PATCH", "/repos/ann/app/pulls/1", { title: "Mine" });
  expect(changed.body["title"], "authors change their own without a right to push").toBe("Mine");
  const page = await fetch(`${forge.url}/ann/app/pull/1`);
  expect(await page.text()).toContain("<code>bob:topic</code>");
});
