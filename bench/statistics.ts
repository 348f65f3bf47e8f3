/** The few sums the figures are made of: medians, and medians of ratios taken pair by pair. */

/** The middle value, or the mean of the two in the middle. Throws for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  if (high === undefined || low === undefined) throw new Error("there is no median of nothing");
  return (low + high) / 2;
}

/**
 * The median of `ours[i] / theirs[i]`. Both of a pair were measured in the same round, so what slows the
 * machine for a while slows both and leaves the ratio alone.
 */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  if (ours.length !== theirs.length)
    throw new Error(`${ours.length} values cannot be paired with ${theirs.length}`);
  return median(ours.map((value, i) => value / (theirs[i] ?? Number.NaN)));
}
