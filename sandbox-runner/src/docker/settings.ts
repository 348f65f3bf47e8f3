/** What an operator decides about sandboxes on a Docker engine; nothing of it comes from a request. */
import type { SandboxDescription } from "../../../src/sandbox/wire.ts";
import type { ArchiveLimits } from "../archive/archive.ts";
import type { SandboxLimits } from "../backend.ts";

export interface DockerSettings {
  readonly image: string;
  /** A runtime the engine knows (`runsc`, `kata`); without one, the engine's default. */
  readonly runtime?: string;
  /** Names this runner's containers. A runner that starts under the same name removes what is left of the last. */
  readonly runner: string;
  readonly limits: SandboxLimits;
  readonly network: SandboxDescription["network"];
  /** The longest any sandbox lives; `expiresAt` is never further away. */
  readonly lifetimeSeconds: number;
  /** Started containers kept in stock; 0 for none. */
  readonly warmPoolSize: number;
  /** Processes and threads at once. */
  readonly pids: number;
  /** Open files of one process. */
  readonly openFiles: number;
  /** Size of the workspace. It counts as memory, and so is best kept well below `memory_limit_mb`. */
  readonly workspaceMb: number;
  /** Files and folders in the workspace; each takes about a kilobyte of the kernel's memory, which counts too. */
  readonly workspaceFiles: number;
  /** For what commands changed; a file that is larger than one may be is skipped. */
  readonly changes: ArchiveLimits;
}
