/** The local forge's REST answers, held to GitHub's published OpenAPI document and to GitHub's words. */
import { request as httpRequest } from "node:http";
import { Octokit } from "@octokit/rest";
import { afterEach, beforeEach, expect, test } from "vitest";
import { validateResponse } from "./forge/openapi.ts";
import { type LocalForge, startForge } from "./forge/server.ts";
import { callRest, type RestAnswer } from "./rest-client.ts";

const REPO = "/repos/{owner}/{repo}";
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

/** Calls the API and holds the answer to GitHub's schema for it. */
async function call(
  token: string | undefined,
  method: string,
  template: string,
  path: string,
  input?: unknown,
): Promise<RestAnswer> {
  const answer = await callRest(forge, token, method, path, input);
  expect(validateResponse(method, template, answer.status, answer.body)).toEqual([]);
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
  return answer;
}

function octokit(token: string): Octokit {
  const silent = () => undefined;
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  return new Octokit({ auth: token, baseUrl: forge.apiUrl, log });
}

async function addApp(): Promise<void> {
  const app = await forge.addRepository("ann/app", {
    files: { "a.txt": "one\n" },
    permissions: { bob: "write" },
  });
  await app.commit({ "a.txt": "two\n", "b/c.txt": "new\n" }, { branch: "topic", message: "Change a" });
}

test("the judge itself finds a missing field, a wrong type and an unpublished status", () => {
  const wrong = validateResponse("GET", "/rate_limit", 200, { rate: { limit: "many" }, resources: {} });
  expect(wrong).toContain(`/rate/limit must be integer {"type":"integer"}`);
  expect(wrong).toContain(`/resources must have required property 'core' {"missingProperty":"core"}`);
  expect(validateResponse("GET", REPO, 404, { message: "Not Found" })).not.toEqual([]);
  expect(validateResponse("GET", REPO, 202, {})).not.toEqual([]);
  expect(validateResponse("GET", "/nowhere", 200, {})).toEqual(["GitHub has no GET /nowhere"]);
});

test("a repository tells each caller what it may do, and nobody nothing", async () => {
  await addApp();
  const permissions = async (token: string | undefined) =>
    (await call(token, "GET", REPO, "/repos/ann/app")).body["permissions"];
  const none = { admin: false, maintain: false, push: false, triage: false, pull: true };
  expect(await permissions("token-ann")).toEqual({
    admin: true,
    maintain: true,
    push: true,
    triage: true,
    pull: true,
  });
  expect(await permissions("token-bob")).toEqual({ ...none, push: true, triage: true });
  expect(await permissions("token-eve")).toEqual(none);
  expect(await permissions(undefined)).toBeUndefined();
});

test("a repository's facts are those it was added with", async () => {
  await forge.addRepository("ann/old", {
    files: { a: "" },
    archived: true,
    allowForking: false,
    sizeKb: 77,
    defaultBranch: "trunk",
  });
  const { body } = await call(undefined, "GET", REPO, "/repos/Ann/OLD");
  expect(body).toMatchObject({
    full_name: "ann/old",
    html_url: `${forge.url}/ann/old`,
    clone_url: `${forge.url}/ann/old.git`,
    default_branch: "trunk",
    archived: true,
    allow_forking: false,
    private: false,
    fork: false,
    size: 77,
  });
});

test("an empty repository has size 0 and one with a commit has not", async () => {
  await forge.addRepository("ann/empty");
  await addApp();
  expect((await call(undefined, "GET", REPO, "/repos/ann/empty")).body["size"]).toBe(0);
  expect((await call(undefined, "GET", REPO, "/repos/ann/app")).body["size"]).not.toBe(0);
});

test("a private repository is not there for those who may not read it", async () => {
  await forge.addRepository("ann/secret", { files: { a: "" }, private: true, permissions: { bob: "read" } });
  const status = async (token: string | undefined) =>
    (await call(token, "GET", REPO, "/repos/ann/secret")).status;
  expect(await status("token-ann")).toBe(200);
  expect(await status("token-bob")).toBe(200);
  expect(await status("token-eve")).toBe(404);
  expect(await status(undefined)).toBe(404);
});

test("a bad token is refused everywhere, also where nobody would be let in", async () => {
  await addApp();
  for (const path of ["/repos/ann/app", "/user", "/repos/ann/nothing"]) {
    const { status, body } = await call("wrong", "GET", REPO, path);
    expect({ status, message: body["message"] }).toEqual({ status: 401, message: "Bad credentials" });
  }
  forge.accounts.revoke("token-ann");
  expect((await call("token-ann", "GET", REPO, "/repos/ann/app")).status).toBe(401);
});

