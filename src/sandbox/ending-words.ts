/** How a command ended, in words that are the same in events, pull requests and what models read. */
import type { ExecEnd, SandboxDescription } from "./wire.ts";

/** Hosts that are named. */
const MOST_HOSTS = 10;

/** What goes behind "it": "ended with exit code 1", "timed out after 300 s". */
export function endingWords(end: ExecEnd, limits: SandboxDescription["limits"]): string {
  switch (end.ending) {
    case "exited":
      return `ended with exit code ${end.exit_code ?? "unknown"}`;
    case "signaled":
      return `was ended by ${end.signal ?? "a signal"}`;
    case "out_of_memory":
      return `ran out of memory (${limits.memory_limit_mb} MB)`;
    case "timed_out":
      return `timed out after ${secondsGiven(end, limits)} s`;
    case "output_limit":
      return "wrote so much that it was ended";
    case "sandbox_lost":
      return "lost its sandbox";
  }
}

/** What a command that timed out had: fewer than the sandbox's own limit when its run had no more to give. */
function secondsGiven({ duration_ms }: ExecEnd, limits: SandboxDescription["limits"]): number {
  return Math.min(limits.timeout_seconds, Math.max(1, Math.round(duration_ms / 1000)));
}

/** True when a command timed out because its run had no more time for it, not at the sandbox's own limit. */
export function ranOutOfRunTime(end: ExecEnd, limits: SandboxDescription["limits"]): boolean {
  return end.ending === "timed_out" && secondsGiven(end, limits) < limits.timeout_seconds;
}

/** Sentences about what else there is to know. */
export function commandSentences({ truncated, refused_hosts }: ExecEnd): readonly string[] {
  const shown = refused_hosts.slice(0, MOST_HOSTS).join(", ");
  const more = refused_hosts.length > MOST_HOSTS ? ` and ${refused_hosts.length - MOST_HOSTS} more` : "";
  return [
    ...(truncated ? ["Some of its output was dropped."] : []),
    ...(refused_hosts.length === 0
      ? []
      : [`Connections were refused to ${shown}${more}: a sandbox reaches allow-listed hosts only.`]),
  ];
}
