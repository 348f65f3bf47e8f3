/** Where hostile programs are tried: a runner with tight limits, a neighbour, and an ear on the host. */
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { type RunnerProcess, startRunnerProcess } from "../../support/runner-process.ts";
import { type RunnerClient, runnerClient } from "../../support/sandbox-runner.ts";
import { moveIn, type Neighbour } from "./neighbour.ts";

export interface Stand {
  readonly runner: RunnerProcess;
  readonly client: RunnerClient;
  readonly neighbour: Neighbour;
  /** Ends all of it. Sentences, if the neighbour missed anything. */
  close(): Promise<readonly string[]>;
}

/** Small enough to be reached soon, and such that 100,000 files fit into a workspace. */
const LIMITS = {
  MEMORY_LIMIT_MB: "384",
  CPU_LIMIT: "1",
  PIDS_LIMIT: "64",
  OPEN_FILES_LIMIT: "512",
  WORKSPACE_MB: "64",
  WORKSPACE_INODES: "110000",
  OUTPUT_LIMIT_BYTES: "262144",
  ARCHIVE_FILES: "50000",
  ARCHIVE_FILE_MB: "4",
  MAX_SANDBOXES: "16",
} as const;

/** Programs try so many. */
const EARS = 4;

export async function openStand(): Promise<Stand> {
  const ear = await openEar();
  const runner = await startRunnerProcess(LIMITS);
  const client = runnerClient(runner);
  const neighbour = await moveIn(client);
  return {
    runner,
    client,
    neighbour,
    async close() {
      const missed = await neighbour.leave();
      ear.close();
      const code = await runner.stop();
      return code === 0 ? missed : [...missed, `the runner ended with ${code}: ${runner.complaints()}`];
    },
  };
}

/** A unix socket without a file: what a container could reach if it shared the host's network. */
async function openEar(): Promise<Server> {
  for (let at = 0; at < EARS; at += 1) {
    const ear = createServer((socket) => socket.destroy()).listen(`\0canary-of-the-host-${at}`);
    try {
      await once(ear, "listening");
      return ear;
    } catch {
      // Another stand has that one.
    }
  }
  throw new Error(`There are ${EARS} stands already.`);
}
