/** Another instruction for a run that has ended: same branch, same pull request, one more commit. */
import { expect, test } from "vitest";
import { eventOf, framesIn } from "../support/frames.ts";
import { REPLACE } from "./expected-events.ts";
import { branchesOf, hold, type Shared } from "./shared.ts";

export function followUpTests(deployment: Shared): void {
  test("a follow-up adds a commit to the same branch and pull request, and so does the one after", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const hosted = await repository();
    const first = await api.start({ repoUrl: hosted.url, prompt: REPLACE });
    const { branch, pr_url } = await api.ended(first.id);

    const response = await api.call(`/runs/${first.id}/prompt`, {
      body: { prompt: 'Replace "two" with "three" in a.txt' },
    });
    const second = response.headers.get("x-run-id") ?? "";
    expect(response.headers.get("location")).toBe(`/runs/${second}`);
    expect(
      framesIn(await response.text())
        .map(eventOf)
        .at(-1),
    ).toMatchObject({
      type: "done",
      status: "succeeded",
      branch,
      pr_url,
    });
    expect(await api.view(second)).toMatchObject({ continues: first.id, branch, pr_url });

    const third = await api.goOn(second, { prompt: "Create d.txt containing: d" });
    expect(await api.ended(third.id)).toMatchObject({
      status: "succeeded",
      continues: second,
      branch,
      pr_url,
    });
    expect(await hosted.git("rev-list", "--count", `main..${branch}`)).toBe("3");
    expect(await hosted.git("diff", "--stat", "main", branch ?? "")).toContain(
      "2 files changed, 2 insertions",
    );
    expect(await hosted.git("show", `${branch}:a.txt`)).toBe("three");
    expect(await branchesOf(hosted)).toEqual([branch]);
    expect(hosted.pullRequests).toHaveLength(1);
  });

  test("a follow-up to a run in a fork goes to the fork", async () => {
    const { caller, repository, forge } = deployment();
    const api = caller();
    const hosted = await repository({ owner: "upstream" });
    const first = await api.start({ repoUrl: hosted.url, prompt: REPLACE });
    const { branch, pr_url } = await api.ended(first.id);
    const { id } = await api.goOn(first.id, { prompt: "Create d.txt containing: d" });
    expect(await api.ended(id)).toMatchObject({ status: "succeeded", branch, pr_url });
    const fork = forge.repository(`tiny-bot/${hosted.name}`);
    expect(await fork.git("rev-list", "--count", `main..${branch}`)).toBe("2");
    expect(hosted.pullRequests).toHaveLength(1);
    expect(await branchesOf(hosted)).toEqual([]);
  });

  test("there is nothing to go on with while a run is under way, or when it made no branch", async () => {
    const { caller, repository, forge } = deployment();
    const api = caller();
    const hosted = await repository();
    using held = hold(forge, hosted, { service: "upload-pack" });
    const { id } = await api.start({ repoUrl: hosted.url, prompt: REPLACE, mode: "patch" });
    await held.reached();
    const ask = () => api.call(`/runs/${id}/prompt`, { body: { prompt: REPLACE } });
    const early = await ask();
    expect([early.status, await early.json()]).toMatchObject([409, { error: { code: "run_in_progress" } }]);
    held.release();
    await api.ended(id);
    const late = await ask();
    expect([late.status, await late.json()]).toMatchObject([409, { error: { code: "run_without_branch" } }]);
  });
}
