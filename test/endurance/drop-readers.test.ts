/** A seeded sample of the disconnect test, small enough for every test run. */
import { expect, test } from "vitest";
import { dropReaders } from "./drop-readers.ts";

test("readers that hang up at random points and resume see the same bytes", async () => {
  const result = await dropReaders({ host: "workerd", seed: 20_261_122, readers: 40, runs: 2 });
  expect(result).toMatchObject({ readers: 40, identical: 40, problems: [] });
  // A log is some 20,000 characters: nobody gets far on one connection.
  expect(result.resumed).toBeGreaterThan(40 * 3);
});
