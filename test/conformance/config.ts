/** The runtime configuration: kept over a restart, applied to later runs, never showing a secret. */
import { describe, expect, test } from "vitest";
import { OWN_TOKENS } from "../support/deployment.ts";
import type { HostName } from "../support/hosts.ts";
import { SERVICE_TOKEN } from "../support/service.ts";
import { REPLACE } from "./expected-events.ts";
import { sharedDeployment } from "./shared.ts";

export function configTests(name: HostName): void {
  describe("configured at run time", () => {
    const deployment = sharedDeployment(name);

    test("a change is kept over a kill, applies to runs that start later, and can be taken back", async () => {
      const { admin, caller, repository, host } = deployment();
      const api = caller();
      const hosted = await repository();
      const show = async () => await (await admin.call("/config")).text();
      expect(JSON.parse(await show())).toMatchObject({
        limits: { timeout_seconds: { value: 300, source: "default" } },
        secrets: { github_token: { status: "set", source: "environment" } },
      });
      const changed = await admin.call("/config", {
        body: { limits: { timeout_seconds: 61 }, github_token: OWN_TOKENS.ann },
      });
      const after = await changed.text();
      expect(changed.status).toBe(200);
      expect(JSON.parse(after)).toMatchObject({
        limits: { timeout_seconds: { value: 61, source: "runtime" } },
        secrets: { github_token: { status: "set", source: "runtime" } },
      });

      await host.kill();
      await host.restart();
      expect(await show()).toBe(after);
      const { id } = await api.start({ repoUrl: hosted.url, prompt: REPLACE });
      expect(await api.ended(id)).toMatchObject({ status: "succeeded" });
      // The token decides whose fork it is: the secret is in use, though nobody is shown it.
      expect(hosted.pullRequests).toMatchObject([{ author: "ann" }]);
      const log = await api.log(id);
      expect(log).toContain('"timeout_seconds":61');
      for (const text of [after, log, await (await api.call(`/runs/${id}`)).text()]) {
        expect(text).not.toContain(OWN_TOKENS.ann);
        expect(text).not.toContain(SERVICE_TOKEN);
      }

      await admin.call("/config", { body: { limits: null, github_token: null } });
      expect(JSON.parse(await show())).toMatchObject({
        limits: { timeout_seconds: { value: 300, source: "default" } },
        secrets: { github_token: { status: "set", source: "environment" } },
      });
    });
  });
}
