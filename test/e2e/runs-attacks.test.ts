/** The numbered attacks on runs that outlive their connections, against workerd; attack 12 is in slow-readers.test.ts. */
import { describe, expect, test } from "vitest";
import { branchesOf, sharedDeployment } from "../conformance/shared.ts";
import { framesUpTo } from "../support/api.ts";
import { ADMIN_TOKEN, OWN_TOKENS } from "../support/deployment.ts";
import { framesIn, textOf } from "../support/frames.ts";
import { SERVICE_TOKEN } from "../support/service.ts";
import { until } from "../support/until.ts";

const REPLACE = 'Replace "one" with "two" in a.txt';

describe("attack 13, connections cut in the middle of runs", () => {
  const deployment = sharedDeployment("workerd");

  test.concurrent.each(Array.from({ length: 20 }, (_, i) => i + 1))(
    "cut at event %i, the run goes on, and resuming leaves no gap and repeats nothing",
    async (at) => {
      const { caller, repository } = deployment();
      const api = caller();
      const hosted = await repository();
      const cut = new AbortController();
      const response = await api.stream({ repoUrl: hosted.url, prompt: REPLACE }, { signal: cut.signal });
      const id = response.headers.get("x-run-id") ?? "";
      const before = await framesUpTo(response, at);
      cut.abort();
      expect(before).toHaveLength(at);
      const rest = await api.call(`/runs/${id}/events`, { headers: { "last-event-id": String(at) } });
      const after = framesIn(await rest.text());
      expect(textOf([...before, ...after])).toBe(await api.log(id));
      expect([...before, ...after].map(({ seq }) => seq)).toEqual(
        Array.from({ length: at + after.length }, (_, i) => i + 1),
      );
      expect(await api.view(id)).toMatchObject({ status: "succeeded", attempts: 1 });
      expect(hosted.pullRequests).toHaveLength(1);
    },
  );

  test("a reader that is cut at every event has the whole log in the end", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const { url } = await repository();
    const { id } = await api.start({ repoUrl: url, prompt: REPLACE });
    let text = "";
    for (let at = 0; ; at++) {
      const cut = new AbortController();
      const response = await api.call(`/runs/${id}/events?after=${at}`, { signal: cut.signal });
      if (response.status === 204) break;
      text += textOf(await framesUpTo(response, at + 1));
      cut.abort();
    }
    expect(text).toBe(await api.log(id));
  });
});

describe("attack 14, the same post many times at once", () => {
  const deployment = sharedDeployment("workerd");

  test("50 streams with one key are one run, told 50 times alike, and one pull request", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const hosted = await repository();
    const streams = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const body = { repoUrl: hosted.url, prompt: REPLACE };
        const response = await api.stream(body, { headers: { "idempotency-key": "at once" } });
        const replayed = response.headers.get("idempotent-replayed");
        const id = response.headers.get("x-run-id");
        return { status: response.status, replayed, id, log: textOf(framesIn(await response.text())) };
      }),
    );
    expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(streams.map(({ id }) => id)).size).toBe(1);
    expect(new Set(streams.map(({ log }) => log)).size).toBe(1);
    expect(streams.filter(({ replayed }) => replayed === null)).toHaveLength(1);
    expect(hosted.pullRequests).toHaveLength(1);
    expect(await branchesOf(hosted)).toHaveLength(1);
  });

  test("many keys at once are as many runs", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const { url } = await repository();
    const runs = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        api.start(
          { repoUrl: url, prompt: REPLACE, mode: "patch" },
          { headers: { "idempotency-key": `key ${i}` } },
        ),
      ),
    );
    expect(new Set(runs.map(({ id }) => id)).size).toBe(10);
    for (const { id } of runs) expect(await api.ended(id)).toMatchObject({ status: "succeeded" });
  });
});

describe("attack 24, rate limits longer than a run waits by itself", () => {
  const deployment = sharedDeployment("workerd");
  const WAIT_SECONDS = 12;

  // Limits belong to a token, so each case has its own.
  const LIMITS = {
    "a primary limit": {
      login: "ann",
      match: { kind: "rest", method: "GET", path: "" },
      answer: () => ({
        status: 403,
        headers: {
          "x-ratelimit-limit": "5000",
          "x-ratelimit-remaining": "0",
          "x-ratelimit-reset": String(Math.ceil(Date.now() / 1000) + WAIT_SECONDS),
        },
        body: { message: "API rate limit exceeded for user ID 1." },
      }),
    },
    "a secondary limit": {
      login: "bob",
      match: { kind: "rest", method: "POST", path: "/pulls$" },
      answer: () => ({
        status: 403,
        headers: { "retry-after": String(WAIT_SECONDS) },
        body: { message: "You have exceeded a secondary rate limit. Please wait a few minutes." },
      }),
    },
  } as const;

  test.each([false, true])(
    "no request goes out before the time, and then the run succeeds (killed while it waits: %s)",
    async (killed) => {
      const { own, repository, forge, host } = deployment();
      const runs = await Promise.all(
        Object.entries(LIMITS).map(async ([name, { login, match, answer }]) => {
          const api = own(login);
          const hosted = await repository({ owner: login });
          const path = new RegExp(`/${hosted.fullName}\\b.*${match.path}`);
          const fault = forge.faults.add({ match: { ...match, path }, times: 1, action: answer() });
          const { id } = await api.start({ repoUrl: hosted.url, prompt: REPLACE });
          await fault.reached();
          const refusedAt = Date.now();
          const view = await until(`${name} is waited for`, async () => {
            const seen = await api.view(id);
            return seen.resumes_at !== null && seen;
          });
          const own_ = { path: new RegExp(`/${hosted.fullName}\\b`) };
          return { name, api, hosted, id, view, refusedAt, own: own_, sent: forge.log.where(own_).length };
        }),
      );
      if (killed) {
        await host.kill();
        await host.restart();
      }
      for (const { name, api, hosted, id, view, refusedAt, own: requests, sent } of runs) {
        expect([name, view.status]).toEqual([name, "running"]);
        const resumesAt = Date.parse(view.resumes_at ?? "");
        // A primary limit is told in whole seconds.
        expect(resumesAt - refusedAt).toBeGreaterThan((WAIT_SECONDS - 1) * 1000);
        const ended = await api.ended(id, 60_000);
        expect([name, ended]).toMatchObject([name, { status: "succeeded", resumes_at: null }]);
        const next = forge.log.where(requests)[sent];
        expect([name, (next?.time ?? 0) >= resumesAt]).toEqual([name, true]);
        expect(await api.events(id)).toContainEqual(
          expect.objectContaining({ type: "warning", code: "waiting" }),
        );
        expect([name, hosted.pullRequests.length]).toEqual([name, 1]);
      }
    },
  );
});

