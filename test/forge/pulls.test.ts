import { describe, expect, test } from "vitest";
import type { PullRequestDraft } from "../../src/forge/forge.ts";
import type { ForgeRepository } from "../support/forge/server.ts";
import { everythingIn, failure, type Harness, LOGIN, SPELLINGS, setUp } from "./harness.ts";

const REF = { owner: "acme", name: "widgets" };
const BRANCH = "tiny-backspace/greet-x1y2z3";
const CREATE = "POST /repos/acme/widgets/pulls";
const LOOK_UP = "GET /repos/acme/widgets/pulls";
const UPDATE = "PATCH /repos/acme/widgets/pulls/1";

const draft: PullRequestDraft = {
  base: REF,
  baseBranch: "main",
  head: REF,
  headBranch: BRANCH,
  title: "Greet people",
  body: "A greeting.\n",
  draft: false,
};

type WithBranch = Harness & { readonly widgets: ForgeRepository };

async function setUpBranch(options: { readonly allowDrafts?: boolean } = {}): Promise<WithBranch> {
  const setup = await setUp();
  const widgets = await setup.server.addRepository("acme/widgets", {
    files: { "README.md": "Widgets\n" },
    permissions: { [LOGIN]: "write" },
    ...options,
  });
  await widgets.git("branch", BRANCH, "main");
  await widgets.commit({ "hello.txt": "hello\n" }, { branch: BRANCH });
  return { ...setup, widgets };
}

/** Timeouts of which only the first request's ever comes, and when it is told. */
function expiring() {
  const first = new AbortController();
  const signals = [first.signal];
  return {
    timeout: () => signals.shift() ?? new AbortController().signal,
    expire: () => first.abort(new DOMException("too slow", "TimeoutError")),
  };
}

const opened = {
  number: 1,
  title: draft.title,
  body: draft.body,
  state: "open",
  draft: false,
  author: LOGIN,
  base: "main",
  head: BRANCH,
  headRepository: "acme/widgets",
};

