/** Cancelling: the work stops where it is, and what was told stays readable. */
import { expect, test } from "vitest";
import type { RequestMatch } from "../support/forge/log.ts";
import { eventOf, framesIn } from "../support/frames.ts";
import { REPLACE } from "./expected-events.ts";
import { branchesOf, hold, type Shared } from "./shared.ts";

interface Point extends RequestMatch {
  readonly path?: string;
  readonly nth?: number;
  /** Whose repository it is, when it is not the service's. */
  readonly owner?: string;
}

const POINTS: Readonly<Record<string, Point>> = {
  preflight: { method: "GET", kind: "rest" },
  "clone, asking for the branch": { service: "upload-pack" },
  "clone, receiving the trees": { service: "upload-pack", nth: 2 },
  "edit, fetching a file": { service: "upload-pack", nth: 3 },
  "push, forking first": { method: "POST", path: "/forks$", owner: "upstream" },
  push: { service: "receive-pack" },
  "pull request": { method: "POST", path: "/pulls$" },
};

export function cancelTests(deployment: Shared): void {
  test.each(Object.entries(POINTS))(
    "cancelling during %s cuts the request and ends the log",
    async (_, { owner, ...match }) => {
      const { caller, repository, forge } = deployment();
      const api = caller();
      const hosted = await repository(owner === undefined ? {} : { owner });
      using held = hold(forge, hosted, match);
      const { id } = await api.start({ repoUrl: hosted.url, prompt: REPLACE });
      await held.reached();
      const requests = forge.log.lines({ path: new RegExp(`/${hosted.fullName}\\b`) }).length;
      const before = await api.soFar(id);
      const reading = api.log(id);

      const answer = await api.cancel(id);
      expect(answer).toMatchObject({ id, status: "cancelled", pr_url: null });
      expect(await held.ended()).toBe("cut");
      held.release();
      const log = await reading;
      expect(log.startsWith(before)).toBe(true);
      const added = framesIn(log.slice(before.length)).map(eventOf);
      expect(added.at(-1)).toMatchObject({ type: "done", status: "cancelled" });
      expect(added.length).toBeLessThanOrEqual(2);
      expect(await api.log(id)).toBe(log);
      expect(await api.cancel(id)).toEqual(answer);
      expect(await api.view(id)).toEqual(answer);
      // Answered after anything the run could still send.
      expect(forge.log.lines({ path: new RegExp(`/${hosted.fullName}\\b`) })).toHaveLength(requests);
      expect(hosted.pullRequests).toEqual([]);
      expect(await branchesOf(hosted)).toHaveLength(match.path === "/pulls$" ? 1 : 0);
    },
  );

  test("cancelling a run that has ended changes nothing", async () => {
    const { caller, repository } = deployment();
    const api = caller();
    const { url } = await repository();
    const { id } = await api.start({ repoUrl: url, prompt: REPLACE });
    const view = await api.ended(id);
    expect(view.status).toBe("succeeded");
    expect(await api.cancel(id)).toEqual(view);
  });
}
