/** All hostile programs. */
import type { HostileProgram } from "./program.ts";
import { DISK } from "./programs/disk.ts";
import { ESCAPES } from "./programs/escapes.ts";
import { FILES } from "./programs/files.ts";
import { MEMORY } from "./programs/memory.ts";
import { NEIGHBOURS } from "./programs/neighbours.ts";
import { NETWORKS } from "./programs/networks.ts";
import { OUTPUT } from "./programs/output.ts";
import { PROCESSES } from "./programs/processes.ts";

export const PROGRAMS: readonly HostileProgram[] = [
  ...PROCESSES,
  ...MEMORY,
  ...DISK,
  ...OUTPUT,
  ...ESCAPES,
  ...NETWORKS,
  ...NEIGHBOURS,
  ...FILES,
];
