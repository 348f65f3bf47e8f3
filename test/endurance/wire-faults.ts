/** Models whose vendors fail in every way there is: each run ends as it should, keeps its edits, and says why. */
import { parseArgs } from "node:util";
import { buildWorker } from "../support/build-worker.ts";
import { startModelServer } from "../support/models/server.ts";
import { PROTOCOLS, type Protocol } from "../support/models/turn.ts";
import { createRandom } from "../support/random.ts";
import { allCases, ENDINGS, type Ending, expectedOf, type FaultCase, sampleCases } from "./fault-cases.ts";
import { answerFor, type Lanes, openPlace, type Place } from "./fault-runs.ts";

export interface WireFaultsResult {
  /** How many runs of each protocol ended in each way, as they should. */
  readonly endings: Readonly<Record<Protocol, Readonly<Record<Ending, number>>>>;
  /** Sentences, each with the name of its case. */
  readonly problems: readonly string[];
}

/** @param lanes runs at once */
export async function wireFaults(cases: readonly FaultCase[], lanes: number): Promise<WireFaultsResult> {
  await using cleanup = new AsyncDisposableStack();
  const running: Lanes = new Map();
  const models = cleanup.use(await startModelServer({ respond: (request) => answerFor(running, request) }));
  const places = new Map<string, Promise<Place>>();
  const placeOf = (one: FaultCase, index: number): Promise<Place> => {
    const style = styleOf(one, index);
    const hangs = one.fault.hangs === true;
    const key = `${style} ${hangs}`;
    const place = places.get(key) ?? openPlace(models, style, hangs).then((opened) => cleanup.use(opened));
    places.set(key, place);
    return place;
  };

  const none = () => Object.fromEntries(ENDINGS.map((ending) => [ending, 0])) as Record<Ending, number>;
  const endings = { responses: none(), chat: none(), messages: none() };
  const problems: string[] = [];
  // those that wait longest first, so that nobody waits for them in the end
  const queue = cases
    .toSorted((a, b) => Number(b.fault.hangs === true) - Number(a.fault.hangs === true))
    .entries();
  const work = async (): Promise<void> => {
    for (const [index, one] of queue) {
      const place = await placeOf(one, index);
      const found = await place.carryOut(one, running);
      problems.push(...found.map((problem) => `${one.name}: ${problem}`));
      if (found.length === 0) endings[one.protocol][expectedOf(one).ending] += 1;
    }
  };
  await Promise.all(Array.from({ length: lanes }, work));
  for (const place of places.values()) problems.push(...(await place).problems());
  problems.push(...models.takeViolations());
  return { endings, problems };
}

/** Where the other vendor is OpenAI, it speaks one of its protocols as well as the other. */
function styleOf({ protocol }: FaultCase, index: number): "responses" | "chat" {
  if (protocol !== "messages") return protocol;
  return index % 2 === 0 ? "responses" : "chat";
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      sample: { type: "boolean", default: false },
      seed: { type: "string", default: "1" },
      lanes: { type: "string", default: "24" },
      only: { type: "string", default: "" },
    },
  });
  buildWorker();
  const all = values.sample ? sampleCases(createRandom(Number(values.seed))) : allCases();
  const cases = all.filter(({ name }) => new RegExp(values.only).test(name));
  const { endings, problems } = await wireFaults(cases, Number(values.lanes));
  for (const problem of problems) console.log(problem);
  for (const protocol of PROTOCOLS) {
    const counts = Object.entries(endings[protocol]);
    const good = counts.reduce((sum, [, count]) => sum + count, 0);
    const runs = cases.filter((one) => one.protocol === protocol);
    const faults = new Set(runs.map(({ fault }) => fault.name)).size;
    const ways = counts.map(([ending, count]) => `${count} ${ending}`).join(", ");
    console.log(
      `${protocol}: ${good}/${runs.length} runs over ${faults} faults ended as they should (${ways})`,
    );
  }
  process.exitCode = problems.length === 0 ? 0 : 1;
}
