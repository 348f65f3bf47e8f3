/** Every hostile program once, several at a time, next to somebody who must not notice. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HAS_ENGINE } from "../../support/runner-process.ts";
import { contain } from "./contain.ts";
import { PROGRAMS } from "./programs.ts";
import { openStand, type Stand } from "./stand.ts";

/** A busy machine included. */
const DEADLINE_MS = 120_000;

describe.skipIf(!HAS_ENGINE)("a sandbox contains", () => {
  let stand: Stand;

  beforeAll(async () => {
    stand = await openStand();
  });

  afterAll(async () => {
    const ticks = stand.neighbour.ticks();
    expect(await stand.close()).toEqual([]);
    expect(ticks).toBeGreaterThan(10);
  });

  test.concurrent.each(PROGRAMS.map((program) => [program.name, program] as const))(
    "%s",
    async (_, program) => {
      const { problems } = await contain(stand.client, program, stand.runner.port);
      expect(problems).toEqual([]);
    },
    DEADLINE_MS,
  );
});

test("there are as many hostile programs as there have to be, each with a name of its own", () => {
  expect(new Set(PROGRAMS.map(({ name }) => name)).size).toBe(PROGRAMS.length);
  expect(PROGRAMS.length).toBeGreaterThanOrEqual(44);
});
