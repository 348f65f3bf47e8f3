/** Every hostile program, several times, one after the other: what it gets, and how fast it is ended. */
import { parseArgs } from "node:util";
import { median } from "../../bench/statistics.ts";
import { contain, killMidway } from "../sandbox-runner/hostile/contain.ts";
import type { HostileProgram } from "../sandbox-runner/hostile/program.ts";
import { PROGRAMS } from "../sandbox-runner/hostile/programs.ts";
import { openStand } from "../sandbox-runner/hostile/stand.ts";

export interface HostileOptions {
  readonly programs: readonly HostileProgram[];
  readonly rounds: number;
  readonly onRound?: (round: number) => void;
}

export interface HostileResult {
  readonly contained: number;
  readonly tries: number;
  /** Milliseconds: a sandbox that is destroyed while the program runs, to the answer that it is gone. */
  readonly kills: readonly number[];
  /** Milliseconds: from the end of its time to the event that says so. */
  readonly stops: readonly number[];
  /** Commands the neighbour ran, and the slowest of them in milliseconds. */
  readonly ticks: number;
  readonly slowestTick: number;
  readonly problems: readonly string[];
}

/** How long it may take to end whatever runs. */
const LONGEST_KILL_MS = 500;

export async function hostile({ programs, rounds, onRound }: HostileOptions): Promise<HostileResult> {
  const stand = await openStand();
  const { client, neighbour, runner } = stand;
  const tally = { contained: 0, tries: 0 };
  const kills = createTimes();
  const stops = createTimes();
  const problems: string[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const program of programs) {
      tally.tries += 1;
      try {
        const { problems: found, stopMs } = await contain(client, program, runner.port);
        if (found.length === 0) tally.contained += 1;
        problems.push(...found.map((problem) => `${program.name}, round ${round}: ${problem}`));
        if (stopMs !== undefined) stops.add(program, stopMs);
        kills.add(program, await killMidway(client, program, runner.port));
      } catch (error) {
        problems.push(`${program.name}, round ${round}: ${error}`);
      }
    }
    onRound?.(round);
  }
  const ticks = neighbour.ticks();
  const slowestTick = neighbour.slowest();
  problems.push(...kills.problems("killing it"), ...stops.problems("stopping it"), ...(await stand.close()));
  return { ...tally, kills: kills.all(), stops: stops.all(), ticks, slowestTick, problems };
}

/** Times of each program; what else the machine does makes some of them late, but not most. */
function createTimes() {
  const times = new Map<string, number[]>();
  return {
    add({ name }: HostileProgram, ms: number): void {
      times.set(name, [...(times.get(name) ?? []), ms]);
    },
    all: (): readonly number[] => [...times.values()].flat(),
    problems: (what: string): readonly string[] =>
      [...times]
        .filter(([, values]) => median(values) > LONGEST_KILL_MS)
        .map(([name, values]) => `${name}: ${what} took ${values.map((ms) => ms.toFixed(0)).join(", ")} ms`),
  };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "5" }, program: { type: "string", default: "" } },
  });
  const result = await hostile({
    programs: PROGRAMS.filter(({ name }) => name.includes(values.program)),
    rounds: Number(values.rounds),
    onRound: (round) => process.stderr.write(`round ${round}\n`),
  });
  for (const problem of result.problems) console.log(problem);
  const worst = (values: readonly number[]) => Math.max(0, ...values).toFixed(0);
  const middle = (values: readonly number[]) => (values.length > 0 ? median(values).toFixed(0) : "–");
  console.log(
    `contained ${result.contained}/${result.tries} (${PROGRAMS.length} programs, ${values.rounds} times); killed in ${middle(result.kills)} ms, at worst ${worst(result.kills)} ms; stopped in ${middle(result.stops)} ms, at worst ${worst(result.stops)} ms; the neighbour ran ${result.ticks} commands meanwhile, the slowest took ${result.slowestTick.toFixed(0)} ms`,
  );
  process.exitCode = result.problems.length === 0 ? 0 : 1;
}
