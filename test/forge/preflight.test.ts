import { expect, test } from "vitest";
import { startForge } from "../support/forge/server.ts";
import { everythingIn, failure, LOGIN, SPELLINGS, setUp, TOKEN } from "./harness.ts";

const REF = { owner: "acme", name: "widgets" };

test("preflight learns everything about a repository from one request", async () => {
  await using setup = await setUp();
  await setup.server.addRepository("acme/widgets", {
    files: { "README.md": "Widgets\n" },
    defaultBranch: "trunk",
    sizeKb: 42,
    permissions: { [LOGIN]: "write" },
  });

  const repository = await setup.forge.preflight(REF, setup.call);

  expect(repository).toEqual({
    ref: REF,
    htmlUrl: `${setup.server.url}/acme/widgets`,
    defaultBranch: "trunk",
    archived: false,
    private: false,
    canPush: true,
    allowForking: true,
    sizeKb: 42,
  });
  expect(setup.requests()).toEqual(["GET /repos/acme/widgets"]);
});

test("preflight reports what stands in the way of a push", async () => {
  await using setup = await setUp();
  await setup.server.addRepository("acme/widgets", { archived: true, allowForking: false });

  const repository = await setup.forge.preflight(REF, setup.call);

  expect(repository).toEqual({
    ref: REF,
    htmlUrl: `${setup.server.url}/acme/widgets`,
    defaultBranch: "main",
    archived: true,
    private: false,
    canPush: false,
    allowForking: false,
    sizeKb: 0,
  });
});

test("nobody may push without a token", async () => {
  await using setup = await setUp({ token: " " });
  await setup.server.addRepository("acme/widgets", { files: { a: "1\n" } });

  const repository = await setup.forge.preflight(REF, setup.call);

  expect([setup.forge.authenticated, repository.canPush]).toEqual([false, false]);
});

test("a renamed repository answers with the name it has now", async () => {
  await using setup = await setUp();
  await setup.server.addRepository("acme/gadgets", { files: { a: "1\n" }, renamedTo: "acme/widgets" });

  const repository = await setup.forge.preflight({ owner: "acme", name: "gadgets" }, setup.call);

  expect(repository.ref).toEqual(REF);
  expect(setup.server.log.entries.map(({ status, authorization }) => [status, authorization])).toEqual([
    [301, LOGIN],
    [200, LOGIN],
  ]);
});

test("attack 4: a redirect to another server is not followed, and the token goes nowhere", async () => {
  await using setup = await setUp();
  await using canary = await startForge();
  setup.fault({}, { redirect: `${canary.url}/api/v3/repos/acme/widgets` });

  const error = await failure(setup.forge.preflight(REF, setup.call));

  expect([error.code, error.retryable, setup.stable(error.message)]).toEqual([
    "forbidden",
    false,
    `"forge" redirected to "${canary.url}". The redirect was not followed, because it would carry the request and its ` +
      "token to another server: use the address the server has now.",
  ]);
  expect(canary.log.entries).toEqual([]);
  expect(setup.requests()).toEqual(["GET /repos/acme/widgets"]);
  expect(SPELLINGS.filter((spelling) => everythingIn(error).includes(spelling))).toEqual([]);
});

test("a remote carries credentials beside its URL, never in it", async () => {
  await using setup = await setUp();
  const url = `${setup.server.url}/acme/widgets.git`;

  expect(setup.forge.remote(REF)).toEqual({ url, authorization: `Basic ${btoa(`x-access-token:${TOKEN}`)}` });
  expect(setup.another({ token: undefined }).remote(REF)).toEqual({ url, authorization: undefined });
});

test("a branch's page is addressed with its slashes kept and the rest encoded", async () => {
  await using setup = await setUp();

  expect(setup.stable(setup.forge.branchUrl(REF, "tiny-backspace/what?#%-x"))).toBe(
    "https://forge/acme/widgets/tree/tiny-backspace/what%3F%23%25-x",
  );
});
