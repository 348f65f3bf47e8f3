/** How long an agent may work, so that the run still has time to publish what it did. */

const SHARE_KEPT = 0.15;
const LEAST_KEPT_MS = 5_000;
const MOST_KEPT_MS = 30_000;

/** How much of a run's time the agent has, in whole milliseconds: the rest goes into commit, push and pull request. */
export function agentTime(limitMs: number): number {
  const kept = Math.min(Math.max(SHARE_KEPT * limitMs, LEAST_KEPT_MS), MOST_KEPT_MS, limitMs / 2);
  return Math.floor(limitMs - kept);
}
