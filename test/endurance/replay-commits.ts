/** Has a scripted model make real commits over again, and proves that what is pushed is the very tree of each. */
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_MODELS } from "../../src/agent/llm/models.ts";
import type { Api } from "../support/api.ts";
import { buildWorker } from "../support/build-worker.ts";
import { type Deployment, deploy } from "../support/deployment.ts";
import type { ForgeRepository } from "../support/forge/server.ts";
import { HOST_NAMES, type HostName } from "../support/hosts.ts";
import { CHUNKINGS, type Chunking } from "../support/models/pieces.ts";
import { type ModelServer, startModelServer } from "../support/models/server.ts";
import { PROTOCOLS, type Protocol } from "../support/models/turn.ts";
import { createRandom, type Random } from "../support/random.ts";
import { callsForCommit, type Skipped } from "../support/replay/calls-for-commit.ts";
import { type CommitFacts, commitsOf, objectsOf } from "../support/replay/commit-changes.ts";
import { generateRepository } from "../support/replay/generate-repository.ts";
import { judge } from "../support/replay/judge.ts";
import { createScript, type Script } from "../support/replay/script.ts";
import { turnsForCalls } from "../support/replay/turns-for-calls.ts";
import { SERVICE_LOGIN } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

export interface ReplayOptions {
  readonly host: HostName;
  readonly protocol: Protocol;
  readonly chunking: Chunking;
  readonly seed: number;
  /** A bare repository on disk, of which nothing is changed. */
  readonly repository: string;
  /** Commits to replay, those that cannot be expressed not counted; all there are when there are fewer. */
  readonly commits: number;
  /** Runs under way at the same time. */
  readonly lanes: number;
  readonly onReplay?: (tried: number) => void;
}

export interface ReplayResult {
  readonly tried: number;
  /** Pushed as one commit on the parent, with the very tree, which the patch makes too. */
  readonly identical: number;
  /** Not pushed, because the commit adds what looks like a secret: as it should be. */
  readonly refused: number;
  /** By reason: what tools cannot express. */
  readonly skipped: Readonly<Partial<Record<Skipped | "over 80 turns", number>>>;
  readonly calls: number;
  readonly turns: number;
  readonly problems: readonly string[];
}

/** A replay is about the tree: nothing else may be in its way. */
const LIMITS = { max_turns: 100, max_tokens: 50_000_000, max_cost_usd: 50, timeout_seconds: 900 };
const MODEL_KEY = "canary-model-key-0123456789";
const END_DEADLINE_MS = 900_000;
/** The model server keeps every request, so there is a new one after so many commits. */
const BATCH = 25;

interface Replay {
  readonly commit: CommitFacts;
  readonly prompt: string;
  readonly mode: "pull_request" | "branch";
}

export async function replayCommits(options: ReplayOptions): Promise<ReplayResult> {
  const random = createRandom(options.seed);
  const commits = shuffled(await commitsOf(options.repository), random);
  const tally = {
    tried: 0,
    identical: 0,
    refused: 0,
    skipped: {} as Partial<Record<Skipped | "over 80 turns", number>>,
    calls: 0,
    turns: 0,
    problems: [] as string[],
  };
  while (tally.tried < options.commits && commits.length > 0) {
    const script = createScript();
    const replays: Replay[] = [];
    while (replays.length < Math.min(BATCH, options.commits - tally.tried)) {
      const commit = commits.pop();
      if (commit === undefined) break;
      const planned = await plan(options, commit, random, script);
      if (typeof planned === "string") {
        tally.skipped[planned] = (tally.skipped[planned] ?? 0) + 1;
      } else {
        replays.push(planned);
        tally.calls += planned.calls;
        tally.turns += planned.turns;
      }
    }
    if (replays.length === 0) break;
    const verdicts = await replayBatch(options, replays, script, tally.problems);
    for (const verdict of verdicts) {
      tally.tried += 1;
      if (verdict === "identical" || verdict === "refused") tally[verdict] += 1;
      else tally.problems.push(verdict);
    }
    options.onReplay?.(tally.tried);
  }
  return tally;
}

async function plan(
  { repository, protocol }: ReplayOptions,
  commit: CommitFacts,
  random: Random,
  script: Script,
) {
  const calls = await callsForCommit(repository, commit, random);
  if (typeof calls === "string") return calls;
  const summary = `Replays ${commit.id}.`;
  const turns = turnsForCalls(calls, { protocol, title: commit.subject || "No subject", summary }, random);
  if (turns === undefined) return "over 80 turns";
  const mode = random.pick(["pull_request", "branch"] as const);
  return { commit, prompt: script.add(turns), mode, calls: calls.length, turns: turns.length };
}

