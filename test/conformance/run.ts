/** A run from its request to its pull request: what is told, and what is kept. */
import { expect, test } from "vitest";
import { eventOf, framesIn } from "../support/frames.ts";
import { createGitClient } from "../support/git-client.ts";
import { comparable, expectedEvents, REPLACE } from "./expected-events.ts";
import { branchesOf, hold, type Shared } from "./shared.ts";

export function runTests(deployment: Shared): void {
  test("a run is told event by event, and its view agrees with the last one", async () => {
    const { caller, repository, forge } = deployment();
    const api = caller();
    const { url, fullName } = await repository();
    const response = await api.stream({ repoUrl: url, prompt: REPLACE });
    const id = response.headers.get("x-run-id") ?? "";
    expect(response.status).toBe(200);
    expect(response.headers.get("location")).toBe(`/runs/${id}`);
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(id).toMatch(/^[\w-]{20,}$/);

    const events = framesIn(await response.text()).map(eventOf);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(comparable(events, forge)).toEqual(expectedEvents(fullName));
    expect(events[0]).toMatchObject({ run_id: id });

    const done = events.at(-1);
    if (done?.type !== "done") throw new Error("the last event is not done");
    const { status, message, branch, commit, pr_url, changes, usage, agent } = done;
    expect(await api.view(id)).toEqual({
      id,
      status,
      message,
      repository: fullName,
      prompt: REPLACE,
      mode: "pull_request",
      agent,
      created_at: expect.stringMatching(ISO_TIME),
      finished_at: expect.stringMatching(ISO_TIME),
      expires_at: expect.stringMatching(ISO_TIME),
      resumes_at: null,
      attempts: 1,
      last_event_id: events.length,
      branch,
      commit,
      pr_url,
      changes,
      usage,
      continues: null,
    });
  });

  test("with Accept: application/json the run is accepted at once and told later", async () => {
    const { caller, repository, forge } = deployment();
    const api = caller();
    const hosted = await repository();
    using held = hold(forge, hosted, { service: "upload-pack" });
    const response = await api.call("/code", {
      body: { repoUrl: hosted.url, prompt: REPLACE },
      headers: { accept: "application/json" },
    });
    const accepted = (await response.json()) as { id: string };
    expect([response.status, accepted]).toEqual([
      202,
      expect.objectContaining({
        id: response.headers.get("x-run-id"),
        status: "running",
        finished_at: null,
        expires_at: null,
        pr_url: null,
      }),
    ]);
    expect(response.headers.get("location")).toBe(`/runs/${accepted.id}`);
    await held.reached();
    held.release();
    expect(await api.ended(accepted.id)).toMatchObject({ status: "succeeded", repository: hosted.fullName });
    expect((await api.events(accepted.id)).at(-1)).toMatchObject({ type: "done", status: "succeeded" });
    expect(hosted.pullRequests).toHaveLength(1);
  });

  test("POST /code/legacy is a run like any other", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const { url } = await repository();
    const response = await api.call("/code/legacy", { body: { repoUrl: url, prompt: REPLACE } });
    const id = response.headers.get("x-run-id") ?? "";
    expect(
      framesIn(await response.text())
        .map(eventOf)
        .at(-1),
    ).toMatchObject({ status: "succeeded" });
    expect(await api.view(id)).toMatchObject({ id, status: "succeeded" });
  });

  test("the patch is what git apply takes, and makes the tree of the branch", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const hosted = await repository();
    const { id } = await api.start({
      repoUrl: hosted.url,
      prompt: `${REPLACE}\nCreate d/e.txt containing "new"\nDelete b/c.txt`,
    });
    const { branch, changes } = await api.ended(id);
    expect(changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      "modified a.txt",
      "deleted b/c.txt",
      "added d/e.txt",
    ]);
    const patch = await (await api.call(`/runs/${id}/patch`)).text();
    await using client = await createGitClient();
    await client.git("clone", "--quiet", hosted.cloneUrl, "clone");
    const inClone = (...args: string[]) => client.run(["-C", "clone", ...args], { input: patch });
    expect(await inClone("apply", "--check", "-")).toMatchObject({ code: 0 });
    await inClone("apply", "--index", "-");
    expect((await inClone("write-tree")).stdout.trim()).toBe(
      await hosted.git("rev-parse", `${branch}^{tree}`),
    );
  });

  test("a patch that is not known yet is a conflict, not an empty answer", async () => {
    const { caller, repository, forge } = deployment();
    const api = caller();
    const hosted = await repository();
    using held = hold(forge, hosted, { service: "upload-pack" });
    const { id } = await api.start({ repoUrl: hosted.url, prompt: REPLACE, mode: "patch" });
    await held.reached();
    const early = await api.call(`/runs/${id}/patch`);
    expect([early.status, await early.json()]).toMatchObject([409, { error: { code: "run_in_progress" } }]);
    held.release();
    const { branch, pr_url } = await api.ended(id);
    expect([branch, pr_url]).toEqual([null, null]);
    expect(await (await api.call(`/runs/${id}/patch`)).text()).toContain("-one\n+two\n");
  });

  test("a client that goes away does not take the run with it", async () => {
    const { caller, repository, forge } = deployment();
    const api = caller();
    const hosted = await repository();
    using held = hold(forge, hosted, { service: "upload-pack" });
    const client = new AbortController();
    const response = await api.stream({ repoUrl: hosted.url, prompt: REPLACE }, { signal: client.signal });
    await held.reached();
    client.abort();
    await expect(response.text()).rejects.toThrow();
    held.release();
    const id = response.headers.get("x-run-id") ?? "";
    expect(await api.ended(id)).toMatchObject({ status: "succeeded", attempts: 1 });
    expect(await held.ended()).toBe("sent");
    expect(await branchesOf(hosted)).toHaveLength(1);
  });

  test("a list of runs is paged from the newest, each caller's own", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const { url, fullName } = await repository();
    const ids: string[] = [];
    for (const text of ["a", "b", "c", "d", "e"]) {
      const { id } = await api.start({
        repoUrl: url,
        prompt: `Create ${text}.txt containing: ${text}`,
        mode: "patch",
      });
      await api.ended(id);
      ids.unshift(id);
    }
    const seen: string[] = [];
    const sizes: number[] = [];
    let cursor: string | null = null;
    do {
      const page = await api.list(
        `?limit=2${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      seen.push(...page.runs.map(({ id }) => id));
      sizes.push(page.runs.length);
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(ids);
    expect(sizes).toEqual([2, 2, 1]);
    expect((await api.list()).runs[0]).toEqual({
      id: ids[0],
      status: "succeeded",
      repository: fullName,
      prompt: "Create e.txt containing: e",
      created_at: expect.stringMatching(ISO_TIME),
      finished_at: expect.stringMatching(ISO_TIME),
      pr_url: null,
    });
    expect(await caller().list()).toEqual({ runs: [], next_cursor: null });
    for (const query of ["?limit=0", "?limit=x", "?limit=100000", "?cursor=%00", "?cursor=nonsense"]) {
      expect([query, (await api.call(`/runs${query}`)).status]).toEqual([query, 400]);
    }
  });
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
