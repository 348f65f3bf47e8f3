/** The local forge's REST answers, held to GitHub's published OpenAPI document and to GitHub's words. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { validateResponse } from "./forge/openapi.ts";
import { type LocalForge, startForge } from "./forge/server.ts";
import { callPublished, callRest, createOctokit, type RestAnswer } from "./rest-client.ts";

const REPO = "/repos/{owner}/{repo}";

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
  await forge.repository("ann/empty").commit({ a: "" });
  expect((await call(undefined, "GET", REPO, "/repos/ann/empty")).body["size"]).not.toBe(0);
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
  const followed = await createOctokit(forge, "token-ann").repos.get({ owner: "ann", repo: "was" });
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

test("an address that cannot be decoded is a bad request", async () => {
  expect((await fetch(`${forge.apiUrl}/repos/%E0%A4%A/app`)).status).toBe(400);
});

test("a forge that finds its port taken says so and leaves nothing behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "forge-port-"));
  vi.stubEnv("TMPDIR", folder);
  const port = Number(new URL(forge.url).port);
  await expect(startForge({ port })).rejects.toThrow("EADDRINUSE");
  vi.unstubAllEnvs();
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});
