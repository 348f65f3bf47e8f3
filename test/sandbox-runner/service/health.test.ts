/** What `/health` says of a backend whose check takes its time. */
import { expect, test } from "vitest";
import type { Backend } from "../../../sandbox-runner/src/backend.ts";
import { RunnerError } from "../../../sandbox-runner/src/errors.ts";
import { createHealth, type HealthTimes } from "../../../sandbox-runner/src/http/health.ts";
import { createLog } from "../../../sandbox-runner/src/log.ts";

const LOG = createLog({ write: () => {} });

/** A health whose checks end as they are told to, in the order they begin. */
function slowly(times: Partial<HealthTimes> = {}) {
  const checks: PromiseWithResolvers<void>[] = [];
  const backend = {
    provider: "aws",
    check: () => {
      const one = Promise.withResolvers<void>();
      checks.push(one);
      return one.promise;
    },
  } as Pick<Backend, "provider" | "check"> as Backend;
  const all = { freshMs: 0, patienceMs: 0, oldestMs: 600_000, ...times };
  return { checks, health: createHealth([backend], LOG, all) };
}

const told = (status: string, provider: unknown) => ({
  status,
  api_version: 1,
  providers: { aws: provider },
});
const HEALTHY = told("healthy", { status: "available" });
const UNHEALTHY = told("unhealthy", { status: "unavailable", message: "No answer." });

test("the last answer stands in for a check that is under way, and gives way to what that finds", async () => {
  const { checks, health } = slowly();
  const first = health();
  checks[0]?.resolve();
  expect(await first).toEqual(HEALTHY);
  expect(await Promise.all([health(), health()])).toEqual([HEALTHY, HEALTHY]);
  expect(checks).toHaveLength(2);
  checks[1]?.reject(new RunnerError("provider_unavailable", "No answer."));
  await checks[1]?.promise.catch(() => undefined);
  expect(await health()).toEqual(UNHEALTHY);
  expect(await health()).toEqual(UNHEALTHY);
  expect(checks).toHaveLength(3);
});

test("a check that is quick enough is waited for", async () => {
  const { checks, health } = slowly({ patienceMs: 60_000 });
  const first = health();
  checks[0]?.resolve();
  await first;
  const second = health();
  checks[1]?.reject(new RunnerError("provider_unavailable", "No answer."));
  expect(await second).toEqual(UNHEALTHY);
});

test("an answer that is too old stands in for nothing", async () => {
  const { checks, health } = slowly({ oldestMs: -1 });
  const first = health();
  checks[0]?.resolve();
  await first;
  const second = health();
  checks[1]?.reject(new RunnerError("provider_unavailable", "No answer."));
  expect(await second).toEqual(UNHEALTHY);
});
