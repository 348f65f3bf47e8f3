/** Kills the service at random moments while runs are under way, and proves of each run that nobody can tell. */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual, parseArgs } from "node:util";
import type { RunView } from "../../src/run/host.ts";
import type { Api, CodeBody } from "../support/api.ts";
import { buildWorker } from "../support/build-worker.ts";
import { type Deployment, deploy } from "../support/deployment.ts";
import { textOf } from "../support/frames.ts";
import { HOST_NAMES, type HostName } from "../support/hosts.ts";
import { startModelServer } from "../support/models/server.ts";
import { createRandom, type Random } from "../support/random.ts";
import { until } from "../support/until.ts";
import { follow } from "./follow.ts";
import { judgeLog } from "./judge.ts";
import { answerJob } from "./model-jobs.ts";
import { persist } from "./persist.ts";
import { outcomeOf, SCENARIOS, type Scenario } from "./scenarios.ts";

export interface KillOptions {
  readonly host: HostName;
  readonly seed: number;
  readonly kills: number;
  /** Chains of runs under way at the same time. */
  readonly lanes: number;
  readonly onKill?: (kills: number) => void;
}

export interface KillResult {
  readonly kills: number;
  readonly runs: number;
  /** Runs with nothing wrong. */
  readonly survived: number;
  /** How often runs were begun again, all together. */
  readonly resumed: number;
  /** How often readers had to reconnect. */
  readonly reconnected: number;
  readonly problems: readonly string[];
}

/** Longer than most runs take undisturbed, several at once. */
const LONGEST_MOMENT_MS = 1_500;
/** A run takes 6 to 10 requests, and 3 of them again when it goes on: a host gives up a run that never gets further. */
const MOST_REQUESTS_OF_A_LANE = 10;
/** How long the service takes to admit and start a run, about. */
const LONGEST_START_MS = 20;
const ABANDONED_DEADLINE_MS = 60_000;
const END_DEADLINE_MS = 120_000;

export async function killRuns(options: KillOptions): Promise<KillResult> {
  await using models = await startModelServer({ respond: answerJob });
  await using deployment = await deploy(options.host, {
    env: {
      // As many as there are lanes: a place that a killed run did not give back would stop a lane for good.
      MAX_RUNS_PER_CALLER: String(options.lanes),
      OPENAI_API_KEY: "canary-openai-key-0123456789",
      OPENAI_BASE_URL: models.openaiUrl,
    },
  });
  const api = deployment.caller();
  const careless = await carelessCaller(deployment);
  const expected = await undisturbed(deployment);
  const tally = { kills: 0, runs: 0, survived: 0, resumed: 0, reconnected: 0, problems: [] as string[] };
  const random = createRandom(options.seed);

  const killer = async (): Promise<void> => {
    while (tally.kills < options.kills) {
      await killOnce(deployment, random, options.lanes, careless.post);
      tally.kills += 1;
      // What operators would have to look into is a problem too, whatever the runs made of it.
      const said = deployment.host.complaints();
      await deployment.host.restart();
      if (/^run |^waking run |TypeError/m.test(said)) tally.problems.push(`the log says: ${said}`);
      options.onKill?.(tally.kills);
    }
  };
  const lane = async (number: number): Promise<void> => {
    const choose = createRandom(options.seed * 1000 + number);
    do {
      const scenario = choose.pick(SCENARIOS);
      const chain = await carryOut(deployment, api, scenario);
      const outcome = await persist("the outcome", () => outcomeOf(deployment, api, chain.hosted, chain.ids));
      const problems = [...chain.problems];
      if (!isDeepStrictEqual(outcome, expected.get(scenario.name))) {
        problems.push(`the outside looks different: ${JSON.stringify(outcome)}`);
      }
      tally.runs += chain.ids.length;
      tally.survived += problems.length === 0 ? chain.ids.length : 0;
      tally.resumed += chain.resumed;
      tally.reconnected += chain.reconnected;
      tally.problems.push(...problems.map((problem) => `${scenario.name}, ${chain.ids.at(-1)}: ${problem}`));
    } while (tally.kills < options.kills);
  };
  await Promise.all([killer(), ...Array.from({ length: options.lanes }, (_, i) => lane(i))]);

  tally.problems.push(...(await careless.stillListedAsRunning()));
  const listed = await countListed(api);
  if (listed !== tally.runs) tally.problems.push(`${tally.runs} runs were started, ${listed} are listed`);
  return tally;
}

/** Every scenario's outcome when nothing happens to it. */
async function undisturbed(deployment: Deployment): Promise<ReadonlyMap<string, unknown>> {
  const api = deployment.caller();
  const outcomes = new Map<string, unknown>();
  for (const scenario of SCENARIOS) {
    const { hosted, ids, problems, resumed } = await carryOut(deployment, api, scenario);
    const ends = await Promise.all(ids.map(async (id) => (await api.view(id)).status));
    if (problems.length > 0 || resumed > 0 || ends.some((status) => status !== scenario.ends)) {
      throw new Error(`${scenario.name} ended ${ends.join(", ")}; ${problems.join("; ")}`);
    }
    outcomes.set(scenario.name, await outcomeOf(deployment, api, hosted, ids));
  }
  return outcomes;
}

