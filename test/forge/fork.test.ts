import { describe, expect, test } from "vitest";
import type { Repository } from "../../src/forge/forge.ts";
import { failure, type Harness, LOGIN, setUp } from "./harness.ts";

const REF = { owner: "acme", name: "widgets" };
const FORK = { owner: LOGIN, name: "widgets" };
const FILES = { "README.md": "Widgets\n" };
const POST_FORK = "POST /repos/acme/widgets/forks";
const PROBE = `/${LOGIN}/widgets.git/info/refs`;
const COPYING = 'GitHub is still copying the fork "octocat/widgets"';

const repository: Repository = {
  ref: REF,
  htmlUrl: "https://forge/acme/widgets",
  defaultBranch: "main",
  archived: false,
  private: false,
  canPush: false,
  allowForking: true,
  sizeKb: 1,
};

async function answerOf(setup: Harness, fullName: string): Promise<string> {
  const response = await fetch(`${setup.server.apiUrl}/repos/${fullName}`);
  const text = await response.text();
  setup.server.log.clear();
  return text;
}

describe("fork", () => {
  test("makes a fork and checks that git reaches it", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES });

    const fork = await setup.forge.fork(repository, setup.call);

    expect(fork).toEqual(FORK);
    expect(setup.requests()).toEqual([POST_FORK, PROBE]);
    expect(setup.server.log.where({ kind: "git" }).map((entry) => entry.authorization)).toEqual([LOGIN]);
    expect(setup.told).toEqual([]);
  });

  test("takes the fork that is there, also under another name", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES });
    await setup.server.addRepository(`${LOGIN}/widgets`, { files: { mine: "1\n" } });

    const first = await setup.forge.fork(repository, setup.call);
    const second = await setup.forge.fork(repository, setup.call);

    expect([first, second]).toEqual(Array(2).fill({ owner: LOGIN, name: "widgets-1" }));
    expect(setup.server.repositories().map(({ fullName }) => fullName)).toEqual([
      "acme/widgets",
      "octocat/widgets",
      "octocat/widgets-1",
    ]);
  });

  test("of a fork is the one in its network, which names the root only", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES });
    setup.server.accounts.add("ghp_other", { login: "other" });
    const theirs = await setup.another({ token: "ghp_other" }).fork(repository, setup.call);
    await setup.forge.fork(repository, setup.call);
    setup.server.log.clear();

    const fork = await setup.forge.fork({ ...repository, ref: theirs }, setup.call);

    expect(fork).toEqual(FORK);
    expect(setup.requests()).toEqual(["POST /repos/other/widgets/forks", "GET /repos/other/widgets", PROBE]);
  });

  test("waits until git reaches the fork, and says so", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES });
    setup.fault({ kind: "git" }, { status: 404 }, 3);

    const fork = await setup.forge.fork(repository, setup.call);

    expect(fork).toEqual(FORK);
    expect(setup.told).toEqual([1000, 2000, 4000].map((milliseconds) => ({ reason: COPYING, milliseconds })));
    expect(setup.requests()).toEqual([POST_FORK, PROBE, PROBE, PROBE, PROBE]);
  });

  test("is patient with a git server that fails", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES });
    setup.fault({ kind: "git", nth: 1 }, { dropReply: true });
    setup.fault({ kind: "git", nth: 2 }, { status: 503 });

    expect(await setup.forge.fork(repository, setup.call)).toEqual(FORK);
    expect(setup.slept).toEqual([1000, 2000]);
  });

  test("gives up after a minute, with an error that may be tried again", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES });
    setup.fault({ kind: "git" }, { status: 404 });

    const error = await failure(setup.forge.fork(repository, setup.call));

    expect([error.code, error.retryable, error.message]).toEqual([
      "forge_unavailable",
      true,
      'The fork "octocat/widgets" was made, but git cannot reach it after 60 seconds. Try again in a few minutes.',
    ]);
    expect(setup.slept).toEqual([1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000, 8000, 5000]);
  });

  test("stops waiting when it is aborted", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES });
    setup.fault({ kind: "git" }, { status: 404 });
    const reason = new Error("the user changed their mind");
    const onWait = () => setup.controller.abort(reason);

    await expect(setup.forge.fork(repository, { signal: setup.controller.signal, onWait })).rejects.toBe(
      reason,
    );
    expect(setup.requests()).toEqual([POST_FORK, PROBE]);
  });

  test("repeats a request whose answer was lost without making a second fork", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES });
    setup.fault({ method: "POST", nth: 1 }, { dropReply: true });

    expect(await setup.forge.fork(repository, setup.call)).toEqual(FORK);
    expect(setup.requests()).toEqual([POST_FORK, POST_FORK, PROBE]);
    expect(setup.server.repositories()).toHaveLength(2);
  });

  test("is not needed where the token may push", async () => {
    await using setup = await setUp();

    expect(await setup.forge.fork({ ...repository, canPush: true }, setup.call)).toEqual(REF);
    expect(setup.requests()).toEqual([]);
  });
});

