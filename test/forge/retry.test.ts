import { describe, expect, test, vi } from "vitest";
import { sleep } from "../../src/sleep.ts";
import { failure, START, setUp } from "./harness.ts";

const REF = { owner: "acme", name: "widgets" };
const READ = "GET /repos/acme/widgets";
const PRIMARY = "GitHub's rate limit is used up";
const SECONDARY = "GitHub asked for fewer requests (secondary rate limit)";
const secondaryBody = { message: "You have exceeded a secondary rate limit. Please wait a few minutes." };
const primaryBody = { message: "API rate limit exceeded for user ID 1." };
const json = { "content-type": "application/json; charset=utf-8" };
const inSeconds = (seconds: number): string => `${START / 1000 + seconds}`;

async function setUpWidgets(...args: Parameters<typeof setUp>) {
  const setup = await setUp(...args);
  await setup.server.addRepository("acme/widgets", { files: { "README.md": "Widgets\n" } });
  return setup;
}

describe("attack 24: no request is sent earlier than GitHub allows", () => {
  test.each([
    {
      name: "retry-after in seconds",
      answer: { status: 429, headers: { ...json, "retry-after": "30" }, body: secondaryBody },
      wait: { reason: SECONDARY, milliseconds: 30_000 },
    },
    {
      name: "retry-after as a date",
      answer: {
        status: 403,
        headers: { ...json, "retry-after": new Date(START + 45_000).toUTCString() },
        body: secondaryBody,
      },
      wait: { reason: SECONDARY, milliseconds: 45_000 },
    },
    {
      name: "retry-after before the reset of the limit",
      answer: {
        status: 403,
        headers: {
          ...json,
          "retry-after": "7",
          "x-ratelimit-remaining": "0",
          "x-ratelimit-reset": inSeconds(3600),
        },
        body: secondaryBody,
      },
      wait: { reason: SECONDARY, milliseconds: 7000 },
    },
    {
      name: "the reset of a limit that is used up",
      answer: {
        status: 403,
        headers: { ...json, "x-ratelimit-remaining": "0", "x-ratelimit-reset": inSeconds(50) },
        body: primaryBody,
      },
      wait: { reason: PRIMARY, milliseconds: 51_000 },
    },
    {
      name: "a reset that has passed by our clock",
      answer: {
        status: 429,
        headers: { ...json, "x-ratelimit-remaining": "0", "x-ratelimit-reset": inSeconds(-5) },
        body: primaryBody,
      },
      wait: { reason: PRIMARY, milliseconds: 1000 },
    },
    {
      name: "a secondary limit without a header: one minute",
      answer: { status: 403, body: secondaryBody },
      wait: { reason: SECONDARY, milliseconds: 60_000 },
    },
    {
      name: "429 without any header: one minute",
      answer: { status: 429, body: { message: "Too many" } },
      wait: { reason: SECONDARY, milliseconds: 60_000 },
    },
  ])("$name", async ({ answer, wait }) => {
    await using setup = await setUpWidgets();
    setup.fault({ nth: 1 }, answer);

    const repository = await setup.forge.preflight(REF, setup.call);

    expect(repository.ref).toEqual(REF);
    expect(setup.told).toEqual([wait]);
    expect(setup.sent).toEqual([0, wait.milliseconds]);
    expect(setup.requests()).toEqual([READ, READ]);
  });

  test("without a header each wait is twice the last, until they are too many", async () => {
    await using setup = await setUpWidgets({ maxWait: 24 * 3600 * 1000 });
    setup.fault({}, { status: 403, body: secondaryBody });

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect([error.code, error.retryable]).toEqual(["rate_limited", true]);
    expect(setup.slept).toEqual([60_000, 120_000, 240_000, 480_000, 960_000]);
    expect(setup.requests()).toHaveLength(6);
  });

  test("a server that always says 'retry after 0' is not asked for ever", async () => {
    await using setup = await setUpWidgets();
    setup.fault({}, { status: 429, headers: { ...json, "retry-after": "0" } });

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect([error.code, setup.requests().length]).toEqual(["rate_limited", 6]);
  });

  test("a wait beyond the bound is an error that says when to try again", async () => {
    await using setup = await setUpWidgets();
    setup.fault(
      {},
      {
        status: 403,
        headers: { ...json, "x-ratelimit-remaining": "0", "x-ratelimit-reset": inSeconds(1800) },
        body: primaryBody,
      },
    );

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect([error.code, error.retryable, error.message]).toEqual([
      "rate_limited",
      true,
      "GitHub's rate limit is used up. Try again after 2026-11-22T10:30:01.000Z.",
    ]);
    expect([setup.requests(), setup.told]).toEqual([[READ], []]);
  });

  test("without a token the error says what raises the limit", async () => {
    await using setup = await setUpWidgets({ token: undefined });
    setup.fault({}, { status: 429, headers: { ...json, "retry-after": "9".repeat(30) } });

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect(error.message).toBe(
      "GitHub asked for fewer requests (secondary rate limit). Try again after 2027-11-22T10:00:00.000Z. Send " +
        "a token in X-GitHub-Token or set GITHUB_TOKEN: requests with one have a higher limit.",
    );
  });

  test("the bound holds for all waits of a call together", async () => {
    await using setup = await setUpWidgets();
    setup.fault({}, { status: 429, headers: { ...json, "retry-after": "50" } });

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect(error.message).toBe(`${SECONDARY}. Try again after 2026-11-22T10:02:30.000Z.`);
    expect(setup.slept).toEqual([50_000, 50_000]);
  });

  test("a limit met by one call holds back the next one too", async () => {
    await using setup = await setUpWidgets();
    const limit = setup.fault({ nth: 1 }, { status: 429, headers: { ...json, "retry-after": "200" } });
    const first = await failure(setup.forge.preflight(REF, setup.call));
    const second = await failure(setup.forge.preflight(REF, setup.call));

    expect([first.message, second.message]).toEqual(
      Array(2).fill(`${SECONDARY}. Try again after 2026-11-22T10:03:20.000Z.`),
    );
    expect([limit.hits, setup.requests()]).toEqual([1, [READ]]);
  });

  test("after the last request of an hour the next one waits for the reset", async () => {
    await using setup = await setUpWidgets();
    const page = await fetch(`${setup.server.apiUrl}/repos/acme/widgets`);
    setup.server.log.clear();
    setup.fault(
      { nth: 1 },
      {
        status: 200,
        headers: { ...json, "x-ratelimit-remaining": "0", "x-ratelimit-reset": inSeconds(20) },
        body: await page.text(),
      },
    );

    await setup.forge.preflight(REF, setup.call);
    await setup.forge.preflight(REF, setup.call);

    expect(setup.told).toEqual([{ reason: PRIMARY, milliseconds: 21_000 }]);
    expect(setup.sent).toEqual([0, 21_000]);
  });

  test("an abort during a wait ends it at once, and nothing more is sent", async () => {
    await using setup = await setUpWidgets({ sleep });
    setup.fault({}, { status: 429, headers: { ...json, "retry-after": "100" } });
    const reason = new Error("the user changed their mind");
    const waiting = Promise.withResolvers<void>();

    const reading = setup.forge.preflight(REF, {
      signal: setup.controller.signal,
      onWait: () => waiting.resolve(),
    });
    await waiting.promise;
    setup.controller.abort(reason);

    await expect(reading).rejects.toBe(reason);
    expect(setup.requests()).toEqual([READ]);
  });
});

