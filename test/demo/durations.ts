/** Writes durations the way people read them. */

/** `42 ms`, `1.3 s`, `2 min 5 s`; nothing below a millisecond, which is as fine as the clocks are. */
export function duration(milliseconds: number): string {
  const ms = Math.round(milliseconds);
  if (ms < 1) return "";
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