describe("fork_refused", () => {
  test("without a token, before any request", async () => {
    await using setup = await setUp({ token: undefined });

    const error = await failure(setup.forge.fork(repository, setup.call));

    expect([error.code, error.message, setup.requests()]).toEqual([
      "fork_refused",
      'Forking "acme/widgets" needs a token: send one in X-GitHub-Token or set GITHUB_TOKEN.',
      [],
    ]);
  });

  test("when the repository does not allow forks, before any request", async () => {
    await using setup = await setUp();

    const error = await failure(setup.forge.fork({ ...repository, allowForking: false }, setup.call));

    expect([error.code, error.message, setup.requests()]).toEqual([
      "fork_refused",
      '"acme/widgets" does not allow forks, and this token may not push to it. Ask its owner for write access.',
      [],
    ]);
  });

  test("when GitHub says that forking is disabled", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES, allowForking: false });

    const error = await failure(setup.forge.fork(repository, setup.call));

    expect([error.code, error.message, setup.requests()]).toEqual([
      "fork_refused",
      'Could not fork "acme/widgets": "acme/widgets" does not allow forks, and this token may not push to it. Ask its ' +
        "owner for write access.",
      [POST_FORK],
    ]);
  });

  test("when the token may not make repositories", async () => {
    await using setup = await setUp();
    setup.fault(
      {},
      {
        status: 403,
        headers: {
          "content-type": "application/json",
          "x-accepted-github-permissions": "administration=write,contents=read",
        },
        body: { message: "Resource not accessible by personal access token" },
      },
    );

    const error = await failure(setup.forge.fork(repository, setup.call));

    expect([error.code, error.retryable, setup.stable(error.message)]).toEqual([
      "fork_refused",
      false,
      'Could not fork "acme/widgets": this token may not. It needs the permission administration: write, contents: ' +
        "read: edit it at https://forge/settings/tokens.",
    ]);
  });

  test("when the repository is the token owner's own", async () => {
    await using setup = await setUp();
    await setup.server.addRepository(`${LOGIN}/widgets`, { files: FILES });
    const own = await answerOf(setup, `${LOGIN}/widgets`);
    const headers = { "content-type": "application/json" };
    setup.fault({ method: "POST" }, { status: 202, headers, body: own });

    const error = await failure(setup.forge.fork({ ...repository, ref: FORK }, setup.call));

    expect([error.code, error.message]).toEqual([
      "fork_refused",
      '"octocat/widgets" belongs to the token\'s owner and so cannot be forked. Give the token write access to its ' +
        "contents.",
    ]);
    expect(setup.requests()).toEqual([`POST /repos/${LOGIN}/widgets/forks`]);
  });

  test("when the answer is a repository of the same name that is no fork", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES });
    await setup.server.addRepository(`${LOGIN}/widgets`, { files: { mine: "1\n" } });
    const unrelated = await answerOf(setup, `${LOGIN}/widgets`);
    const headers = { "content-type": "application/json" };
    setup.fault({ method: "POST" }, { status: 202, headers, body: unrelated });

    const error = await failure(setup.forge.fork(repository, setup.call));

    expect([error.code, error.message]).toEqual([
      "fork_refused",
      '"octocat/widgets" is in the way of a fork: it is not a fork of "acme/widgets". Rename it, then try again.',
    ]);
    expect(setup.requests().filter((request) => request.includes("git"))).toEqual([]);
  });

  test("when the answer is a fork of something else", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES });
    await setup.server.addRepository("other/widgets", { files: FILES });
    await setup.forge.fork({ ...repository, ref: { owner: "other", name: "widgets" } }, setup.call);
    const elsewhere = await answerOf(setup, `${LOGIN}/widgets`);
    const headers = { "content-type": "application/json" };
    setup.fault({ method: "POST" }, { status: 202, headers, body: elsewhere });

    const error = await failure(setup.forge.fork(repository, setup.call));

    expect(error.code).toBe("fork_refused");
  });
});

test("an empty repository cannot be forked, and the error says what is missing", async () => {
  await using setup = await setUp();
  await setup.server.addRepository("acme/widgets");

  const error = await failure(setup.forge.fork(repository, setup.call));

  expect([error.code, error.message]).toEqual([
    "repository_empty",
    'Could not fork "acme/widgets": "acme/widgets" is empty. Push a first commit to it.',
  ]);
});

describe("syncFork", () => {
  test("brings a fork's branch to its parent's commit", async () => {
    await using setup = await setUp();
    const parent = await setup.server.addRepository("acme/widgets", { files: FILES });
    const fork = await setup.forge.fork(repository, setup.call);
    const commit = await parent.commit({ "new.txt": "new\n" });
    setup.server.log.clear();

    await setup.forge.syncFork(fork, "main", setup.call);

    expect(await setup.server.repository(`${LOGIN}/widgets`).git("rev-parse", "main")).toBe(commit);
    expect(setup.requests()).toEqual([`POST /repos/${LOGIN}/widgets/merge-upstream`]);
  });

  test("says when the branches conflict", async () => {
    await using setup = await setUp();
    const parent = await setup.server.addRepository("acme/widgets", { files: FILES });
    const fork = await setup.forge.fork(repository, setup.call);
    await parent.commit({ "README.md": "theirs\n" });
    await setup.server.repository(`${LOGIN}/widgets`).commit({ "README.md": "ours\n" });

    const error = await failure(setup.forge.syncFork(fork, "main", setup.call));

    expect([error.code, error.message]).toEqual([
      "forge_conflict",
      'Could not bring the fork "octocat/widgets" up to date: it conflicts with the repository\'s state (There are ' +
        "merge conflicts between the two branches.). Resolve the conflict on GitHub, then try again.",
    ]);
  });

  test("says when the parent has no such branch", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: FILES });
    const fork = await setup.forge.fork(repository, setup.call);

    const error = await failure(setup.forge.syncFork(fork, "gone", setup.call));

    expect([error.code, error.message]).toEqual([
      "forge_rejected",
      'Could not bring the fork "octocat/widgets" up to date: GitHub rejected the request (The upstream repository has ' +
        "no branch gone.). Correct it and try again.",
    ]);
  });
});
