/** A caller's own model keys: in no file and no line of the log at any time, whatever becomes of the process. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OWN_TOKENS } from "../support/deployment.ts";
import type { HostName } from "../support/hosts.ts";
import { REPLACE } from "./expected-events.ts";
import { hold, sharedDeployment } from "./shared.ts";

const KEYS = {
  openai: "canary-openai-key-of-ann-0123456789",
  anthropic: "canary-anthropic-key-of-ann-0123456789",
};
const HEADERS = { "x-openai-api-key": KEYS.openai, "x-anthropic-api-key": KEYS.anthropic };

/** Nobody listens there: which model does the work is not the question here. */
const NO_VENDORS = { OPENAI_BASE_URL: "http://127.0.0.1:1/v1", ANTHROPIC_BASE_URL: "http://127.0.0.1:1" };

/** The moments to look at: before anything, in the middle, and with the last request. */
const POINTS = [
  { kind: "rest", method: "GET" },
  { service: "receive-pack" },
  { method: "POST", path: "/pulls$" },
] as const;

export function modelKeyTests(name: HostName): void {
  describe("given keys for a run", () => {
    const deployment = sharedDeployment(name, { env: { DEBUG: "true", ...NO_VENDORS } });

    test("keeps them in no file and no line of its log, before, between and after a kill", async () => {
      const { own, repository, forge, host, folder } = deployment();
      const ann = own("ann");
      const hosted = await repository({ owner: "ann" });
      const found = (text: string): string[] =>
        [...Object.values(KEYS), OWN_TOKENS.ann].filter((secret) => text.includes(secret));
      const onDisk = () => found(bytesIn(folder));
      const body = {
        repoUrl: hosted.url,
        prompt: REPLACE,
        use_llm: true,
        test_command: `KEY=${KEYS.openai} npm test`,
      };

      const holds = POINTS.map((match) => hold(forge, hosted, match));
      const { id } = await ann.start(body, { headers: HEADERS });
      for (const [index, held] of holds.entries()) {
        await held.reached();
        // What may be kept is found, so what may not be would be.
        expect([index, onDisk()]).toEqual([index, [OWN_TOKENS.ann]]);
        if (index < holds.length - 1) held.release();
      }
      const said = [host.complaints()];
      await host.kill();
      expect(onDisk()).toEqual([OWN_TOKENS.ann]);
      for (const held of holds) held.release();
      await host.restart();
      expect(await ann.ended(id)).toMatchObject({ status: "succeeded", attempts: 2 });

      const again = await ann.goOn(
        id,
        { prompt: `Create key.txt containing: ${KEYS.anthropic}` },
        { headers: HEADERS },
      );
      expect(await ann.ended(again.id)).toMatchObject({ status: "succeeded" });
      expect(onDisk().filter((secret) => secret !== OWN_TOKENS.ann)).toEqual([]);
      said.push(host.complaints());
      for (const run of [id, again.id]) {
        said.push(await ann.log(run), await (await ann.call(`/runs/${run}`)).text());
        said.push(await (await ann.call(`/runs/${run}/patch`)).text());
      }
      said.push(JSON.stringify(await ann.list()), JSON.stringify(hosted.pullRequests));
      expect(said.flatMap(found)).toEqual([]);
      await host.stop();
      expect(onDisk().filter((secret) => secret !== OWN_TOKENS.ann)).toEqual([]);
      await host.restart();
    });
  });
}

/** The bytes of every file in a folder, as text. */
function bytesIn(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}
