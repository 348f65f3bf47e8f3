/** `npm run bench`: the whole job against the ways it could be done otherwise, with a verdict on every target. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildWorker } from "../test/support/build-worker.ts";
import type { ContenderName } from "./contender.ts";
import { type ContestResult, contest } from "./contest.ts";
import { figuresOf } from "./figures.ts";
import { type Options, readOptions, roundsFor, USAGE } from "./options.ts";
import { phasesOf, phaseTable } from "./phases.ts";
import { prepareRepository } from "./repositories.ts";
import { machineLine, markdownTable } from "./table.ts";
import { verdictsOn } from "./targets.ts";

/** isomorphic-git keeps every object and file in memory: above this its one run would take minutes. */
const LARGEST_FOR_ISOMORPHIC = 50_000;
const FRESH_STARTS = 3;

async function main(options: Options): Promise<number> {
  buildWorker();
  const folder = mkdtempSync(join(options.folder, "bench-clones-"));
  try {
    return report(options, await measureAll(options, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(options: Options, folder: string): Promise<readonly ContestResult[]> {
  const results: ContestResult[] = [];
  for (const recipe of options.recipes) {
    const repository = await prepareRepository(recipe);
    const rounds = options.rounds ?? roundsFor(repository.files);
    const isomorphic = options.isomorphic && repository.files <= LARGEST_FOR_ISOMORPHIC;
    const contenders: readonly ContenderName[] = [
      "service",
      "native",
      ...(isomorphic ? ["isomorphic" as const] : []),
      "floor",
    ];
    process.stderr.write(`${repository.name}: ${repository.files} files, ${rounds} rounds\n`);
    const onSample: Parameters<typeof contest>[1]["onSample"] = (sample, round) => {
      const { contender, wallMs, cpuMs } = sample;
      process.stderr.write(
        `  round ${round} ${contender}: ${wallMs.toFixed(0)} ms, CPU ${cpuMs.toFixed(0)} ms\n`,
      );
    };
    results.push(
      await contest(repository, { rounds, contenders, freshStarts: FRESH_STARTS, folder, onSample }),
    );
  }
  return results;
}

/** Prints everything; returns the exit code. */
function report(options: Options, results: readonly ContestResult[]): number {
  const figures = results.map(figuresOf);
  const verdicts = figures.flatMap(verdictsOn);
  console.log(`${markdownTable(figures)}\n\n${machineLine()}\n`);
  if (options.phases) {
    for (const result of results) console.log(`${phaseTable(result.repository.name, phasesOf(result))}\n`);
  }
  for (const { line } of verdicts) console.log(line);
  if (options.json !== undefined) {
    writeFileSync(options.json, JSON.stringify({ machine: machineLine(), figures, results }, undefined, 1));
  }
  return options.verdict && verdicts.some(({ holds }) => !holds) ? 1 : 0;
}

const options = readOptions(process.argv.slice(2));
if (options.help) process.stdout.write(USAGE);
else process.exitCode = await main(options);