test("a token works as Bearer, as token and as the password of Basic", async () => {
  const basic = Buffer.from("ann:token-ann").toString("base64");
  for (const authorization of ["Bearer token-ann", "token token-ann", `Basic ${basic}`]) {
    const response = await fetch(`${forge.apiUrl}/user`, { headers: { authorization } });
    expect(await response.json()).toMatchObject({ login: "ann" });
  }
});

test("a request that does not say who made it is refused, as by GitHub", async () => {
  await addApp();
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  httpRequest(`${forge.apiUrl}/repos/ann/app`, (response) => resolve(response.resume().statusCode)).end();
  expect(await promise).toBe(403);
});

test("the user is the token's", async () => {
  const { body } = await call("token-bob", "GET", "/user", "/user");
  expect(body["login"]).toBe("bob");
  expect((await call(undefined, "GET", "/user", "/user")).status).toBe(401);
});

test("the rate limit is counted for each caller and costs nothing to read", async () => {
  await addApp();
  const remaining = (answer: RestAnswer) => Number(answer.headers.get("x-ratelimit-remaining"));
  const first = await call("token-ann", "GET", REPO, "/repos/ann/app");
  const second = await call("token-ann", "GET", REPO, "/repos/ann/app");
  expect([remaining(first), remaining(second)]).toEqual([4999, 4998]);
  expect(remaining(await call(undefined, "GET", REPO, "/repos/ann/app"))).toBe(59);
  const { body } = await call("token-ann", "GET", "/rate_limit", "/rate_limit");
  expect(body["rate"]).toMatchObject({ limit: 5000, used: 2, remaining: 4998 });
  expect(second.headers.get("x-ratelimit-resource")).toBe("core");
  expect(second.headers.get("x-github-request-id")).toMatch(/^[0-9A-F:]+$/);
});

test("a renamed repository answers with a redirect by id, which clients follow", async () => {
  await forge.addRepository("ann/was", { files: { a: "" }, renamedTo: "ann/is" });
  const moved = await call("token-ann", "GET", REPO, "/repos/ann/was");
  const location = moved.headers.get("location") ?? "";
  expect(moved.status).toBe(301);
  expect(location).toMatch(/\/api\/v3\/repositories\/\d+$/);
  const path = location.slice(forge.apiUrl.length);
  expect((await call("token-ann", "GET", REPO, path)).body["full_name"]).toBe("ann/is");
  const followed = await octokit("token-ann").repos.get({ owner: "ann", repo: "was" });
  expect(followed.data.full_name).toBe("ann/is");
  expect((await callRest(forge, "token-ann", "POST", "/repos/ann/was/forks")).status).toBe(307);
});

test("a branch is found by its name and not by what git would read it as", async () => {
  await addApp();
  const template = "/repos/{owner}/{repo}/branches/{branch}";
  await forge
    .repository("ann/app")
    .commit({ x: "" }, { branch: "deep/er", message: "Deeper\n\nWith a body." });
  const tip = await forge.repository("ann/app").git("rev-parse", "deep/er");
  for (const name of ["deep/er", "deep%2Fer"]) {
    const { status, body } = await call(undefined, "GET", template, `/repos/ann/app/branches/${name}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: "deep/er",
      commit: { sha: tip, commit: { message: "Deeper\n\nWith a body." } },
    });
  }
  for (const name of ["missing", "topic~1", "topic^", "deep/../topic", "-n", "HEAD"]) {
    const path = `/repos/ann/app/branches/${encodeURIComponent(name)}`;
    expect((await call(undefined, "GET", template, path)).status).toBe(404);
  }
});

test("what the forge does not know is 404, and a body that is no object is 400", async () => {
  await addApp();
  expect((await callRest(forge, undefined, "GET", "/repos/ann/app/issues")).status).toBe(404);
  expect((await callRest(forge, undefined, "GET", "/nothing")).status).toBe(404);
  const post = async (body: string) => {
    const headers = { authorization: "token token-ann" };
    const response = await fetch(`${forge.apiUrl}/repos/ann/app/pulls`, { method: "POST", headers, body });
    return { status: response.status, body: await response.json() };
  };
  expect(await post("{")).toMatchObject({ status: 400, body: { message: "Problems parsing JSON" } });
  expect(await post("[]")).toMatchObject({ status: 400, body: { message: "Body should be a JSON object" } });
});

test("Octokit opens, finds, updates and closes a pull request", async () => {
  await addApp();
  const { pulls } = octokit("token-bob");
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
