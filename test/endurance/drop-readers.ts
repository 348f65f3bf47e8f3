/** Readers that hang up anywhere, in the middle of a frame too, and resume: all see the same bytes. */
import { parseArgs } from "node:util";
import { buildWorker } from "../support/build-worker.ts";
import { deploy } from "../support/deployment.ts";
import { textOf } from "../support/frames.ts";
import { HOST_NAMES, type HostName } from "../support/hosts.ts";
import { createRandom } from "../support/random.ts";
import { follow } from "./follow.ts";
import { judgeLog } from "./judge.ts";

export interface DropOptions {
  readonly host: HostName;
  readonly seed: number;
  readonly readers: number;
  /** Runs they are spread over. */
  readonly runs: number;
}

export interface DropResult {
  readonly readers: number;
  /** Readers whose bytes are those of the whole log. */
  readonly identical: number;
  readonly resumed: number;
  readonly problems: readonly string[];
}

/** Each request to the forge waits this long, so that readers find the runs alive. */
const FORGE_DELAY_MS = 150;
/** Most characters before a reader hangs up: within a frame, after a few, and more than the longest has. */
const LONGEST_READS = [300, 1000, 1000, 5000] as const;
const FILES = 20;

export async function dropReaders({ host, seed, readers, runs }: DropOptions): Promise<DropResult> {
  await using deployment = await deploy(host);
  const { forge } = deployment;
  forge.faults.add({ match: {}, action: { delayMs: FORGE_DELAY_MS } });
  const api = deployment.caller();
  const prompt = Array.from({ length: FILES }, (_, i) => `Create f${i}.txt containing: ${i}`).join("\n");
  const ids = await Promise.all(
    Array.from({ length: runs }, async () => {
      const { url } = await deployment.repository();
      return (await api.start({ repoUrl: url, prompt })).id;
    }),
  );
  const followed = await Promise.all(
    Array.from({ length: readers }, async (_, number) => {
      const random = createRandom(seed * 10_000 + number);
      const id = random.pick(ids);
      const reader = await follow(api, id, {
        nextCut: () => 1 + random.int(random.pick(LONGEST_READS)),
      });
      return { id, text: textOf(reader.frames), resumed: reader.resumed };
    }),
  );
  const logs = new Map(await Promise.all(ids.map(async (id) => [id, await api.log(id)] as const)));
  return {
    readers,
    identical: followed.filter(({ id, text }) => text === logs.get(id)).length,
    resumed: followed.reduce((sum, { resumed }) => sum + resumed, 0),
    problems: [...logs].flatMap(([id, log]) => judgeLog(log).map((problem) => `${id}: ${problem}`)),
  };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      host: { type: "string", default: "workerd" },
      seed: { type: "string", default: "1" },
      readers: { type: "string", default: "500" },
      runs: { type: "string", default: "5" },
    },
  });
  const host = HOST_NAMES.find((name) => name === values.host);
  if (host === undefined) throw new Error(`--host takes ${HOST_NAMES.join(", ")}, not ${values.host}`);
  if (host === "workerd") buildWorker();
  const options = { seed: Number(values.seed), readers: Number(values.readers), runs: Number(values.runs) };
  const result = await dropReaders({ host, ...options });
  for (const problem of result.problems) console.log(problem);
  console.log(
    `identical ${result.identical}/${result.readers} readers of ${values.runs} runs on ${host}, ${result.resumed} times resumed (seed ${values.seed})`,
  );
  process.exitCode = result.problems.length === 0 && result.identical === result.readers ? 0 : 1;
}
