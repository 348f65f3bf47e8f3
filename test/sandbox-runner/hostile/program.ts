/** What a hostile program is: what it tries, how that ends, and what must be so afterwards. */
import type { ChangesManifest, ExecEnding } from "../../../src/sandbox/wire.ts";

export interface HostileProgram {
  /** What it is, to go on after "contains". */
  readonly name: string;
  readonly language: "sh" | "python" | "c";
  /** `@RUNNER_PORT@` stands for the port the runner listens on, on the host's loopback. */
  readonly source: string;
  /** Seconds it may take; 20 without. */
  readonly timeout?: number;
  readonly ends: readonly ExecEnding[];
  readonly exitCodes?: readonly number[];
  /** What its output, both streams together, holds. */
  readonly says?: RegExp;
  /** What its output must not hold; what every program would say if it got through is in `ESCAPED`. */
  readonly neverSays?: RegExp;
  /** Files that are there before. */
  readonly files?: Readonly<Record<string, string>>;
  /** What is read back, as far as it is named; or the error instead. */
  readonly changes?: Partial<ChangesManifest> | "payload_too_large";
  /**
   * Whether the sandbox takes another command afterwards. "either" where that depends on whom the kernel kills, or
   * on what is left when memory was taken by what outlives a process.
   */
  readonly sandbox: "lives" | "either";
}

/** What a program prints, whose attack went through. */
export const ESCAPED = /\bESCAPED\b/;

/** The endings of what would go on for ever. */
export const STOPPED: readonly ExecEnding[] = ["timed_out"];
export const ENDED: readonly ExecEnding[] = ["exited"];

/** What it is called in the workspace, and the command that starts it. */
export const START: Readonly<Record<HostileProgram["language"], { file: string; command: string }>> = {
  sh: { file: "attack.sh", command: "sh attack.sh" },
  python: { file: "attack.py", command: "python3 -u attack.py" },
  c: { file: "attack.c", command: "cc -o /tmp/attack attack.c && /tmp/attack" },
};
