import { expect, test } from "vitest";
import { median, medianRatio } from "../../bench/statistics.ts";

test("the median is the middle value, or the mean of the two in the middle", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 2])).toBe(3.5);
  expect(() => median([])).toThrow("no median of nothing");
});

test("ratios are taken within a pair, so that a slow round for both does not show", () => {
  expect(medianRatio([1, 10, 100], [2, 20, 200])).toBe(0.5);
  expect(() => medianRatio([1], [1, 2])).toThrow("cannot be paired");
});
