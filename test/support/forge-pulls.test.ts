/** Pull requests on the local forge: opened once, refused with GitHub's reasons, listed as GitHub lists them. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LocalForge, startForge } from "./forge/server.ts";
import { callPublished, callRest, createOctokit } from "./rest-client.ts";

const PULLS = "/repos/{owner}/{repo}/pulls";
const PULL = "/repos/{owner}/{repo}/pulls/{pull_number}";

const TOKENS = {
  "token-ann": { login: "ann" },
  "token-bob": { login: "bob" },
  "token-eve": { login: "eve" },
};

let forge: LocalForge;

beforeEach(async () => {
  forge = await startForge({ tokens: TOKENS });
});

afterEach(() => forge.close());

function call(token: string | undefined, method: string, template: string, path: string, input?: unknown) {
  return callPublished(forge, token, method, template, path, input);
}

async function addApp(): Promise<void> {
  const app = await forge.addRepository("ann/app", {
    files: { "a.txt": "one\n" },
    permissions: { bob: "write" },
  });
  await app.commit({ "a.txt": "two\n", "b/c.txt": "new\n" }, { branch: "topic", message: "Change a" });
}

test("Octokit opens, finds, updates and closes a pull request", async () => {
  await addApp();
  const { pulls } = createOctokit(forge, "token-bob");
  const where = { owner: "ann", repo: "app" };
  const opened = await pulls.create({
    ...where,
    title: "Two",
    head: "topic",
    base: "main",
    body: "Why",
    draft: true,
  });
  expect(opened.data).toMatchObject({
    number: 1,
    draft: true,
    changed_files: 2,
    additions: 2,
    deletions: 1,
    commits: 1,
  });
  expect(opened.headers.location).toBe(opened.data.url);
  const found = await pulls.list({ ...where, head: "ann:topic", state: "open" });
  expect(found.data.map((pull) => pull.number)).toEqual([1]);
  await pulls.update({ ...where, pull_number: 1, title: "Three", body: "Because" });
  expect((await pulls.get({ ...where, pull_number: 1 })).data).toMatchObject({
    title: "Three",
    body: "Because",
  });
  await pulls.update({ ...where, pull_number: 1, state: "closed" });
  expect((await pulls.list({ ...where, head: "ann:topic", state: "open" })).data).toEqual([]);
  expect(forge.repository("ann/app").pullRequests).toEqual([
    {
      number: 1,
      title: "Three",
      body: "Because",
      state: "closed",
      draft: true,
      author: "bob",
      base: "main",
      head: "topic",
      headRepository: "ann/app",
    },
  ]);
});

test("every answer about pull requests is as published", async () => {
  await addApp();
  const input = { title: "Two", head: "topic", base: "main" };
  const opened = await call("token-bob", "POST", PULLS, "/repos/ann/app/pulls", input);
  expect(opened.status).toBe(201);
  expect(opened.body["html_url"]).toBe(`${forge.url}/ann/app/pull/1`);
  expect((await call(undefined, "GET", PULLS, "/repos/ann/app/pulls")).status).toBe(200);
  expect((await call(undefined, "GET", PULL, "/repos/ann/app/pulls/1")).status).toBe(200);
  expect((await call(undefined, "GET", PULL, "/repos/ann/app/pulls/2")).status).toBe(404);
  const closed = await call("token-ann", "PATCH", PULL, "/repos/ann/app/pulls/1", { state: "closed" });
  expect(closed.body["closed_at"]).not.toBeNull();
  expect((await call("token-eve", "PATCH", PULL, "/repos/ann/app/pulls/1", { title: "x" })).status).toBe(403);
  expect((await call("token-ann", "PATCH", PULL, "/repos/ann/app/pulls/1", { state: "ajar" })).status).toBe(
    422,
  );
  expect((await call("token-ann", "PATCH", PULL, "/repos/ann/app/pulls/1", { base: "none" })).status).toBe(
    422,
  );
});

test("a pull request that cannot be is refused with GitHub's reasons", async () => {
  await addApp();
  const app = forge.repository("ann/app");
  const tree = await app.git("rev-parse", "main^{tree}");
  await app.git("update-ref", "refs/heads/stranger", await app.git("commit-tree", tree, "-m", "Alone"));
  await app.git("update-ref", "refs/heads/same", "refs/heads/main");
  const errors = async (input: Record<string, unknown>) => {
    const sent = { title: "T", head: "topic", base: "main", ...input };
    const { status, body } = await call("token-bob", "POST", PULLS, "/repos/ann/app/pulls", sent);
    return { status, errors: body["errors"] ?? body["message"] };
  };
  const refusal = (error: Record<string, string>) => ({ status: 422, errors: [error] });
  const custom = (message: string) => refusal({ resource: "PullRequest", code: "custom", message });
  const invalid = (field: string) => refusal({ resource: "PullRequest", field, code: "invalid" });

  expect(await errors({ head: "nowhere" })).toEqual(invalid("head"));
  expect(await errors({ head: "nobody:topic" })).toEqual(invalid("head"));
  expect(await errors({ head: "topic~1" })).toEqual(invalid("head"));
  expect(await errors({ base: "nowhere" })).toEqual(invalid("base"));
  expect(await errors({ head: "same" })).toEqual(custom("No commits between main and same"));
  expect(await errors({ head: "stranger" })).toEqual(
    custom("The stranger branch has no history in common with main"),
  );
  expect(await errors({ title: " " })).toEqual(
    refusal({ resource: "Issue", code: "missing_field", field: "title" }),
  );
  expect(await errors({ body: "x".repeat(65_537) })).toEqual(
    refusal({
      resource: "Issue",
      code: "custom",
      field: "body",
      message: "body is too long (maximum is 65536 characters)",
    }),
  );
  expect(await errors({ head: undefined })).toMatchObject({
    status: 422,
    errors: expect.stringContaining('"head"'),
  });
  expect(app.pullRequests).toEqual([]);
});

test("of two equal pull requests at once one is made, and a third is told of it", async () => {
  await addApp();
  const open = () =>
    call("token-bob", "POST", PULLS, "/repos/ann/app/pulls", { title: "T", head: "topic", base: "main" });
  const both = await Promise.all([open(), open()]);
  expect(both.map(({ status }) => status).sort()).toEqual([201, 422]);
  const { body } = await open();
  expect(body["errors"]).toEqual([
    { resource: "PullRequest", code: "custom", message: "A pull request already exists for ann:topic." },
  ]);
  expect(forge.repository("ann/app").pullRequests).toHaveLength(1);
});

test("who may not push may not open a pull request, and nobody is asked who they are", async () => {
  await addApp();
  const input = { title: "T", head: "topic", base: "main" };
  expect((await call("token-eve", "POST", PULLS, "/repos/ann/app/pulls", input)).status).toBe(403);
  expect((await call(undefined, "POST", PULLS, "/repos/ann/app/pulls", input)).status).toBe(401);
  await forge.addRepository("ann/secret", { files: { a: "" }, private: true });
  expect((await callRest(forge, "token-eve", "POST", "/repos/ann/secret/pulls", input)).status).toBe(404);
});

test("an archived repository takes no pull request, and drafts can be refused", async () => {
  const still = await forge.addRepository("ann/still", { files: { a: "" }, archived: true });
  const plain = await forge.addRepository("ann/plain", { files: { a: "" }, allowDrafts: false });
  for (const repository of [still, plain]) await repository.commit({ b: "" }, { branch: "topic" });
  const input = { title: "T", head: "topic", base: "main", draft: true };
  const refused = await call("token-ann", "POST", PULLS, "/repos/ann/still/pulls", input);
  expect([refused.status, refused.body["message"]]).toEqual([
    403,
    "Repository was archived so is read-only.",
  ]);
  expect((await call("token-ann", "POST", PULLS, "/repos/ann/plain/pulls", input)).status).toBe(422);
  const ready = { ...input, draft: false };
  expect((await call("token-ann", "POST", PULLS, "/repos/ann/plain/pulls", ready)).status).toBe(201);
});

test("pull requests are listed by state, head and base, newest first, a page at a time", async () => {
  await addApp();
  const app = forge.repository("ann/app");
  for (const branch of ["one", "two"]) await app.commit({ [branch]: "" }, { branch });
  for (const head of ["topic", "one", "two"]) {
    const base = head === "two" ? "topic" : "main";
    await call("token-ann", "POST", PULLS, "/repos/ann/app/pulls", { title: head, head, base });
  }
  await call("token-ann", "PATCH", PULL, "/repos/ann/app/pulls/2", { state: "closed" });
  const list = async (query: string) => {
    const { body, headers } = await call(undefined, "GET", PULLS, `/repos/ann/app/pulls?${query}`);
    return {
      numbers: (body as unknown as { number: number }[]).map(({ number }) => number),
      link: headers.get("link"),
    };
  };
  expect((await list("")).numbers).toEqual([3, 1]);
  expect((await list("state=all&direction=asc")).numbers).toEqual([1, 2, 3]);
  expect((await list("state=closed")).numbers).toEqual([2]);
  expect((await list("base=topic")).numbers).toEqual([3]);
  expect((await list("head=ANN:topic")).numbers).toEqual([1]);
  expect((await list("head=ann:Topic")).numbers).toEqual([]);
  expect((await list("head=topic")).numbers, "GitHub filters by head only with an owner").toEqual([3, 1]);
  const { numbers, link } = await list("per_page=1");
  expect(numbers).toEqual([3]);
  const next = `${forge.apiUrl}/repos/ann/app/pulls?per_page=1&page=2`;
  expect(link).toBe(`<${next}>; rel="next", <${next}>; rel="last"`);
});

test("a pull request follows its branch, and remembers it when it is gone", async () => {
  await addApp();
  const app = forge.repository("ann/app");
  await call("token-ann", "POST", PULLS, "/repos/ann/app/pulls", { title: "T", head: "topic", base: "main" });
  const commit = await app.commit({ more: "" }, { branch: "topic" });
  const read = async () => (await call(undefined, "GET", PULL, "/repos/ann/app/pulls/1")).body;
  expect(await read()).toMatchObject({ commits: 2, changed_files: 3, head: { sha: commit } });
  await app.git("update-ref", "-d", "refs/heads/topic");
  expect(await read()).toMatchObject({ head: { sha: commit } });
});
