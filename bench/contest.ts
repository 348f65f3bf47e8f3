/** All contenders on one repository, turn by turn, with what each run fetched and whether its tree is the same. */
import type { Contender, ContenderName, Finished, Job } from "./contender.ts";
import { chooseEdit } from "./edit.ts";
import { createFloor } from "./floor.ts";
import { type ForgeProcess, type Hosted, startForgeProcess } from "./forge-process.ts";
import { createIsomorphic } from "./isomorphic.ts";
import { createNative } from "./native.ts";
import type { BenchRepository } from "./repositories.ts";
import { createService, freshGrowth } from "./service.ts";

export interface Sample extends Finished {
  readonly contender: ContenderName;
  /** The id of the tree it pushed. */
  readonly tree: string;
  /** Bytes of the answers to git's fetches. */
  readonly fetchedBytes: number;
  readonly requests: readonly RequestSample[];
}

/** One request as it reached the forge. */
interface RequestSample {
  readonly line: string;
  /** Milliseconds after the job began. */
  readonly atMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface ContestResult {
  readonly repository: BenchRepository;
  readonly rounds: readonly (readonly Sample[])[];
  /** Growth of a service that has done nothing before, once for each fresh start. */
  readonly freshMemoryKb: readonly number[];
}

export interface ContestOptions {
  readonly rounds: number;
  readonly contenders: readonly ContenderName[];
  readonly freshStarts: number;
  /** Where clones are made; whoever made it removes it, once everything is measured. */
  readonly folder: string;
  readonly onSample?: (sample: Sample, round: number) => void;
}

const TOKEN = "bench-token-0123456789abcdef";
const OWNER = "bench";

type Create = (job: Job, folder: string) => Promise<Contender> | Contender;

const CREATORS: Readonly<Record<ContenderName, Create>> = {
  service: createService,
  native: createNative,
  isomorphic: createIsomorphic,
  floor: createFloor,
};

/** Round 0 warms everything up and is not among the results. Throws when two contenders make different trees. */
export async function contest(repository: BenchRepository, options: ContestOptions): Promise<ContestResult> {
  await using forge = await startForgeProcess(TOKEN, OWNER);
  const hosted = await forge.addRepository(`${OWNER}/${repository.name}`, { from: repository.dir });
  const job = jobFor(forge, hosted, repository);
  const contenders: Contender[] = [];
  try {
    for (const name of options.contenders) contenders.push(await CREATORS[name](job, options.folder));
    const rounds: Sample[][] = [];
    for (let round = 0; round <= options.rounds; round++) {
      const samples: Sample[] = [];
      for (const contender of contenders) {
        const sample = await measured(contender, forge, hosted);
        options.onSample?.(sample, round);
        samples.push(sample);
      }
      checkSameTree(samples);
      if (round > 0) rounds.push(samples);
    }
    const freshMemoryKb: number[] = [];
    for (let start = 0; start < options.freshStarts; start++) {
      freshMemoryKb.push((await freshGrowth(job)).memoryKb);
    }
    return { repository, rounds, freshMemoryKb };
  } finally {
    for (const contender of contenders) await contender.close();
  }
}

/** The job on a repository of this forge. */
function jobFor(forge: ForgeProcess, hosted: Hosted, repository: BenchRepository): Job {
  return {
    apiUrl: forge.apiUrl,
    cloneUrl: hosted.cloneUrl,
    serverUrl: forge.url,
    fullName: hosted.fullName,
    token: TOKEN,
    edit: chooseEdit(repository.dir),
  };
}

async function measured(contender: Contender, forge: ForgeProcess, hosted: Hosted): Promise<Sample> {
  await forge.clearLog();
  const finished = await contender.run();
  const entries = await forge.requests();
  const requests = entries.map(({ method, path, status, time, bytesIn, bytesOut }) => ({
    line: `${method} ${path} ${status}`,
    atMs: time - finished.beganAt,
    bytesIn,
    bytesOut,
  }));
  const fetchedBytes = entries
    .filter(({ service }) => service === "upload-pack")
    .reduce((sum, { bytesOut }) => sum + bytesOut, 0);
  const tree = await hosted.git("rev-parse", `refs/heads/${finished.branch}^{tree}`);
  // The next push meets the server as this one did: as few branches, and none of its objects there already.
  await hosted.git("update-ref", "-d", `refs/heads/${finished.branch}`);
  await hosted.git("prune", "--expire=now");
  return { ...finished, contender: contender.name, tree, fetchedBytes, requests };
}

/** Whoever did something else did not do the job. */
function checkSameTree(samples: readonly Sample[]): void {
  const trees = new Set(samples.map(({ tree }) => tree));
  if (trees.size > 1) {
    const found = samples.map(({ contender, tree }) => `${contender} ${tree}`).join(", ");
    throw new Error(`the contenders pushed different trees: ${found}`);
  }
}
