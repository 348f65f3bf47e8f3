/** The host dies in the middle of runs: each goes on where it was, and the outside sees it once. */
import { describe, expect, test } from "vitest";
import type { RecordedEvent } from "../../src/run/events.ts";
import type { RequestMatch } from "../support/forge/log.ts";
import type { HostName } from "../support/hosts.ts";
import { until } from "../support/until.ts";
import { REPLACE } from "./expected-events.ts";
import { branchesOf, hold, sharedDeployment } from "./shared.ts";

interface Point {
  readonly match: RequestMatch & { readonly path?: string; readonly nth?: number };
  readonly at: "request" | "reply";
  readonly owner?: string;
}

const POINTS: Readonly<Record<string, Point>> = {
  preflight: { match: { kind: "rest", method: "GET" }, at: "request" },
  "the clone": { match: { service: "upload-pack", nth: 2 }, at: "reply" },
  "an edit": { match: { service: "upload-pack", nth: 3 }, at: "request" },
  "a push that has not arrived": { match: { service: "receive-pack" }, at: "request" },
  "a push whose answer is lost": { match: { service: "receive-pack" }, at: "reply" },
  "a fork whose answer is lost": {
    match: { method: "POST", path: "/forks$" },
    at: "reply",
    owner: "upstream",
  },
  "a pull request that has not arrived": { match: { method: "POST", path: "/pulls$" }, at: "request" },
  "a pull request whose answer is lost": { match: { method: "POST", path: "/pulls$" }, at: "reply" },
};

export function restartTests(name: HostName): void {
  describe("killed and started again", () => {
    const deployment = sharedDeployment(name);

    test.each(["kill", "stop"] as const)(
      "runs cut short anywhere by a %s go on and end well",
      async (end) => {
        const { caller, repository, forge, host } = deployment();
        const api = caller();
        const runs = await Promise.all(
          Object.entries(POINTS).map(async ([point, { match, at, owner }]) => {
            const hosted = await repository(owner === undefined ? {} : { owner });
            const held = hold(forge, hosted, match, at);
            const { id } = await api.start({ repoUrl: hosted.url, prompt: REPLACE });
            await held.reached();
            return { point, hosted, held, id, before: await api.soFar(id) };
          }),
        );
        await host[end]();
        for (const { held } of runs) held.release();
        await host.restart();
        // Nobody has asked about them: what goes on, goes on by itself.
        await until("every run has opened its pull request", () =>
          runs.every(({ hosted }) => hosted.pullRequests.length === 1),
        );

        for (const { point, hosted, id, before } of runs) {
          const view = await api.ended(id);
          expect([point, view]).toMatchObject([point, { status: "succeeded", attempts: 2 }]);
          const log = await api.log(id);
          // What readers had been told stays told.
          expect([point, log.slice(0, before.length)]).toEqual([point, before]);
          const events = await api.events(id);
          expect([point, events.map(({ seq }) => seq)]).toEqual([point, events.map((_, i) => i + 1)]);
          expect([point, repeated(events)]).toEqual([point, []]);
          const fork = point.includes("fork") ? forge.repository(`tiny-bot/${hosted.name}`) : hosted;
          expect([point, await branchesOf(fork)]).toEqual([point, [view.branch]]);
          expect([point, hosted.pullRequests.length]).toEqual([point, 1]);
          expect([point, await fork.git("show", `${view.branch}:a.txt`)]).toEqual([point, "two"]);
          expect([point, await fork.git("rev-list", "--count", `main..${view.branch}`)]).toEqual([
            point,
            "1",
          ]);
        }
      },
    );
  });
}

/** Steps that were said to have succeeded more than once, and any `done` but the last event. */
function repeated(events: readonly RecordedEvent[]): readonly string[] {
  const steps = events.flatMap((event) => (event.type === "success" ? [event.step] : []));
  const twice = steps.filter((step, i) => steps.indexOf(step) < i);
  const early = events.slice(0, -1).filter(({ type }) => type === "done");
  return [...twice, ...early.map(({ seq }) => `done at ${seq}`)];
}