describe("openPullRequest", () => {
  test("opens one for a branch of the repository itself, in one request", async () => {
    await using setup = await setUpBranch();

    const pull = await setup.forge.openPullRequest(draft, setup.call);

    expect(pull).toEqual({
      number: 1,
      url: `${setup.server.url}/acme/widgets/pull/1`,
      created: true,
      draftRefused: false,
    });
    expect(setup.widgets.pullRequests).toEqual([opened]);
    expect(setup.requests()).toEqual([CREATE]);
  });

  test("opens one from a fork, which the maintainers may change", async () => {
    await using setup = await setUp();
    await setup.server.addRepository("acme/widgets", { files: { "README.md": "Widgets\n" } });
    const fork = await setup.forge.fork(await setup.forge.preflight(REF, setup.call), setup.call);
    const copy = setup.server.repository(`${LOGIN}/widgets`);
    await copy.git("branch", BRANCH, "main");
    await copy.commit({ "hello.txt": "hello\n" }, { branch: BRANCH });

    const pull = await setup.forge.openPullRequest({ ...draft, head: fork }, setup.call);

    expect(pull).toEqual({
      number: 1,
      url: `${setup.server.url}/acme/widgets/pull/1`,
      created: true,
      draftRefused: false,
    });
    expect(setup.server.repository("acme/widgets").pullRequests).toEqual([
      { ...opened, headRepository: "octocat/widgets" },
    ]);
    const answer = await fetch(`${setup.server.apiUrl}/repos/acme/widgets/pulls/1`);
    expect(await answer.json()).toMatchObject({ maintainer_can_modify: true });
  });

  test("opens a draft where drafts are supported", async () => {
    await using setup = await setUpBranch();

    const pull = await setup.forge.openPullRequest({ ...draft, draft: true }, setup.call);

    expect(pull.draftRefused).toBe(false);
    expect(setup.widgets.pullRequests).toEqual([{ ...opened, draft: true }]);
  });

  test("opens an ordinary one where they are not, and says so", async () => {
    await using setup = await setUpBranch({ allowDrafts: false });

    const pull = await setup.forge.openPullRequest({ ...draft, draft: true }, setup.call);

    expect([pull.created, pull.draftRefused]).toEqual([true, true]);
    expect(setup.widgets.pullRequests).toEqual([opened]);
    expect(setup.requests()).toEqual([CREATE, CREATE]);
  });

  test("updates the one that is open for the branch", async () => {
    await using setup = await setUpBranch();
    await setup.forge.openPullRequest({ ...draft, title: "Old", body: "old" }, setup.call);
    setup.server.log.clear();

    const pull = await setup.forge.openPullRequest(draft, setup.call);

    expect(pull).toEqual({
      number: 1,
      url: `${setup.server.url}/acme/widgets/pull/1`,
      created: false,
      draftRefused: false,
    });
    expect(setup.widgets.pullRequests).toEqual([opened]);
    expect(setup.requests()).toEqual([CREATE, LOOK_UP, UPDATE]);
    expect(setup.server.log.where({ method: "GET" }).map(({ query }) => decodeURIComponent(query))).toEqual([
      `state=all&head=acme:${BRANCH}`,
    ]);
  });

  test.each([
    ["at the first try", undefined],
    ["when the answer to the addition is lost", { method: "PATCH", nth: 1 }],
  ] as const)("adds to the one that is open what is to be added, %s", async (_when, lost) => {
    await using setup = await setUpBranch();
    await setup.forge.openPullRequest({ ...draft, title: "Old", body: "old" }, setup.call);
    if (lost !== undefined) setup.fault(lost, { dropReply: true });
    const addition = { id: "run-2", section: "Done in run-2.", short: "Also run-2." };

    const pull = await setup.forge.openPullRequest({ ...draft, draft: true }, setup.call, {
      id: "run-2",
      addition,
      maybeOpened: true,
    });
    const again = await setup.forge.openPullRequest({ ...draft, draft: true }, setup.call, {
      id: "run-2",
      addition,
      maybeOpened: true,
    });

    const url = `${setup.server.url}/acme/widgets/pull/1`;
    expect(pull).toEqual({ number: 1, url, created: false, added: "whole", draftRefused: false });
    expect(again).toEqual(pull);
    expect(setup.widgets.pullRequests).toEqual([{ ...opened, title: "Old", body: "old\n\nDone in run-2." }]);
  });

  test("takes for its own, behind a lost answer, the one that it opened though it had something to add", async () => {
    await using setup = await setUpBranch();
    setup.fault({ method: "POST", nth: 1 }, { dropReply: true });
    const own = { ...draft, body: "Made in run-2." };
    const addition = { id: "run-2", section: "Done in run-2.", short: "Also run-2." };

    const pull = await setup.forge.openPullRequest(own, setup.call, { id: "run-2", addition });

    expect([pull.created, setup.widgets.pullRequests]).toEqual([true, [{ ...opened, body: own.body }]]);
  });

  test("leaves alone the one that already says the same", async () => {
    await using setup = await setUpBranch();
    await setup.forge.openPullRequest(draft, setup.call);
    setup.server.log.clear();

    const pull = await setup.forge.openPullRequest(draft, setup.call);

    expect(pull.created).toBe(false);
    expect(setup.requests()).toEqual([CREATE, LOOK_UP]);
  });

  test("says what GitHub finds wrong", async () => {
    await using setup = await setUpBranch();

    const same = await failure(setup.forge.openPullRequest({ ...draft, headBranch: "main" }, setup.call));
    const gone = await failure(setup.forge.openPullRequest({ ...draft, headBranch: "gone" }, setup.call));

    expect([same.code, same.message]).toEqual([
      "forge_rejected",
      'Could not open a pull request on "acme/widgets": GitHub rejected the request (No commits between main and main). ' +
        "The branch has nothing that its base lacks: start again from the base branch.",
    ]);
    expect([gone.code, gone.message]).toEqual([
      "forge_rejected",
      'Could not open a pull request on "acme/widgets": GitHub rejected the request (head is not valid). Check that the ' +
        "branches still exist.",
    ]);
    expect(setup.requests()).toEqual([CREATE, CREATE]);
  });

  test.each([
    [401, "invalid_token"],
    [403, "permission_denied"],
    [404, "repository_not_found"],
    [409, "forge_conflict"],
    [451, "permission_denied"],
  ])("is not sent again after %i", async (status, code) => {
    await using setup = await setUpBranch();
    setup.fault({ method: "POST" }, { status });

    const error = await failure(setup.forge.openPullRequest(draft, setup.call));

    expect([error.code, setup.requests()]).toEqual([code, [CREATE]]);
  });

  test("waits out a rate limit, which a refused request cannot have got past", async () => {
    await using setup = await setUpBranch();
    setup.fault(
      { method: "POST", nth: 1 },
      { status: 403, headers: { "retry-after": "60" }, body: { message: "secondary rate limit" } },
    );

    const pull = await setup.forge.openPullRequest(draft, setup.call);

    expect(pull.created).toBe(true);
    expect(setup.sent).toEqual([0, 60_000]);
    expect(setup.requests()).toEqual([CREATE, CREATE]);
  });
});

