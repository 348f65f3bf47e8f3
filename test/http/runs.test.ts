/** The routes of runs: how they start, what they answer, how they go on, and how pages are turned. */
import { describe, expect, it } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import type { RunPage, RunView } from "../../src/run/host.ts";
import { runIdOf } from "../support/memory-host.ts";
import { finished, GOOD, goesOn, ID, ids, JSON_ONLY, problem } from "../support/run-answers.ts";
import { createTestApp, NOW, TIME } from "../support/test-app.ts";

describe("starting a run", () => {
  it.each([
    ["/code", GOOD],
    ["/code/legacy", GOOD],
  ])("by POST %s streams its events, and says where to find it", async (path, body) => {
    const { post } = createTestApp({ script: finished });
    const response = await post(path, body);
    const { headers } = response;
    expect([response.status, headers.get("x-run-id"), headers.get("location")]).toEqual([
      200,
      ID,
      `/runs/${ID}`,
    ]);
    expect([headers.get("idempotent-replayed"), ids(await response.text())]).toEqual([null, ["1", "2"]]);
  });

  it("answers 202 with the run when JSON is preferred, and waits for nothing", async () => {
    const { post, host } = createTestApp({ script: goesOn });
    const response = await post("/code", GOOD, JSON_ONLY);
    expect([response.status, response.headers.get("x-run-id"), response.headers.get("location")]).toEqual([
      202,
      ID,
      `/runs/${ID}`,
    ]);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toMatchObject({ id: ID, status: "running", repository: "octocat/hello" });
    expect(host.open()).toBe(0);
  });

  it.each([
    [undefined, 200],
    ["*/*", 200],
    ["text/event-stream", 200],
    ["application/*", 200],
    ["text/html, */*;q=0.1", 200],
    ["application/json, text/event-stream", 200],
    ["application/json;q=0.5, text/event-stream;q=0.9", 200],
    ["application/json;q=0, */*", 200],
    ["application/json", 202],
    ["Application/JSON; charset=utf-8", 202],
    ["application/json, text/plain, */*", 202],
    ["text/event-stream;q=0.4, application/json;q=0.5", 202],
    ["text/event-stream;q=0, application/json", 202],
  ])("with Accept: %s answers %i", async (accept, status) => {
    const response = await createTestApp().post("/code", GOOD, accept === undefined ? {} : { accept });
    expect(response.status).toBe(status);
    await response.body?.cancel();
  });

  it("is refused in one answer when the host does not take it, with the time to come back", async () => {
    const full = new ServiceError("too_many_runs", "You have 10 runs at once; wait for one to end.", {
      retryAt: NOW + 29_500,
    });
    const { post } = createTestApp({ host: { start: () => Promise.reject(full) } });
    const response = await post("/code", GOOD);
    expect([response.headers.get("retry-after"), response.headers.get("x-run-id")]).toEqual(["30", null]);
    expect(await problem(response)).toEqual([429, "too_many_runs", full.message]);
  });

  it("leaves the run alone when its reader goes away", async () => {
    const { post, get, host } = createTestApp({ script: goesOn });
    await (await post("/code", GOOD)).body?.cancel();
    const view = (await (await get(`/runs/${ID}`)).json()) as RunView;
    expect([view.status, host.open(), host.asked]).toEqual(["running", 0, [`view ${ID}`]]);
  });
});

describe("a run", () => {
  it("is shown as it is", async () => {
    const { post, get } = createTestApp({ script: finished });
    const started = await (await post("/code", GOOD, JSON_ONLY)).json();
    const response = await get(`/runs/${ID}`);
    expect([response.status, await response.json()]).toEqual([200, started]);
    expect(started).toMatchObject({ status: "no_changes", finished_at: TIME, last_event_id: 2 });
  });

  it("is cancelled once, however often that is asked", async () => {
    const { app, post, get, runs } = createTestApp({ script: goesOn });
    await post("/code", GOOD, JSON_ONLY);
    const cancel = async () => (await app.request(`/runs/${ID}`, { method: "DELETE" })).json();
    const first = (await cancel()) as RunView;
    expect([first.status, first.last_event_id]).toEqual(["cancelled", 2]);
    expect(await cancel()).toEqual(first);
    expect(ids(await (await get(`/runs/${ID}/events`)).text())).toEqual(["1", "2"]);
    expect(runs).toHaveLength(1);
  });

  it("has a patch, or 204 when nothing changed", async () => {
    const { post, get, runs } = createTestApp({ script: finished });
    await post("/code", GOOD, JSON_ONLY);
    const none = await get(`/runs/${ID}/patch`);
    expect([none.status, await none.text()]).toEqual([204, ""]);
    const patch = "diff --git a/ü b/ü\nnew file mode 100644\n--- /dev/null\n+++ b/ü\n@@ -0,0 +1 @@\n+x\n";
    for (const run of runs) run.patch = patch;
    const some = await get(`/runs/${ID}/patch`);
    expect([some.status, some.headers.get("content-type"), await some.text()]).toEqual([
      200,
      "text/x-diff; charset=utf-8",
      patch,
    ]);
  });

  it("that has not ended has no patch yet, and no other prompt", async () => {
    const busy = new ServiceError("run_in_progress", "The run has not ended; wait for it or cancel it.");
    const { get, post } = createTestApp({ script: goesOn, host: { patch: () => Promise.reject(busy) } });
    await post("/code", GOOD, JSON_ONLY);
    expect(await problem(await get(`/runs/${ID}/patch`))).toEqual([409, "run_in_progress", busy.message]);
    expect(await problem(await post(`/runs/${ID}/prompt`, { prompt: "Go on" }))).toEqual([
      409,
      "run_in_progress",
      "The run has not ended.",
    ]);
  });

  it.each(["", "/patch"])("answers HEAD %s like GET, without a body", async (path) => {
    const { post, get } = createTestApp({ script: finished });
    await post("/code", GOOD, JSON_ONLY);
    const [head, full] = [await get(`/runs/${ID}${path}`, {}, "HEAD"), await get(`/runs/${ID}${path}`)];
    expect([head.status, [...head.headers], await head.text()]).toEqual([full.status, [...full.headers], ""]);
  });
});

