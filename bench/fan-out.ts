/** `npm run bench:fan-out`: one run's events to many readers, against a bare Hono stream for each in the same workerd. */
import { parseArgs } from "node:util";
import { temporaryFolder } from "../test/support/temporary-folder.ts";
import { SERVICE_OBJECTS, startWorkerd, type Workerd } from "../test/support/workerd.ts";
import { bundleWorker } from "./bundle.ts";
import type { Wish } from "./fan-out-client.ts";
import { type ReadersProcess, startReaders } from "./fan-out-process.ts";
import { type Script, writeScript } from "./fan-out-script.ts";
import { memoryOf } from "./process-stats.ts";
import { median, medianRatio } from "./statistics.ts";
import { machineLine } from "./table.ts";

const USAGE = `npm run bench:fan-out -- [options]

  --rounds N      measured rounds, after one that is not measured (5)
  --readers LIST  numbers of readers (1,100,1000)
  --latency N     pairs of requests for the time to the first event (200)
`;

/** About as many deliveries for each, so that no round takes long. */
const DELIVERIES = 200_000;
const MOST_EVENTS = 10_000;
const SHAPE = { characters: 100, burst: 50 } as const;
const IDLE_READERS = 1000;
const WARM_READERS = 50;
const MEMORY_STARTS = 3;
/** No bound on how many runs there are at once: each round leaves some behind. */
const ENVIRONMENT = { MAX_RUNS: "100000", MAX_RUNS_PER_CALLER: "100000" };

type Side = "service" | "bare";

interface Stand {
  readonly workerd: Workerd;
  readonly readers: ReadersProcess;
}

const eventsFor = (readers: number): number => Math.min(MOST_EVENTS, Math.ceil(DELIVERIES / readers));

/** What readers of one side ask for. For the service that starts the run they read. */
async function wishOf(side: Side, { workerd }: Stand, script: Script): Promise<Wish> {
  const { port, url } = workerd;
  if (side === "bare") return { port, method: "POST", path: "/bare", body: writeScript(script) };
  const response = await fetch(`${url}/code`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: codeBody(script),
  });
  const { id } = (await response.json()) as { id: string };
  return { port, method: "GET", path: `/runs/${id}/events` };
}

function codeBody(script: Script): string {
  return JSON.stringify({ repoUrl: "https://github.com/o/r", prompt: writeScript(script) });
}

/** Deliveries a second. */
async function throughput(side: Side, stand: Stand, amount: number): Promise<number> {
  const { readers } = stand;
  const events = eventsFor(amount);
  await readers.open(await wishOf(side, stand, { ...SHAPE, events, gate: readers.gate }), amount);
  // The introduction and `done` frame the script's events.
  const { ms, frames } = await readers.count(events + 2, side === "service" ? 1 : amount);
  await readers.close();
  return (frames / ms) * 1000;
}

/** KiB for each reader that waits for the next event. */
async function idleMemory(side: Side, readers: ReadersProcess): Promise<number> {
  await using folder = await temporaryFolder();
  const workerd = await start(folder.path);
  try {
    const stand = { workerd, readers };
    const script = { ...SHAPE, events: 1, gate: readers.gate };
    await readers.open(await wishOf(side, stand, script), WARM_READERS);
    await readers.close();
    const before = memoryOf(workerd.pid).residentKb;
    await readers.open(await wishOf(side, stand, script), IDLE_READERS);
    const after = memoryOf(workerd.pid).residentKb;
    await readers.close();
    return (after - before) / IDLE_READERS;
  } finally {
    await workerd.kill();
  }
}

async function firstEvent(side: Side, { workerd, readers }: Stand): Promise<number> {
  const script = { ...SHAPE, events: 1 };
  const { port } = workerd;
  return await readers.first(
    side === "bare"
      ? { port, method: "POST", path: "/bare", body: writeScript(script) }
      : { port, method: "POST", path: "/code", body: codeBody(script) },
  );
}

function start(folder: string): Promise<Workerd> {
  const script = bundleWorker(new URL("fan-out-worker.ts", import.meta.url));
  return startWorkerd({ folder, script, objects: SERVICE_OBJECTS, env: ENVIRONMENT });
}

/** Both sides turn by turn, whoever went first going second next time; the first round is not among the results. */
async function paired(rounds: number, measure: (side: Side) => Promise<number>) {
  const values: Record<Side, number[]> = { service: [], bare: [] };
  for (let round = 0; round <= rounds; round++) {
    const sides: readonly Side[] = round % 2 === 0 ? ["service", "bare"] : ["bare", "service"];
    for (const side of sides) {
      const value = await measure(side);
      if (round > 0) values[side].push(value);
    }
  }
  return {
    service: median(values.service),
    bare: median(values.bare),
    ratio: medianRatio(values.service, values.bare),
  };
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    readers: { type: "string", default: "1,100,1000" },
    latency: { type: "string", default: "200" },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  await using readers = await startReaders();
  await using folder = await temporaryFolder();
  const workerd = await start(folder.path);
  const rows: string[] = [];
  const row = (name: string, unit: string, digits: number, figures: Awaited<ReturnType<typeof paired>>) => {
    const shown = [figures.service, figures.bare].map((value) =>
      value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
    );
    rows.push(`| ${name} | ${shown.join(` ${unit} | `)} ${unit} | ${figures.ratio.toFixed(2)} |`);
    process.stderr.write(`${rows.at(-1)}\n`);
  };
  try {
    const stand = { workerd, readers };
    for (const amount of values.readers.split(",").map(Number)) {
      const figures = await paired(Number(values.rounds), (side) => throughput(side, stand, amount));
      row(`events to ${amount} reader${amount === 1 ? "" : "s"}`, "/s", 0, figures);
    }
    row(
      "POST to first event",
      "ms",
      2,
      await paired(Number(values.latency), (side) => firstEvent(side, stand)),
    );
  } finally {
    await workerd.kill();
  }
  row("memory of an idle reader", "KiB", 1, await paired(MEMORY_STARTS, (side) => idleMemory(side, readers)));
  console.log(`| | service | bare Hono | ratio |\n| --- | ---: | ---: | ---: |\n${rows.join("\n")}\n`);
  console.log(machineLine());
}

if (values.help) process.stdout.write(USAGE);
else await main();