describe("attack 26, the answer to a pull request is lost", () => {
  const deployment = sharedDeployment("workerd");

  test("there is one pull request, also when the service dies with the answer", async () => {
    const { caller, repository, forge, host } = deployment();
    const api = caller();
    const runs = await Promise.all(
      [1, 2, 3].map(async () => {
        const hosted = await repository();
        const fault = forge.faults.add({
          match: { method: "POST", path: new RegExp(`/${hosted.fullName}/pulls$`) },
          times: 1,
          action: { dropReply: true },
        });
        const { id } = await api.start({ repoUrl: hosted.url, prompt: REPLACE });
        return { hosted, fault, id };
      }),
    );
    await Promise.all(runs.map(({ fault }) => fault.reached()));
    await host.kill();
    await host.restart();
    for (const { id, hosted } of runs) {
      expect(await api.ended(id)).toMatchObject({ status: "succeeded", pr_url: `${hosted.url}/pull/1` });
      expect(hosted.pullRequests).toHaveLength(1);
      expect(await branchesOf(hosted)).toHaveLength(1);
    }
  });
});

describe("attack 30, abuse of /config", () => {
  const deployment = sharedDeployment("workerd");

  test("no request changes what may not be changed, and none sends anything out", async () => {
    const { admin, caller, own, nobody, forge } = deployment();
    const show = async () => await (await admin.call("/config")).text();
    const before = await show();
    const target = "http://169.254.169.254/latest/meta-data";
    const bodies: readonly unknown[] = [
      { github_api_url: target },
      { github_server_url: target },
      { openai_base_url: target },
      { allowed_hosts: ["169.254.169.254"] },
      { allowed_hosts: ["github.com", "evil.example"] },
      { admin_token: "another-token-0123456789" },
      { api_tokens: ["another-token-0123456789"] },
      { github_token: `${target}\r\nx-evil: 1` },
      { github_token: "short" },
      { max_runs: 1e9 },
      { max_runs: 5, max_runz: 5 },
      { limits: { timeout_seconds: -1 } },
      { limits: { timeout_seconds: 1e9 } },
      JSON.parse('{"__proto__": {"max_runs": 1}}'),
      { constructor: { prototype: { max_runs: 1 } } },
      [],
      "max_runs",
      null,
    ];
    for (const body of bodies) {
      const answer = await admin.call("/config", { body });
      expect([body, answer.status, await answer.json()]).toMatchObject([
        body,
        400,
        { error: { code: "invalid_request" } },
      ]);
      for (const [api, status] of [
        [caller(), 403],
        [own("ann"), 401],
        [nobody, 401],
      ] as const) {
        expect([body, (await api.call("/config", { body })).status]).toEqual([body, status]);
      }
    }
    const large = await admin.call("/config", { body: { github_token: "x".repeat(2_000_000) } });
    expect(large.status).toBe(413);
    expect((await admin.call("/config", { method: "PUT" })).status).toBe(405);
    expect(await show()).toBe(before);
    expect(forge.log.lines()).toEqual([]);
    for (const secret of [ADMIN_TOKEN, SERVICE_TOKEN, OWN_TOKENS.ann]) expect(before).not.toContain(secret);
  });

  test("a secret that was set is shown to nobody, and a change by two at once loses neither", async () => {
    const { admin } = deployment();
    const secret = "canary-openai-key-0123456789abcdef";
    const answers = await Promise.all([
      admin.call("/config", { body: { openai_api_key: secret } }),
      admin.call("/config", { body: { max_runs: 77 } }),
    ]);
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    const shown = await (await admin.call("/config")).text();
    for (const text of [...texts, shown]) expect(text).not.toContain(secret);
    expect(JSON.parse(shown)).toMatchObject({
      max_runs: { value: 77, source: "runtime" },
      secrets: { openai_api_key: { status: "set", source: "runtime" } },
    });
  });
});
