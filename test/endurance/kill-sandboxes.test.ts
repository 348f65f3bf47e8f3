/** Seeded samples of the kill tests and the soak, small enough for every test run. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { RUNNER_LABEL } from "../../sandbox-runner/src/docker/container.ts";
import { connectEngine } from "../../sandbox-runner/src/docker/engine.ts";
import { HAS_ENGINE, SANDBOX_IMAGE } from "../support/runner-process.ts";
import { killEngine } from "./kill-engine.ts";
import { killRunner } from "./kill-runner.ts";
import { watchLeftovers } from "./leftovers.ts";
import { soakSandboxes } from "./soak-sandboxes.ts";

const DEADLINE_MS = 240_000;

describe.skipIf(!HAS_ENGINE)("sandboxes", () => {
  test(
    "are gone soon after their runner was killed, and callers are told",
    async () => {
      const result = await killRunner({ seed: 20_261_122, kills: 4, lanes: 3 });
      expect(result).toMatchObject({ kills: 4, problems: [] });
      expect(result.containers).toBeGreaterThan(4);
    },
    DEADLINE_MS,
  );

  test(
    "are gone soon after their engine was killed, and callers are told",
    async () => {
      const result = await killEngine({ seed: 20_261_122, kills: 1, lanes: 3 });
      expect(result).toMatchObject({ kills: 1, problems: [] });
      expect(result.containers).toBeGreaterThan(0);
    },
    DEADLINE_MS,
  );

  test(
    "leave nothing in the runner or on the engine",
    async () => {
      expect(await soakSandboxes({ sandboxes: 30, lanes: 4 })).toMatchObject({ sandboxes: 30, problems: [] });
    },
    DEADLINE_MS,
  );

  test("that stay would be found", async () => {
    const name = `left-${randomUUID()}`;
    const container = await connectEngine().createContainer({
      Image: SANDBOX_IMAGE,
      Cmd: ["true"],
      Labels: { [RUNNER_LABEL]: name },
    });
    try {
      const leftovers = await watchLeftovers(undefined, name, 100);
      await leftovers.watch();
      const { containers, problems } = await leftovers.gone();
      expect([containers, problems]).toEqual([1, [expect.stringContaining(container.id)]]);
    } finally {
      await container.remove();
    }
  });
});