describe("attack 26: a pull request whose answer is lost is opened once", () => {
  test.each([
    ["the reply is dropped", { dropReply: true }],
    ["the reply is cut", { cutAfterBytes: 40 }],
  ] as const)("when %s after the create", async (_name, fault) => {
    await using setup = await setUpBranch();
    setup.fault({ method: "POST", nth: 1 }, fault);

    const pull = await setup.forge.openPullRequest(draft, setup.call);

    expect(pull).toEqual({
      number: 1,
      url: `${setup.server.url}/acme/widgets/pull/1`,
      created: true,
      draftRefused: false,
    });
    expect(setup.widgets.pullRequests).toEqual([opened]);
    expect(setup.requests()).toEqual([CREATE, LOOK_UP]);
    expect(setup.told).toEqual([]);
  });

  test.each([true, false])("when it was to be a draft, and drafts are supported: %s", async (allowDrafts) => {
    await using setup = await setUpBranch({ allowDrafts });
    setup.fault({ method: "POST", nth: allowDrafts ? 1 : 2 }, { dropReply: true });

    const pull = await setup.forge.openPullRequest({ ...draft, draft: true }, setup.call);

    expect([pull.created, pull.draftRefused]).toEqual([true, !allowDrafts]);
    expect(setup.widgets.pullRequests).toEqual([{ ...opened, draft: allowDrafts }]);
  });

  test("when the create takes longer than a request may", async () => {
    await using setup = await setUpBranch();
    const slow = expiring();
    const held = setup.fault({ method: "POST", nth: 1 }, { hold: new Promise(() => undefined), at: "reply" });

    const opening = setup.another({ timeout: slow.timeout }).openPullRequest(draft, setup.call);
    await held.reached();
    slow.expire();

    expect(await opening).toEqual({
      number: 1,
      url: `${setup.server.url}/acme/widgets/pull/1`,
      created: true,
      draftRefused: false,
    });
    expect(setup.widgets.pullRequests).toEqual([opened]);
    expect(setup.requests()).toEqual([CREATE, LOOK_UP]);
  });

  test("when the server fails before it opens one, the create is sent again", async () => {
    await using setup = await setUpBranch();
    setup.fault({ method: "POST" }, { status: 502 }, 2);

    const pull = await setup.forge.openPullRequest(draft, setup.call);

    expect(pull.created).toBe(true);
    expect(setup.widgets.pullRequests).toEqual([opened]);
    expect(setup.requests()).toEqual([CREATE, LOOK_UP, CREATE, LOOK_UP, CREATE]);
    expect(setup.told).toEqual([
      { reason: "GitHub answered 502", milliseconds: 750 },
      { reason: "GitHub answered 502", milliseconds: 1500 },
    ]);
  });

  test("when the create lands only after the look-up, the repeated one finds it", async () => {
    await using setup = await setUpBranch();
    const slow = expiring();
    const held = setup.fault({ method: "POST", nth: 1 }, { hold: new Promise(() => undefined) });
    setup.fault(
      { method: "GET", nth: 1 },
      { status: 200, headers: { "content-type": "application/json" }, body: "[]" },
    );

    const opening = setup.another({ timeout: slow.timeout }).openPullRequest(draft, setup.call);
    await held.reached();
    // lands in the place of the one that is held
    await setup.forge.openPullRequest(draft, setup.call);
    slow.expire();

    expect(await opening).toEqual({
      number: 1,
      url: `${setup.server.url}/acme/widgets/pull/1`,
      created: true,
      draftRefused: false,
    });
    expect(setup.widgets.pullRequests).toEqual([opened]);
    expect(setup.requests()).toEqual([CREATE, CREATE, LOOK_UP, CREATE, LOOK_UP]);
  });

  test("when every answer is lost, the error is a passing one and nothing is opened twice", async () => {
    await using setup = await setUpBranch();
    setup.fault({ kind: "rest" }, { dropReply: true });

    const error = await failure(setup.forge.openPullRequest(draft, setup.call));

    expect([error.code, error.retryable]).toEqual(["network_error", true]);
    expect(setup.widgets.pullRequests).toEqual([opened]);
    expect(setup.requests()).toEqual([CREATE, LOOK_UP, LOOK_UP, LOOK_UP]);
    expect(SPELLINGS.filter((spelling) => everythingIn(error).includes(spelling))).toEqual([]);
  });

  test("when the server fails for good, after three creates", async () => {
    await using setup = await setUpBranch();
    setup.fault({ method: "POST" }, { status: 500 });

    const error = await failure(setup.forge.openPullRequest(draft, setup.call));

    expect([error.code, error.retryable, error.message]).toEqual([
      "forge_unavailable",
      true,
      'Could not open a pull request on "acme/widgets": GitHub answered 500. Try again in a few minutes.',
    ]);
    expect(setup.requests()).toEqual([CREATE, LOOK_UP, CREATE, LOOK_UP, CREATE, LOOK_UP]);
  });

  test("another pull request of the same owner's branch is never taken for it", async () => {
    await using setup = await setUpBranch();
    await setup.widgets.git("branch", "other", BRANCH);
    await setup.forge.openPullRequest({ ...draft, headBranch: "other", title: "Other" }, setup.call);
    const all = await fetch(`${setup.server.apiUrl}/repos/acme/widgets/pulls`);
    // a server that ignores the filter
    setup.fault(
      { method: "GET" },
      { status: 200, headers: { "content-type": "application/json" }, body: await all.text() },
    );
    setup.fault({ method: "POST", nth: 1 }, { status: 502 });

    const pull = await setup.forge.openPullRequest(draft, setup.call);

    expect(pull).toEqual({
      number: 2,
      url: `${setup.server.url}/acme/widgets/pull/2`,
      created: true,
      draftRefused: false,
    });
    expect(setup.widgets.pullRequests.map(({ title }) => title)).toEqual(["Other", "Greet people"]);
  });
});