/** Each replay's verdict: `identical`, `refused`, or what is wrong with it. */
async function replayBatch(
  options: ReplayOptions,
  replays: readonly Replay[],
  script: Script,
  problems: string[],
): Promise<readonly string[]> {
  const { host, protocol, chunking, seed, lanes, repository } = options;
  await using models = await startModelServer({ respond: script.respond, chunking, seed });
  await using deployment = await deploy(host, { env: environment(protocol, models) });
  const served = await serve(deployment, repository);
  const api = deployment.caller();
  const waiting = [...replays];
  const verdicts: string[] = [];
  const lane = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { id } = next.commit;
      const verdict = await replay({ api, served, protocol }, next).catch(String);
      verdicts.push(verdict === "identical" || verdict === "refused" ? verdict : `${id}: ${verdict}`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  problems.push(...models.takeViolations());
  const said = deployment.host.complaints();
  if (said !== "") problems.push(`the operator's log says: ${said}`);
  return verdicts;
}

function environment(protocol: Protocol, models: ModelServer): Readonly<Record<string, string>> {
  const free = { input: 0, output: 0 };
  const prices = JSON.stringify(
    Object.fromEntries(Object.values(DEFAULT_MODELS).map((name) => [name, free])),
  );
  const vendor =
    protocol === "messages"
      ? { ANTHROPIC_BASE_URL: models.anthropicUrl, ANTHROPIC_API_KEY: MODEL_KEY }
      : { OPENAI_BASE_URL: models.openaiUrl, OPENAI_API_KEY: MODEL_KEY, OPENAI_API_STYLE: protocol };
  return { ...vendor, MODEL_PRICES: prices };
}

/** A repository of the forge that borrows all objects; what is pushed stays in it. */
async function serve({ forge }: Deployment, repository: string): Promise<ForgeRepository> {
  const objects = await objectsOf(repository);
  return await forge.addRepository(`${SERVICE_LOGIN}/replayed`, {
    setup: async (folder) => {
      await mkdir(join(folder, "objects", "info"), { recursive: true });
      await writeFile(join(folder, "objects", "info", "alternates"), `${objects}\n`);
    },
  });
}

interface Stage {
  readonly api: Api;
  readonly served: ForgeRepository;
  readonly protocol: Protocol;
}

async function replay({ api, served, protocol }: Stage, { commit, prompt, mode }: Replay): Promise<string> {
  const [parent = ""] = commit.parents;
  const base = `base-${commit.id}`;
  await served.git("update-ref", `refs/heads/${base}`, parent);
  const { id } = await api.start({
    repoUrl: served.cloneUrl.replace(/\.git$/, ""),
    prompt,
    mode,
    base_branch: base,
    use_llm: true,
    llm_provider: protocol === "messages" ? "anthropic" : "openai",
    allow_workflows: true,
    limits: LIMITS,
  });
  await api.ended(id, END_DEADLINE_MS);
  const events = await api.events(id);
  const patch = await (await api.call(`/runs/${id}/patch`)).bytes();
  return await judge(served, commit, events, patch);
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random.int(1_000_000_000) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

function chosen<T extends string>(name: string, value: string, among: readonly T[]): T {
  const found = among.find((one) => one === value);
  if (found === undefined) throw new Error(`--${name} takes ${among.join(", ")}, not ${value}`);
  return found;
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      host: { type: "string", default: "node" },
      seed: { type: "string", default: "1" },
      repository: { type: "string", multiple: true, default: [] },
      commits: { type: "string", default: "50" },
      protocol: { type: "string", multiple: true, default: [...PROTOCOLS] },
      chunking: { type: "string", default: "ragged" },
      lanes: { type: "string", default: "3" },
    },
  });
  const host = chosen("host", values.host, HOST_NAMES);
  const chunking = chosen("chunking", values.chunking, CHUNKINGS);
  const [seed, commits, lanes] = [values.seed, values.commits, values.lanes].map(Number) as [
    number,
    number,
    number,
  ];
  if (host === "workerd") buildWorker();
  await using folder = await temporaryFolder();
  const generated = join(folder.path, "generated");
  if (values.repository.length === 0) await generateRepository(generated, { seed, commits });
  const repositories = values.repository.length === 0 ? [generated] : values.repository;
  for (const protocol of values.protocol.map((name) => chosen("protocol", name, PROTOCOLS))) {
    for (const repository of repositories) {
      const options = { host, protocol, chunking, seed, repository, commits, lanes };
      const result = await replayCommits({
        ...options,
        onReplay: (tried) => process.stderr.write(`${protocol}, ${basename(repository)}: ${tried}\n`),
      });
      for (const problem of result.problems) console.log(problem);
      const { tried, identical, refused, calls, turns } = result;
      const skipped = Object.entries(result.skipped).map(([reason, count]) => `${count} ${reason}`);
      console.log(
        `identical ${identical}/${tried - refused} trees over ${protocol} of ${repository}, ${refused} refused for secrets, ${calls} calls in ${turns} turns; skipped: ${skipped.join(", ") || "none"} (seed ${seed})`,
      );
      if (result.problems.length > 0 || identical + refused < tried) process.exitCode = 1;
    }
  }
}
