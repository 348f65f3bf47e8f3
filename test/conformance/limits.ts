/** Bounds of a deployment: how many runs at once, how long they are kept, which pages may ask. */
import { describe, expect, test } from "vitest";
import type { HostName } from "../support/hosts.ts";
import { until } from "../support/until.ts";
import { REPLACE } from "./expected-events.ts";
import { hold, sharedDeployment } from "./shared.ts";

export function limitTests(name: HostName): void {
  describe("with room for three runs, two of one caller", () => {
    const deployment = sharedDeployment(name, { env: { MAX_RUNS: "3", MAX_RUNS_PER_CALLER: "2" } });

    test("one more is refused until another has ended, and a retry of an old one is not", async () => {
      const { caller, repository, forge } = deployment();
      const [ann, bob, carol] = [caller(), caller(), caller()];
      const start = async (api: typeof ann, headers: Record<string, string> = {}) => {
        const hosted = await repository();
        const held = hold(forge, hosted, { service: "upload-pack" });
        const body = { repoUrl: hosted.url, prompt: REPLACE };
        const json = { accept: "application/json", ...headers };
        const response = await api.call("/code", { body, headers: json });
        return { response, held, body, id: response.headers.get("x-run-id") ?? "" };
      };
      const refused = async ({ response, held }: Awaited<ReturnType<typeof start>>) => {
        held.release();
        expect([response.status, await response.json()]).toMatchObject([
          429,
          { error: { code: "too_many_runs" } },
        ]);
        expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      };
      const key = { "idempotency-key": "key-1" };
      const first = await start(ann, key);
      const second = await start(ann);
      expect([first, second].map(({ response }) => response.status)).toEqual([202, 202]);
      await refused(await start(ann));
      const third = await start(bob);
      expect(third.response.status).toBe(202);
      await refused(await start(carol));
      const again = await ann.start(first.body, { headers: key });
      expect(again.id).toBe(first.id);

      await second.held.reached();
      expect(await ann.cancel(second.id)).toMatchObject({ status: "cancelled" });
      second.held.release();
      const fourth = await until("a slot is free again", async () => {
        const tried = await start(carol);
        if (tried.response.status === 202) return tried;
        tried.held.release();
        return undefined;
      });
      for (const { held } of [first, third, fourth]) held.release();
      expect(
        await Promise.all([ann.ended(first.id), bob.ended(third.id), carol.ended(fourth.id)]),
      ).toMatchObject(Array.from({ length: 3 }, () => ({ status: "succeeded" })));
    });
  });

  describe("that keeps runs for a second", () => {
    const deployment = sharedDeployment(name, { env: { RUN_RETENTION_SECONDS: "1" } });

    test("an expired run is gone for its caller, and was never there for anybody else", async () => {
      const { caller, repository } = deployment();
      const [owner, other] = [caller(), caller()];
      const { url } = await repository();
      const { id } = await owner.start({ repoUrl: url, prompt: REPLACE });
      expect(await owner.ended(id)).toMatchObject({ status: "succeeded" });
      await until("the run expires", async () => (await owner.call(`/runs/${id}`)).status === 410);
      for (const [path, call] of [
        ["", {}],
        ["/events", {}],
        ["/events?after=1", {}],
        ["/patch", {}],
        ["/prompt", { body: { prompt: REPLACE } }],
        ["", { method: "DELETE" }],
      ] as const) {
        const gone = await owner.call(`/runs/${id}${path}`, call);
        expect([path, gone.status, await gone.json()]).toMatchObject([
          path,
          410,
          { error: { code: "run_expired" } },
        ]);
        expect([path, (await other.call(`/runs/${id}${path}`, call)).status]).toEqual([path, 404]);
      }
      await until("the last trace is gone", async () => (await owner.call(`/runs/${id}`)).status === 404);
    });
  });

  describe("for a page of another origin", () => {
    const origin = "https://page.example";
    const deployment = sharedDeployment(name, { env: { CORS_ORIGINS: origin } });

    test("the page that was named may start, read and cancel runs, and no other page", async () => {
      const { caller, nobody } = deployment();
      const api = caller();
      const preflight = await nobody.call("/runs/x", {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "DELETE",
          "access-control-request-headers":
            "authorization,content-type,idempotency-key,last-event-id,x-github-token",
        },
      });
      await preflight.text();
      expect(preflight.status).toBeLessThan(300);
      expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
      expect(preflight.headers.get("vary")?.toLowerCase()).toContain("origin");
      expect(preflight.headers.get("access-control-allow-methods")).toMatch(/GET.*|.*POST.*|.*DELETE/);
      const allowed = preflight.headers.get("access-control-allow-headers")?.toLowerCase() ?? "";
      for (const header of ["authorization", "content-type", "idempotency-key", "last-event-id"]) {
        expect(allowed).toContain(header);
      }
      const answer = await api.call("/runs", { headers: { origin } });
      await answer.text();
      expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
      const exposed = answer.headers.get("access-control-expose-headers")?.toLowerCase() ?? "";
      for (const header of ["x-run-id", "location", "retry-after"]) expect(exposed).toContain(header);
      const other = await api.call("/runs", { headers: { origin: "https://other.example" } });
      await other.text();
      expect(other.headers.get("access-control-allow-origin")).toBeNull();
    });
  });
}
