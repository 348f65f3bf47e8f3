/** `npm run bench:sandbox`: commands in sandboxes against the same by hand with `docker run --rm` and `docker exec`. */
import { parseArgs } from "node:util";
import { CONTENDERS, type ContenderName, openContenders } from "./sandbox-contenders.ts";
import { median, medianRatio } from "./statistics.ts";
import { machineLine } from "./table.ts";

const USAGE = `npm run bench:sandbox -- [options]      (DOCKER_HOST names the engine)

  --rounds N      measured rounds, after one that is not measured (15)
  --lines N       lines whose way from the command to the caller is timed (100)
  --no-verdict    report, and end with 0 whatever the figures are
`;

interface Goal {
  readonly ours: ContenderName;
  readonly theirs: ContenderName;
  /** The share of their time that ours may take; none is promised where there is none. */
  readonly ratio?: number;
}

const GOALS: readonly Goal[] = [
  { ours: "first command, warm", theirs: "docker run --rm", ratio: 0.3 },
  { ours: "first command, cold", theirs: "docker run --rm" },
  { ours: "further command", theirs: "docker exec", ratio: 1.3 },
];

const { values } = parseArgs({
  allowNegative: true,
  options: {
    rounds: { type: "string", default: "15" },
    lines: { type: "string", default: "100" },
    verdict: { type: "boolean", default: true },
    help: { type: "boolean", default: false },
  },
});

/** All contenders turn by turn, another one first each time; the first round is not among the results. */
async function main(): Promise<void> {
  await using stand = await openContenders();
  const times = Object.fromEntries(CONTENDERS.map((name) => [name, [] as number[]])) as Record<
    ContenderName,
    number[]
  >;
  for (let round = 0; round <= Number(values.rounds); round++) {
    const turn = round % CONTENDERS.length;
    for (const name of [...CONTENDERS.slice(turn), ...CONTENDERS.slice(0, turn)]) {
      const ms = await stand.contenders[name]();
      if (round > 0) times[name].push(ms);
    }
  }
  const delays = await stand.delays(Number(values.lines));
  const verdicts: string[] = [];
  const rows = GOALS.map(({ ours, theirs, ratio }) => {
    const found = medianRatio(times[ours], times[theirs]);
    if (ratio !== undefined) {
      const holds = found <= ratio;
      verdicts.push(
        `${holds ? "holds " : "MISSED"} ${ours} / ${theirs} ${found.toFixed(2)} (target ${ratio})`,
      );
      if (!holds && values.verdict) process.exitCode = 1;
    }
    return `| ${ours} | ${shown(times[ours])} | ${theirs} | ${shown(times[theirs])} | ${found.toFixed(2)} |`;
  });
  console.log(
    `| | time | by hand | time | **ratio** |\n| --- | ---: | --- | ---: | ---: |\n${rows.join("\n")}\n`,
  );
  const sorted = delays.toSorted((a, b) => a - b);
  const late = sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
  console.log(
    `A line reaches its caller after ${median(delays).toFixed(1)} ms, 95 of 100 within ${late.toFixed(1)} ms.`,
  );
  for (const verdict of verdicts) console.log(verdict);
  console.log(machineLine());
}

function shown(values: readonly number[]): string {
  return `${median(values).toFixed(0)} ms`;
}

if (values.help) process.stdout.write(USAGE);
else await main();
