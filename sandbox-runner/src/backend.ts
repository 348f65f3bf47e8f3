/** The port every place that runs commands implements. */
import type { ExecEnd, ExecOutput, RunnerProvider, SandboxDescription } from "../../src/sandbox/wire.ts";
import type { ChangedFiles, Upload } from "./archive/archive.ts";

export type SandboxLimits = SandboxDescription["limits"];

/** How one command ended; what the service itself knows (duration, refused hosts, truncation) is added there. */
export interface CommandEnd {
  readonly ending: ExecEnd["ending"];
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Raw bytes as the command wrote them. */
export interface OutputChunk {
  readonly stream: ExecOutput["stream"];
  readonly bytes: Uint8Array;
}

export interface Command {
  readonly command: string;
  readonly timeoutMs: number;
  /** True while allow-listed hosts may be reached. */
  readonly network: boolean;
}

export interface BackendSandbox {
  /**
   * Removes what the upload names, then writes its files: reads the upload to its end. A sandbox into which
   * this failed is destroyed by the caller.
   */
  put(upload: Upload, signal: AbortSignal): Promise<void>;
  /**
   * Runs one command; never two at once. When it returns, whatever the command left running has been killed.
   * When its consumer leaves early or the signal aborts, the command is ended, by ending the sandbox if need be.
   * Backpressure: nothing is read from the command while nobody asks for the next chunk.
   */
  exec(command: Command, signal: AbortSignal): AsyncGenerator<OutputChunk, CommandEnd>;
  /**
   * What commands changed since the uploads. `keep` says of a file that was not uploaded whether it counts.
   * Nothing may run meanwhile.
   */
  changes(keep: (path: string) => boolean, signal: AbortSignal): Promise<ChangedFiles>;
  /** Hosts that were refused since this was last called, `host:port`. */
  refusedHosts(): readonly string[];
  /** Settles once nothing of it runs any more; safe to call twice, and while anything else is under way. */
  destroy(): Promise<void>;
  /** Settles when the sandbox has ended by itself, and never rejects. */
  readonly ended: Promise<void>;
}

export interface CreateOptions {
  readonly id: string;
  /** Milliseconds since the epoch; the backend itself sees to it that nothing outlives this. */
  readonly expiresAt: number;
}

export interface Backend {
  readonly provider: RunnerProvider;
  readonly limits: SandboxLimits;
  readonly network: SandboxDescription["network"];
  /** Throws RunnerError `provider_unavailable` when the engine does not answer. */
  create(options: CreateOptions, signal: AbortSignal): Promise<BackendSandbox>;
  /** Runs a real command in a sandbox of its own; throws, with a sentence for the operator, when that fails. */
  check(signal: AbortSignal): Promise<void>;
  /** Ends all of its sandboxes, and what it keeps in stock. */
  close(): Promise<void>;
}
