/** POST /code from end to end: the built Worker, real git, GitHub's REST API as the local forge speaks it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ForgeRepository } from "../support/forge/server.ts";
import { makeOddRepository } from "../support/odd-repository.ts";
import { SERVICE_LOGIN, type Service, stable, startService } from "../support/service.ts";

let service: Service;
let mine: ForgeRepository;

beforeAll(async () => {
  service = await startService();
  mine = await service.forge.addRepository(`${SERVICE_LOGIN}/mine`, {
    files: { "README.md": "# Mine\n", "src/app.py": "print('hello')\n", "src/lib.ts": "export {};\n" },
  });
});
afterAll(() => service.close());

const urlOf = (repository: ForgeRepository): string => `${service.forge.url}/${repository.fullName}`;
const PROMPT = 'Replace "hello" with "goodbye" in src/app.py';

test("a prompt becomes a pull request, and every step is told in order", async () => {
  service.forge.log.clear();
  const events = await service.run({ repoUrl: urlOf(mine), prompt: PROMPT });
  const common = { time: "<time>" };
  const step = (seq: number, name: string, message: string, more: object = {}) => ({
    seq,
    ...common,
    type: "progress",
    message,
    step: name,
    ...more,
  });
  const branch = "tiny-backspace/replace-hello-with-goodbye-in-src-app-py-<id>";
  const got = stable(events, service.forge).filter((event) => !(event as { loaded?: number }).loaded) as {
    seq: number;
    type: string;
  }[];
  const renumbered = got.map((event, i) => ({ ...event, seq: i + 1 }));
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  const tools = renumbered.filter(({ type }) => type === "tool");
  expect(tools.length).toBeGreaterThan(0);
  const afterTools = renumbered
    .filter(({ type }) => type !== "tool")
    .map((event, i) => ({ ...event, seq: i + 1 }));
  expect(afterTools).toEqual([
    {
      seq: 1,
      ...common,
      type: "info",
      message: "Working on tiny-bot/mine with the rule_based agent.",
      run_id: "<run id>",
      request: {
        repoUrl: "https://forge/tiny-bot/mine",
        prompt: PROMPT,
        use_llm: false,
        llm_provider: "rule_based",
        use_cloud_sandbox: false,
        sandbox_provider: "local",
        draft: false,
        mode: "pull_request",
        allow_workflows: false,
        limits: { max_turns: 30, max_tokens: 2_000_000, max_cost_usd: 2, timeout_seconds: 300 },
      },
      agent: "rule_based",
      agent_reason:
        "The request did not ask for a language model (use_llm is false), so fixed rules did the work.",
    },
    step(2, "preflight", "Checking access to tiny-bot/mine."),
    {
      seq: 3,
      ...common,
      type: "success",
      message: "tiny-bot/mine is there; the base branch is main.",
      step: "preflight",
      result: { repository: "tiny-bot/mine", base_branch: "main" },
      duration_ms: 0,
    },
    step(4, "clone", "Fetching main without file contents."),
    {
      seq: 5,
      ...common,
      type: "success",
      message: expect.stringMatching(/^Fetched 3 paths at <short> in \d+ bytes\.$/),
      step: "clone",
      result: { base_commit: "<commit>", bytes: expect.any(Number), files: 3 },
      duration_ms: 0,
    },
    step(6, "analyse", "Looking at what is in the repository."),
    {
      seq: 7,
      ...common,
      type: "success",
      message: "3 files; Python, TypeScript.",
      step: "analyse",
      result: { files: 3, languages: ["Python", "TypeScript"] },
      duration_ms: 0,
    },
    step(8, "edit", "The rule_based agent starts."),
    {
      seq: 9,
      ...common,
      type: "change",
      message: "modified src/app.py (+1 -1)",
      path: "src/app.py",
      kind: "modified",
      additions: 1,
      deletions: 1,
    },
    {
      seq: 10,
      ...common,
      type: "success",
      message: 'Replace "hello" with "goodbye" in src/app.py',
      step: "edit",
      result: { title: 'Replace "hello" with "goodbye" in src/app.py' },
      duration_ms: 0,
    },
    {
      seq: 11,
      ...common,
      type: "warning",
      message: "Not verified. No command was run on the change: the request asked for no sandbox.",
      code: "not_verified",
    },
    step(12, "commit", "Writing the commit."),
    {
      seq: 13,
      ...common,
      type: "success",
      message: 'Commit <short>: Replace "hello" with "goodbye" in src/app.py',
      step: "commit",
      result: { commit: "<commit>", title: 'Replace "hello" with "goodbye" in src/app.py' },
      duration_ms: 0,
    },
    step(14, "push", "Pushing a new branch."),
    {
      seq: 15,
      ...common,
      type: "success",
      message: `Pushed https://forge/tiny-bot/mine/tree/${branch}.`,
      step: "push",
      result: { branch, commit: "<commit>", repository: "tiny-bot/mine" },
      duration_ms: 0,
    },
    step(16, "pull_request", "Opening the pull request."),
    {
      seq: 17,
      ...common,
      type: "success",
      message: "Pull request #1 opened: https://forge/tiny-bot/mine/pull/1",
      step: "pull_request",
      result: {},
      duration_ms: 0,
      pr_url: "https://forge/tiny-bot/mine/pull/1",
    },
    {
      seq: 18,
      ...common,
      type: "done",
      message: "Done: 1 file changed, pull request at https://forge/tiny-bot/mine/pull/1.",
      status: "succeeded",
      pr_url: "https://forge/tiny-bot/mine/pull/1",
      branch,
      commit: "<commit>",
      changes: [{ path: "src/app.py", kind: "modified", additions: 1, deletions: 1 }],
      agent: "rule_based",
      agent_reason:
        "The request did not ask for a language model (use_llm is false), so fixed rules did the work.",
      usage: { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, turns: 0 },
    },
  ]);

  expect(service.forge.log.lines()).toEqual([
    "GET /api/v3/repos/tiny-bot/mine 200",
    "POST /tiny-bot/mine.git/git-upload-pack 200",
    "POST /tiny-bot/mine.git/git-upload-pack 200",
    "POST /tiny-bot/mine.git/git-upload-pack 200",
    "POST /tiny-bot/mine.git/git-receive-pack 200",
    "POST /api/v3/repos/tiny-bot/mine/pulls 201",
  ]);
  const done = events.at(-1);
  const [pull] = mine.pullRequests;
  expect(pull).toMatchObject({
    number: 1,
    base: "main",
    draft: false,
    title: 'Replace "hello" with "goodbye" in src/app.py',
  });
  expect(done).toMatchObject({ branch: pull?.head, commit: await mine.git("rev-parse", pull?.head ?? "") });
  expect(await mine.git("show", `${pull?.head}:src/app.py`)).toBe("print('goodbye')");
  expect(pull?.body).toContain("rule_based. The request did not ask for a language model");
  expect(pull?.body).toContain("Not verified");
  expect(await (await fetch(`${service.forge.url}/tiny-bot/mine/pull/1`)).text()).toContain("goodbye");
});

test("what it pushes to a repository of odd entries passes fsck and changes nothing else", async () => {
  const source = makeOddRepository();
  try {
    const odd = await service.forge.addRepository(`${SERVICE_LOGIN}/odd`, { from: source.dir });
    const events = await service.run({
      repoUrl: urlOf(odd),
      prompt: 'Replace "return 1" with "return 2" everywhere',
    });
    const done = events.at(-1);
    if (done?.type !== "done" || done.branch === null) throw new Error(JSON.stringify(done));
    await odd.git("fsck", "--strict", done.branch);
    expect(await odd.git("diff", "--raw", "--abbrev=4", "main", done.branch)).toMatch(
      /^:100644 100644 \w+ \w+ M\tsrc\/app\.js\n:100644 100644 \w+ \w+ M\tsrc\/app\.py$/,
    );
  } finally {
    source.remove();
  }
});

test("/code/legacy streams the same for the original two fields", async () => {
  const response = await service.post("/code/legacy", {
    repoUrl: urlOf(mine),
    prompt: "Create notes.txt containing: hi",
  });
  expect([response.status, response.headers.get("content-type")]).toEqual([
    200,
    "text/event-stream; charset=utf-8",
  ]);
  const text = await response.text();
  expect(text.match(/"type":"done"/g)).toHaveLength(1);
  expect(text).toContain('"status":"succeeded"');
});

test("without the right to push, the branch goes to a fork and the pull request crosses over", async () => {
  const theirs = await service.forge.addRepository("someone/theirs", { files: { "a.txt": "one\n" } });
  const events = await service.run({ repoUrl: urlOf(theirs), prompt: 'Replace "one" with "two" in a.txt' });
  const done = events.at(-1);
  expect(done).toMatchObject({
    type: "done",
    status: "succeeded",
    pr_url: `${service.forge.url}/someone/theirs/pull/1`,
  });
  expect(events.filter((event) => event.type === "warning").map(({ code }) => code)).toEqual([
    "not_verified",
    "forked",
  ]);
  const [pull] = theirs.pullRequests;
  expect(pull).toMatchObject({ headRepository: `${SERVICE_LOGIN}/theirs`, base: "main" });
  const fork = service.forge.repository(`${SERVICE_LOGIN}/theirs`);
  expect(await fork.git("show", `${pull?.head}:a.txt`)).toBe("two");
  expect(await theirs.git("for-each-ref", "--format=%(refname)", "refs/heads")).toBe("refs/heads/main");
});

test("a draft is opened as one, and another base branch is used", async () => {
  await mine.git("branch", "-f", "release/1.x", "main");
  await service.run({
    repoUrl: urlOf(mine),
    prompt: "Create draft.txt containing: hi",
    draft: true,
    base_branch: "release/1.x",
  });
  expect(mine.pullRequests.at(-1)).toMatchObject({ draft: true, base: "release/1.x" });
});

test("mode branch pushes without a pull request, and mode patch pushes nothing", async () => {
  const before = mine.pullRequests.length;
  const branch = (
    await service.run({ repoUrl: urlOf(mine), prompt: "Create b.txt containing: hi", mode: "branch" })
  ).at(-1);
  expect(branch).toMatchObject({
    status: "succeeded",
    pr_url: null,
    branch: expect.stringMatching(/^tiny-backspace\/create-b-txt/),
  });
  service.forge.log.clear();
  const patch = (
    await service.run({ repoUrl: urlOf(mine), prompt: 'Create c.txt with the content "hi"', mode: "patch" })
  ).at(-1);
  expect(patch).toMatchObject({
    status: "succeeded",
    branch: null,
    commit: null,
    patch: expect.stringContaining("+++ b/c.txt\n@@ -0,0 +1,1 @@\n+hi\n"),
  });
  expect(service.forge.log.where({ service: "receive-pack" })).toEqual([]);
  expect(mine.pullRequests).toHaveLength(before);
});

test("a prompt no rule understands changes nothing and says what is understood", async () => {
  service.forge.log.clear();
  const events = await service.run({ repoUrl: urlOf(mine), prompt: "Make it better, somehow" });
  expect(events.at(-1)).toMatchObject({
    type: "done",
    status: "no_changes",
    pr_url: null,
    changes: [],
    understood: expect.arrayContaining([expect.any(String)]),
  });
  expect(service.forge.log.where({ service: "receive-pack" })).toEqual([]);
});

test.each([
  ["an archived repository", "archived", { archived: true, files: { a: "a" } }, {}, "repository_archived"],
  ["an empty repository", "empty", {}, {}, "repository_empty"],
  ["a missing branch", "branchless", { files: { a: "a" } }, { base_branch: "nope" }, "branch_not_found"],
  ["a missing repository", undefined, {}, {}, "repository_not_found"],
  [
    "a read-only repository that may not be forked",
    "someone/closed",
    { allowForking: false, files: { a: "a" } },
    {},
    "permission_denied",
  ],
])("%s ends with an error of its own", async (_what, name, options, more, code) => {
  const fullName = name?.includes("/") ? name : `${SERVICE_LOGIN}/${name ?? "missing"}`;
  if (name !== undefined) await service.forge.addRepository(fullName, options);
  service.forge.log.clear();
  const events = await service.run({
    repoUrl: `${service.forge.url}/${fullName}`,
    prompt: "Create x.txt containing: x",
    ...more,
  });
  expect(events.slice(-2)).toMatchObject([
    { type: "error", code, retryable: false },
    { type: "done", status: "failed", pr_url: null, branch: null, changes: [] },
  ]);
  expect(service.forge.log.where({ method: "POST", kind: "rest" })).toEqual([]);
});

test("bytes fetched do not grow with blobs the run did not read", async () => {
  const files = { "a.txt": "one\n", "b.txt": "b\n" };
  const small = await service.forge.addRepository(`${SERVICE_LOGIN}/small`, {
    files: { ...files, big: "x" },
  });
  const noise = new Uint8Array(5_000_000).map((_, i) => (i * 2654435761) >>> 13);
  const large = await service.forge.addRepository(`${SERVICE_LOGIN}/large`, {
    files: { ...files, big: noise },
  });
  const fetched: number[] = [];
  for (const repository of [small, large]) {
    service.forge.log.clear();
    await service.run({ repoUrl: urlOf(repository), prompt: 'Replace "one" with "two" in a.txt' });
    fetched.push(
      service.forge.log.where({ service: "upload-pack" }).reduce((sum, { bytesOut }) => sum + bytesOut, 0),
    );
  }
  const [little = 0, much = 0] = fetched;
  expect(Math.abs(much - little)).toBeLessThan(20);
});
