/** Who may see a run: whoever started it; to everybody else it is not there. */
import { expect, test } from "vitest";
import { type Api, type Call, createApi } from "../support/api.ts";
import { REPLACE } from "./expected-events.ts";
import type { Shared } from "./shared.ts";

/** Everything that can be asked about one run. */
const ROUTES: readonly (readonly [path: string, call: Call])[] = [
  ["", {}],
  ["/events", {}],
  ["/events?after=1", {}],
  ["/events?after=100000", {}],
  ["/patch", {}],
  ["/prompt", { body: { prompt: "Create x.txt containing: x" } }],
  ["", { method: "DELETE" }],
];

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function accessTests(deployment: Shared): void {
  test("a run is its caller's: nobody else can tell it from one that does not exist", async () => {
    const { caller, nobody, own, repository, host } = deployment();
    const owner = caller();
    const hosted = await repository();
    const { id } = await owner.start({ repoUrl: hosted.url, prompt: REPLACE });
    const view = await owner.ended(id);
    const log = await owner.log(id);
    // Of the same form, one character away.
    const unknown = id.slice(0, -1) + (id.endsWith("0") ? "1" : "0");
    const wrong = createApi(host.url, { authorization: "Bearer not-a-token-of-this-service" });

    for (const [path, call] of ROUTES) {
      for (const api of [nobody, wrong]) {
        const refused = await answerOf(api, `/runs/${id}${path}`, call);
        expect([path, refused.status, code(refused)]).toEqual([path, 401, "unauthorized"]);
        expect(refused).toEqual(await answerOf(api, `/runs/${unknown}${path}`, call));
      }
      for (const api of [caller(), own("ann")]) {
        const foreign = await answerOf(api, `/runs/${id}${path}`, call);
        expect([path, foreign.status, code(foreign)]).toEqual([path, 404, "not_found"]);
        for (const other of [unknown, "x", "00000000-0000-4000-8000-000000000000", "a".repeat(64)]) {
          expect([other, await answerOf(api, `/runs/${other}${path}`, call)]).toEqual([other, foreign]);
        }
      }
    }
    expect(await owner.view(id)).toEqual(view);
    expect(await owner.log(id)).toBe(log);
    expect((await owner.list()).runs).toHaveLength(1);
  });

  test("a caller's own GitHub token opens the service, does the work, and owns the run", async () => {
    const { own, repository } = deployment();
    const [ann, bob] = [own("ann"), own("bob")];
    const hosted = await repository({ owner: "ann" });
    const { id } = await ann.start({ repoUrl: hosted.url, prompt: REPLACE });
    expect(await ann.ended(id)).toMatchObject({ status: "succeeded" });
    expect(hosted.pullRequests).toMatchObject([{ author: "ann", headRepository: hosted.fullName }]);
    expect((await bob.call(`/runs/${id}`)).status).toBe(404);
    expect((await ann.list()).runs.map((run) => run.id)).toContain(id);
    expect((await bob.list()).runs.map((run) => run.id)).not.toContain(id);
  });

  test("an API token may not see or change the configuration, and no token is asked for one", async () => {
    const { caller, nobody, own } = deployment();
    for (const call of [{}, { body: { max_runs: 1 } }]) {
      const answers = await Promise.all(
        [caller(), nobody, own("ann")].map((api) => api.call("/config", call)),
      );
      expect(answers.map(({ status }) => status)).toEqual([403, 401, 401]);
    }
  });

  test("without a credential nothing is started", async () => {
    const { nobody, repository, forge } = deployment();
    const { url, fullName } = await repository();
    const response = await nobody.stream({ repoUrl: url, prompt: REPLACE });
    expect([response.status, response.headers.get("x-run-id")]).toEqual([401, null]);
    expect((await nobody.call("/runs")).status).toBe(401);
    expect(forge.log.lines({ path: new RegExp(`/${fullName}\\b`) })).toEqual([]);
  });

  test("without CORS_ORIGINS no answer lets a page of another origin read it", async () => {
    const { caller } = deployment();
    const api = caller();
    const origin = { origin: "https://page.example" };
    for (const answer of [
      await api.call("/runs", { headers: origin }),
      await api.call("/code", {
        method: "OPTIONS",
        headers: { ...origin, "access-control-request-method": "POST" },
      }),
    ]) {
      expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
      await answer.text();
    }
  });
}

async function answerOf(api: Api, path: string, call: Call): Promise<Answer> {
  const response = await api.call(path, call);
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== "date"));
  return { status: response.status, headers, body: await response.text() };
}

function code({ body }: Answer): string {
  return (JSON.parse(body) as { error: { code: string } }).error.code;
}
