/** Retries: a key makes any number of posts one run. */
import { expect, test } from "vitest";
import { framesIn, textOf } from "../support/frames.ts";
import { REPLACE } from "./expected-events.ts";
import { branchesOf, type Shared } from "./shared.ts";

export function idempotencyTests(deployment: Shared): void {
  test("the same key and body is the same run, told again from the start", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const hosted = await repository();
    const body = { repoUrl: hosted.url, prompt: REPLACE };
    const headers = { "idempotency-key": "key-1" };
    const first = await api.stream(body, { headers });
    const again = await api.stream(body, { headers });
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.headers.get("x-run-id")).toBe(first.headers.get("x-run-id"));
    const [log, same] = await Promise.all([first.text(), again.text()]);
    expect(textOf(framesIn(same))).toBe(textOf(framesIn(log)));
    const late = await api.call("/code", { body, headers: { ...headers, accept: "application/json" } });
    expect([late.status, await late.json()]).toMatchObject([
      202,
      { id: first.headers.get("x-run-id"), status: "succeeded" },
    ]);
    expect(late.headers.get("idempotent-replayed")).toBe("true");
    expect(hosted.pullRequests).toHaveLength(1);
  });

  test("the same key with another body is a conflict, and starts nothing", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const hosted = await repository();
    const headers = { "idempotency-key": "key-1" };
    const { id } = await api.start({ repoUrl: hosted.url, prompt: REPLACE }, { headers });
    const other = await api.stream(
      { repoUrl: hosted.url, prompt: "Create d.txt containing: d" },
      { headers },
    );
    expect([other.status, await other.json()]).toMatchObject([
      409,
      { error: { code: "idempotency_key_reused" } },
    ]);
    await api.ended(id);
    expect((await api.list()).runs.map((run) => run.id)).toEqual([id]);
    expect(await branchesOf(hosted)).toHaveLength(1);
  });

  test("another caller's key is another key", async () => {
    const { caller, repository } = deployment();
    const hosted = await repository();
    const body = { repoUrl: hosted.url, prompt: REPLACE };
    const headers = { "idempotency-key": "key-1" };
    const [ann, bob] = [caller(), caller()];
    const runs = [await ann.start(body, { headers }), await bob.start(body, { headers })];
    expect(new Set(runs.map(({ id }) => id)).size).toBe(2);
    expect([await ann.ended(runs[0]?.id ?? ""), await bob.ended(runs[1]?.id ?? "")]).toMatchObject([
      { status: "succeeded" },
      { status: "succeeded" },
    ]);
  });

  test("a follow-up is retried with a key as well", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const hosted = await repository();
    const { id } = await api.start({ repoUrl: hosted.url, prompt: REPLACE });
    const { branch } = await api.ended(id);
    const options = { headers: { "idempotency-key": "key-1" } };
    const runs = await Promise.all(
      Array.from({ length: 5 }, () => api.goOn(id, { prompt: "Create d.txt containing: d" }, options)),
    );
    expect(new Set(runs.map((run) => run.id)).size).toBe(1);
    await api.ended(runs[0]?.id ?? "");
    expect(await hosted.git("rev-list", "--count", `main..${branch}`)).toBe("2");
  });

  test("a storm of 50 retries at once is one run and one pull request", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const hosted = await repository();
    const options = { headers: { "idempotency-key": "storm", accept: "application/json" } };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        api.call("/code", { body: { repoUrl: hosted.url, prompt: REPLACE }, ...options }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    const ids = new Set(answers.map(({ headers }) => headers.get("x-run-id") ?? ""));
    expect(ids.size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get("idempotent-replayed") === null)).toHaveLength(1);
    await Promise.all(answers.map((answer) => answer.text()));
    for (const id of ids) expect(await api.ended(id)).toMatchObject({ status: "succeeded" });
    expect(hosted.pullRequests).toHaveLength(1);
    expect(await branchesOf(hosted)).toHaveLength(1);
    expect((await api.list()).runs).toHaveLength(1);
  });
}
