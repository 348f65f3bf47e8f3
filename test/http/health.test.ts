/** The health report: the documented shape, from checks that are run together, bounded and not too often. */
import { describe, expect, it } from "vitest";
import { createHealth, type HealthChecks } from "../../src/http/health.ts";
import { manualTimers } from "../support/manual-timers.ts";
import { allAvailable, createTestApp } from "../support/test-app.ts";

const AVAILABLE = {
  git_operations: "available",
  coding_agent: "available",
  llm_agent: "available",
  cloud_sandbox: "available",
  openai: "available",
  anthropic: "available",
  docker: "available",
};

const CHECKED = Object.keys(AVAILABLE).filter((name) => name !== "llm_agent") as (keyof HealthChecks)[];

async function health(checks: Partial<HealthChecks>) {
  const { app } = createTestApp({ checks: { ...allAvailable(), ...checks } });
  const response = await app.request("/health");
  return [response.status, await response.json()];
}

describe("GET /health", () => {
  it("has the documented shape", async () => {
    expect(await health({ anthropic: async () => "not_configured" })).toEqual([
      200,
      {
        status: "healthy",
        service: "tiny-backspace-enhanced",
        components: { ...AVAILABLE, anthropic: "not_configured" },
      },
    ]);
  });

  it("is degraded when a component that is there does not work, and says nothing of why", async () => {
    const docker = async () => {
      throw new Error("connect ECONNREFUSED /var/run/docker.sock");
    };
    expect(await health({ docker, openai: async () => "not_configured" })).toEqual([
      200,
      {
        status: "degraded",
        service: "tiny-backspace-enhanced",
        components: { ...AVAILABLE, docker: "unavailable", openai: "not_configured" },
      },
    ]);
  });

  it.each([
    ["available", "available", "available"],
    ["available", "unavailable", "available"],
    ["not_configured", "available", "available"],
    ["unavailable", "unavailable", "unavailable"],
    ["unavailable", "not_configured", "unavailable"],
    ["not_configured", "not_configured", "not_configured"],
  ] as const)("with openai %s and anthropic %s has the model agent %s", async (openai, anthropic, agent) => {
    expect(await health({ openai: async () => openai, anthropic: async () => anthropic })).toMatchObject([
      200,
      { components: { openai, anthropic, llm_agent: agent } },
    ]);
  });

  it.each(["git_operations", "coding_agent"] as const)("is 503 without %s", async (name) => {
    for (const state of ["unavailable", "not_configured"] as const) {
      expect(await health({ [name]: async () => state })).toEqual([
        503,
        {
          status: "degraded",
          service: "tiny-backspace-enhanced",
          components: { ...AVAILABLE, [name]: state },
        },
      ]);
    }
  });
});

describe("the checks", () => {
  /** A health whose clock and checks the test holds. */
  function held() {
    const timers = manualTimers();
    let time = 0;
    const started: string[] = [];
    const count = (name: keyof HealthChecks) => [
      name,
      async () => {
        started.push(name);
        return "available" as const;
      },
    ];
    const names = CHECKED;
    const checks = Object.fromEntries(names.map(count)) as unknown as HealthChecks;
    const readConfig = async () => ({});
    return {
      timers,
      started,
      checks,
      names,
      pass: (milliseconds: number) => {
        time += milliseconds;
      },
      create: (overrides: Partial<HealthChecks> = {}) =>
        createHealth({
          checks: { ...checks, ...overrides },
          readConfig,
          now: () => time,
          startTimer: timers.startTimer,
        }),
    };
  }

  it("run once for everybody who asks within five seconds, and again after", async () => {
    const { create, started, names, pass, timers } = held();
    const ask = create();
    await Promise.all(Array.from({ length: 100 }, () => ask()));
    pass(4_999);
    await ask();
    expect(started).toEqual(names);
    pass(1);
    await ask();
    expect(started).toEqual([...names, ...names]);
    expect(timers.running()).toEqual([]);
  });

  it("run together, and one that hangs is cut off and told to stop", async () => {
    const { create, started, names, timers } = held();
    const signals: AbortSignal[] = [];
    const report = create({
      git_operations: (signal) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    })();
    expect(started).toEqual(names.slice(1));
    timers.fire(2_000);
    expect((await report).components).toEqual({ ...AVAILABLE, git_operations: "unavailable" });
    expect([signals.map((signal) => signal.aborted), timers.running()]).toEqual([[true], []]);
  });

  it("do not keep others waiting when the request that started them is gone", async () => {
    const { create, timers } = held();
    const ask = create({ docker: () => new Promise(() => {}) });
    const answers = [ask(), ask()];
    timers.fire(4_000);
    timers.fire(4_000);
    expect((await Promise.all(answers)).map((report) => report.components.docker)).toEqual([
      "unavailable",
      "unavailable",
    ]);
  });
});