describe("passing failures are tried again", () => {
  test.each([
    ["shortest", 0, [500, 1000]],
    ["longest", 0.999, [1000, 1999]],
  ])("after waits that double, with the %s jitter", async (_name, random, waits) => {
    await using setup = await setUpWidgets({ random: () => random });
    setup.fault({}, { status: 502 }, 2);

    const repository = await setup.forge.preflight(REF, setup.call);

    expect(repository.ref).toEqual(REF);
    expect(setup.slept).toEqual(waits);
    expect(setup.told).toEqual(
      waits.map((milliseconds) => ({ reason: "GitHub answered 502", milliseconds })),
    );
  });

  test("no earlier than a 503 asks for", async () => {
    await using setup = await setUpWidgets();
    setup.fault({ nth: 1 }, { status: 503, headers: { ...json, "retry-after": "20" } });

    await setup.forge.preflight(REF, setup.call);

    expect(setup.slept).toEqual([20_000]);
  });

  test("but not when the wait would be beyond the bound", async () => {
    await using setup = await setUpWidgets();
    setup.fault({}, { status: 503, headers: { ...json, "retry-after": "300" } });

    const error = await failure(setup.forge.preflight(REF, setup.call));

    expect([error.code, setup.requests(), setup.slept]).toEqual(["forge_unavailable", [READ], []]);
  });
});

describe("sleep", () => {
  test("leaves no timer behind when it is aborted", async () => {
    vi.useFakeTimers();
    try {
      const controller = new AbortController();
      const sleeping = sleep(60_000, controller.signal);
      const reason = new Error("enough");
      controller.abort(reason);

      await expect(sleeping).rejects.toBe(reason);
      await expect(sleep(60_000, controller.signal)).rejects.toBe(reason);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test("takes at least as long as it is told", async () => {
    vi.useFakeTimers();
    try {
      let done = false;
      const sleeping = sleep(1000, new AbortController().signal).then(() => {
        done = true;
      });
      await vi.advanceTimersByTimeAsync(1000);
      expect(done).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      await sleeping;
      expect(done).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});