describe("another prompt for a run", () => {
  const FIRST = {
    ...GOOD,
    use_llm: true,
    llm_provider: "openai",
    llm_model: "gpt-4",
    use_cloud_sandbox: true,
    sandbox_provider: "docker",
    base_branch: "main",
    draft: true,
    test_command: "npm test",
    protected_paths: ["*.lock"],
    allow_workflows: true,
    limits: { max_turns: 7, max_tokens: 5_000, max_cost_usd: 1, timeout_seconds: 60 },
  };

  /** Starts a run, then one that goes on from it; the requests of both. */
  async function goOn(body: object) {
    const app = createTestApp();
    await app.post("/config", { default_llm_provider: "anthropic", default_llm_model: "claude-test" });
    await app.post("/code", FIRST, JSON_ONLY);
    const response = await app.post(`/runs/${ID}/prompt`, body, JSON_ONLY);
    expect(response.status).toBe(202);
    return { response, requests: app.runs.map(({ request }) => request) };
  }

  it("is a run of its own on the same branch, and says what it left out as before", async () => {
    const { response, requests } = await goOn({ prompt: "Go on" });
    expect([response.headers.get("x-run-id"), response.headers.get("location")]).toEqual([
      runIdOf(2),
      `/runs/${runIdOf(2)}`,
    ]);
    expect(requests[1]).toEqual({
      ...requests[0],
      prompt: "Go on",
      continues: {
        run_id: ID,
        head: { owner: "octocat", name: "hello" },
        branch: "topic",
        base_branch: "main",
      },
    });
    expect(await response.json()).toMatchObject({ id: runIdOf(2), continues: ID });
  });

  it.each([
    [{ use_llm: false }, { use_llm: false, llm_provider: "openai", llm_model: "gpt-4" }],
    [{ llm_provider: "anthropic" }, { llm_provider: "anthropic", llm_model: "claude-test" }],
    [{ llm_provider: "rule_based" }, { llm_provider: "anthropic", llm_model: "claude-test" }],
    [{ llm_model: "gpt-5" }, { llm_provider: "openai", llm_model: "gpt-5" }],
    [{ llm_model: null }, { llm_provider: "openai", llm_model: undefined }],
    [
      { use_cloud_sandbox: false, sandbox_provider: "aws" },
      { use_cloud_sandbox: false, sandbox_provider: "aws" },
    ],
    [{ test_command: null }, { test_command: undefined }],
    [{ test_command: "make" }, { test_command: "make" }],
    [{ protected_paths: [] }, { protected_paths: [] }],
    [{ allow_workflows: false }, { allow_workflows: false }],
    [
      { limits: { max_turns: 1 } },
      { limits: { max_turns: 1, max_tokens: 5_000, max_cost_usd: 1, timeout_seconds: 60 } },
    ],
  ])("may say %j", async (extra, expected) => {
    const { requests } = await goOn({ prompt: "Go on", ...extra });
    expect(requests[1]).toMatchObject(expected);
  });

  it("streams unless JSON is preferred", async () => {
    const { post } = createTestApp({ script: finished });
    await post("/code", GOOD, JSON_ONLY);
    const response = await post(`/runs/${ID}/prompt`, { prompt: "Go on" });
    expect([response.status, ids(await response.text())]).toEqual([200, ["1", "2"]]);
  });
});

describe("the list of runs", () => {
  it("has the newest first, and pages", async () => {
    const { post, get } = createTestApp();
    for (let n = 1; n <= 23; n += 1) await post("/code", { ...GOOD, prompt: `Fix ${n}` }, JSON_ONLY);
    const page = async (query: string): Promise<[string[], string | null]> => {
      const { runs, next_cursor } = (await (await get(`/runs${query}`)).json()) as RunPage;
      return [runs.map(({ prompt }) => prompt.slice(4)), next_cursor];
    };
    const numbers = (from: number, to: number) =>
      Array.from({ length: from - to + 1 }, (_, index) => String(from - index));
    expect(await page("")).toEqual([numbers(23, 4), "20"]);
    expect(await page("?cursor=20")).toEqual([numbers(3, 1), null]);
    expect(await page("?limit=2&cursor=3")).toEqual([numbers(20, 19), "5"]);
    expect(await page("?limit=100")).toEqual([numbers(23, 1), null]);
  });
});