/** At a request to the forge, held there while the service dies, or after some time. */
async function killOnce(
  { forge, host }: Deployment,
  random: Random,
  lanes: number,
  justBefore: () => void,
): Promise<void> {
  const afterMs = random.int(LONGEST_MOMENT_MS);
  const nth = 1 + random.int(MOST_REQUESTS_OF_A_LANE * lanes);
  const at = random.pick(["request", "reply"] as const);
  const gate = Promise.withResolvers<void>();
  if (random.int(3) === 0) {
    await sleep(afterMs);
  } else {
    const fault = forge.faults.add({ match: { nth }, action: { hold: gate.promise, at } });
    // Runs may be waiting for something else than the forge; then this is as good a moment.
    await Promise.race([fault.reached(), sleep(2 * LONGEST_MOMENT_MS)]);
    fault.remove();
  }
  justBefore();
  await sleep(random.int(LONGEST_START_MS));
  await host.kill();
  gate.resolve();
}

/** Starts a run and its follow-ups, each with a reader that follows it through every restart. */
async function carryOut(deployment: Deployment, api: Api, scenario: Scenario) {
  const hosted = await deployment.repository({ owner: scenario.owner, files: scenario.files });
  const ids: string[] = [];
  const problems: string[] = [];
  let resumed = 0;
  let reconnected = 0;
  const bodies: readonly CodeBody[] = [
    { ...scenario.body, repoUrl: hosted.url },
    ...scenario.followUps.map((prompt) => ({ prompt })),
  ];
  for (const [number, body] of bodies.entries()) {
    const id = await begin(api, ids.at(-1), body, `${hosted.name}-${number}`);
    ids.push(id);
    const reader = await follow(api, id, { deadlineMs: END_DEADLINE_MS });
    const view = await api.ended(id);
    const log = await persist(`the log of ${id}`, () => api.log(id));
    if (textOf(reader.frames) !== log) problems.push("a reader saw something else than the log");
    problems.push(...judgeLog(log));
    resumed += view.attempts - 1;
    reconnected += reader.resumed;
    if (view.status !== scenario.ends) {
      problems.push(
        `ended ${view.status}: ${view.message}\n${log}\nThe operator's log: ${deployment.host.complaints()}`,
      );
      break;
    }
  }
  return { hosted, ids, problems, resumed, reconnected };
}

/** Posts until there is an answer; the key makes every try the same run. */
function begin(api: Api, before: string | undefined, body: CodeBody, key: string): Promise<string> {
  const path = before === undefined ? "/code" : `/runs/${before}/prompt`;
  const headers = { accept: "application/json", "idempotency-key": key };
  return persist(`run ${key} is accepted`, async () => {
    const response = await api.call(path, { body, headers });
    const answer = (await response.json()) as RunView;
    if (response.status === 202) return answer.id;
    // The place of a run that has just ended may not be free yet.
    if (response.status === 429) return undefined;
    throw new Error(`${path} answered ${response.status}: ${JSON.stringify(answer)}`);
  });
}

/**
 * Posts without a key that are cut by the kill, and never asked about again: whatever became of them, none may
 * count as running for ever.
 */
async function carelessCaller(deployment: Deployment) {
  const api = deployment.caller();
  const { url } = await deployment.repository();
  const body = { repoUrl: url, prompt: 'Replace "one" with "two" in a.txt', mode: "patch" };
  return {
    post(): void {
      api.call("/code", { body }).then(
        (response) => response.body?.cancel(),
        () => undefined,
      );
    },
    async stillListedAsRunning(): Promise<readonly string[]> {
      const running = async () =>
        (await api.list("?limit=100")).runs.filter(({ status }) => status === "running");
      const none = async () => (await running()).length === 0;
      await until("no run is listed as running", none, ABANDONED_DEADLINE_MS).catch(() => undefined);
      return (await running()).map(({ id }) => `${id} was abandoned, and is listed as running for ever`);
    },
  };
}

async function countListed(api: Api): Promise<number> {
  let count = 0;
  let cursor: string | null = null;
  do {
    const page = await api.list(`?limit=50${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`);
    count += page.runs.length;
    cursor = page.next_cursor;
  } while (cursor !== null);
  return count;
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      host: { type: "string", default: "workerd" },
      seed: { type: "string", default: "1" },
      kills: { type: "string", default: "200" },
      lanes: { type: "string", default: "4" },
    },
  });
  const host = HOST_NAMES.find((name) => name === values.host);
  if (host === undefined) throw new Error(`--host takes ${HOST_NAMES.join(", ")}, not ${values.host}`);
  if (host === "workerd") buildWorker();
  const result = await killRuns({
    host,
    seed: Number(values.seed),
    kills: Number(values.kills),
    lanes: Number(values.lanes),
    onKill: (kills) => {
      if (kills % 10 === 0) process.stderr.write(`${kills} kills\n`);
    },
  });
  for (const problem of result.problems) console.log(problem);
  console.log(
    `survived ${result.survived}/${result.runs} runs, ${result.kills} kills of ${host}, ${result.resumed} times a run went on, ${result.reconnected} times a reader did (seed ${values.seed})`,
  );
  process.exitCode = result.problems.length === 0 ? 0 : 1;
}
