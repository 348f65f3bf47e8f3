/** One run with a vendor that fails: what its model says, and whether it ended as it should. */
import { isDeepStrictEqual } from "node:util";
import type { DoneEvent, RecordedEvent } from "../../src/run/events.ts";
import type { Api } from "../support/api.ts";
import { deploy, type Hosted } from "../support/deployment.ts";
import type { Files } from "../support/forge/import.ts";
import type { PullView } from "../support/forge/pulls.ts";
import { eventOf, framesIn, textOf } from "../support/frames.ts";
import { VENDOR_WORDS } from "../support/models/fault.ts";
import type { ModelServer } from "../support/models/server.ts";
import type { Protocol, ScriptRequest, Turn } from "../support/models/turn.ts";
import { type Ending, type Expected, expectedOf, type FaultCase } from "./fault-cases.ts";
import { ALL, BASE, BY_RULES, FAULTY, PROMPT, SO_FAR, TURNS } from "./fault-script.ts";
import { judgeLog } from "./judge.ts";

/** A run under way, and what vendors were asked in it. */
interface Lane {
  readonly one: FaultCase;
  readonly asked: Asked[];
}

interface Asked {
  readonly protocol: Protocol;
  /** Whether it met the fault. */
  readonly faulty: boolean;
  /** Milliseconds. */
  readonly at: number;
}

/** By the keys they use, which no two share. */
export type Lanes = Map<string, Lane>;

/** A deployment with one repository, for any number of runs. */
export interface Place extends AsyncDisposable {
  /** Sentences: what was not as it should be. */
  carryOut(one: FaultCase, lanes: Lanes): Promise<readonly string[]>;
  /** What is wrong with all that its runs left behind. */
  problems(): readonly string[];
}

interface Who {
  readonly name: string;
  readonly model?: string | undefined;
}

const RULES: Who = { name: "rule_based" };
const OTHERS = { openai: "anthropic", anthropic: "openai" } as const;
const PROVIDERS = { responses: "openai", chat: "openai", messages: "anthropic" } as const;
const MODELS = { openai: "gpt-6.1-sol", anthropic: "claude-sonnet-5-5" } as const;
const KEY = "canary-key-of-run";

/** What ends a vendor's silence: where it is to be ended, and where it is not, however busy the machine. */
const QUICK = { LLM_IDLE_TIMEOUT_SECONDS: "8", LLM_ANSWER_TIMEOUT_SECONDS: "16" };
const PATIENT = { LLM_IDLE_TIMEOUT_SECONDS: "60", LLM_ANSWER_TIMEOUT_SECONDS: "120" };

/** What the model says to a request: the script, but for the answer that goes wrong. */
export function answerFor(lanes: Lanes, { apiKey, protocol, turn, messages }: ScriptRequest): Turn {
  const lane = lanes.get(apiKey);
  const answer = TURNS[turn];
  if (lane === undefined || answer === undefined) throw new Error(`no turn ${turn} for ${apiKey}`);
  const [first] = messages;
  if (first?.role !== "user" || !first.text.includes(PROMPT)) throw new Error("the task is gone");
  const { one, asked } = lane;
  const again = one.times === "always" || !asked.some(({ faulty }) => faulty);
  const faulty = protocol === one.protocol && turn === FAULTY[one.at] && again;
  asked.push({ protocol, faulty, at: performance.now() });
  return faulty ? { ...answer, fault: one.fault } : answer;
}

export async function openPlace(
  models: ModelServer,
  style: "responses" | "chat",
  quick: boolean,
): Promise<Place> {
  await using cleanup = new AsyncDisposableStack();
  const deployment = cleanup.use(
    await deploy("workerd", {
      env: {
        OPENAI_API_STYLE: style,
        OPENAI_BASE_URL: models.openaiUrl,
        ANTHROPIC_BASE_URL: models.anthropicUrl,
        ...(quick ? QUICK : PATIENT),
      },
    }),
  );
  const api = deployment.caller();
  const hosted = await deployment.repository({ files: BASE });
  const treeWith = async (files: Files, branch: string): Promise<string> => {
    const commit = await hosted.commit(files, { branch });
    return await hosted.git("rev-parse", `${commit}^{tree}`);
  };
  const all = await treeWith(ALL, "all");
  const trees: Readonly<Record<Ending, string>> = {
    undisturbed: all,
    recovered: all,
    "other model": all,
    rules: await treeWith(BY_RULES, "rules"),
    draft: await treeWith(SO_FAR, "so-far"),
  };
  const end = cleanup.move();
  let pullRequests = 0;
  return {
    async carryOut(one, lanes) {
      const lane: Lane = { one, asked: [] };
      const keys = keysOf(one);
      for (const key of Object.values(keys)) lanes.set(key, lane);
      const log = await logOf(api, hosted, one, keys).catch((error: unknown) => {
        throw new Error(`${one.name}: ${error}. The host said: ${deployment.host.complaints()}`);
      });
      const events = framesIn(log).map(eventOf);
      const done = events.at(-1);
      if (done?.type !== "done") return judgeLog(log);
      const pulls = hosted.pullRequests.filter(({ head }) => head === done.branch);
      pullRequests += pulls.length;
      const commit =
        done.commit === null ? "" : await hosted.git("log", "-1", "--format=%T%n%B", done.commit);
      const expected = expectedOf(one);
      const tree = commit.slice(0, commit.indexOf("\n"));
      const came = outcomeOf(done, events, pulls, lane, expected);
      const outcome = { ...came, tree, leaks: leaksIn(`${log}${JSON.stringify(pulls)}${commit}`) };
      const wanted = { ...wantedOf(one, expected), tree: trees[expected.ending], leaks: [] };
      const problems = [
        ...judgeLog(log),
        ...Object.keys(wanted).flatMap((key) => differences(key, outcome, wanted)),
        ...hurries(one, lane.asked),
      ];
      const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
      return problems.length === 0 ? [] : [...problems, `it warned: ${warnings.join(" ")}`];
    },
    problems: () => [
      ...(hosted.pullRequests.length === pullRequests ? [] : ["there are pull requests of no run"]),
      ...leaksIn(deployment.host.complaints()),
    ],
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}

/** A key for each vendor the run may use, unlike all others. */
function keysOf({ protocol, other }: FaultCase): Readonly<Record<string, string>> {
  const provider = PROVIDERS[protocol];
  const providers = other ? Object.values(OTHERS) : [provider];
  return Object.fromEntries(providers.map((name) => [name, `${KEY}-${crypto.randomUUID()}`]));
}

async function logOf(
  api: Api,
  { url }: Hosted,
  { protocol }: FaultCase,
  keys: Readonly<Record<string, string>>,
): Promise<string> {
  const headers = Object.entries(keys).map(([provider, key]) => [`x-${provider}-api-key`, key]);
  const body = { repoUrl: url, prompt: PROMPT, use_llm: true, llm_provider: PROVIDERS[protocol] };
  const response = await api.stream(body, { headers: Object.fromEntries(headers) });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return textOf(framesIn(text));
}

interface Outcome {
  readonly status: string;
  readonly agent: string;
  readonly model: string | undefined;
  /** Who gave way to whom. */
  readonly hops: readonly string[];
  /** Whether readers, the run's end and reviewers are told of each hop and its reason alike. */
  readonly explained: boolean;
  readonly waits: number;
  readonly turns: number;
  readonly pulls: readonly { readonly draft: boolean; readonly unfinished: boolean }[];
  /** Whether the run's end says what is missing. */
  readonly missing: boolean;
  /** Requests that met the fault, and others to the vendor that was asked for and to the other one. */
  readonly asked: readonly [faulty: number, good: number, other: number];
}

function outcomeOf(
  done: DoneEvent,
  events: readonly RecordedEvent[],
  pulls: readonly PullView[],
  { one, asked }: Lane,
  { says }: Expected,
): Outcome {
  const warnings = events.filter((event) => event.type === "warning");
  const fallbacks = done.fallbacks ?? [];
  const told = warnings.flatMap(({ code, fallback }) => (code === "agent_fallback" ? [fallback] : []));
  const hops = fallbacks.map(({ from, to }) => `${nameOf(from)} gave way to ${nameOf(to)}`);
  const bodies = pulls.map(({ body }) => (body ?? "").replace(/[\u200b\\]/g, ""));
  const explained =
    isDeepStrictEqual(told, fallbacks) &&
    fallbacks.every(({ reason }) => says.test(reason) && reason.startsWith("The model server ")) &&
    bodies.every((body) => hops.every((hop) => body.includes(hop)) && (hops.length === 0 || says.test(body)));
  const count = (protocol: boolean, faulty: boolean): number =>
    asked.filter((it) => (it.protocol === one.protocol) === protocol && it.faulty === faulty).length;
  return {
    status: done.status,
    agent: done.agent,
    model: done.model,
    hops,
    explained,
    waits: warnings.filter(({ code }) => code === "waiting").length,
    turns: done.usage.turns,
    pulls: pulls.map(({ draft }, i) => ({ draft, unfinished: /This is not finished/.test(bodies[i] ?? "") })),
    missing: (done.missing ?? []).length > 0,
    asked: [count(true, true), count(true, false), count(false, false)],
  };
}

function wantedOf({ protocol, at, fault }: FaultCase, { ending, faulty }: Expected): Outcome {
  const provider = PROVIDERS[protocol];
  const asked = { name: provider, model: MODELS[provider] };
  const other = { name: OTHERS[provider], model: MODELS[OTHERS[provider]] };
  const by = { undisturbed: asked, recovered: asked, "other model": other, rules: RULES, draft: RULES }[
    ending
  ];
  const draft = ending === "draft";
  const before = FAULTY[at];
  const good = by === asked ? TURNS.length - (ending === "undisturbed" ? 1 : 0) : before;
  const others = by === other ? TURNS.length - before : 0;
  return {
    status: draft ? "limit_reached" : "succeeded",
    agent: by.name,
    model: by.model,
    hops: by === asked ? [] : [`${nameOf(asked)} gave way to ${nameOf(by)}`],
    explained: true,
    waits:
      ending === "undisturbed" || fault.expects === "context_too_long" ? 0 : faulty - (by === asked ? 0 : 1),
    turns: by === RULES ? before : TURNS.length,
    pulls: [{ draft, unfinished: draft }],
    missing: draft,
    asked: [faulty, good, others],
  };
}

function nameOf({ name, model }: Who): string {
  return model === undefined ? name : `${name} (${model})`;
}

function differences(
  key: string,
  came: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): readonly string[] {
  const [is, should] = [came[key], wanted[key]];
  return isDeepStrictEqual(is, should)
    ? []
    : [`${key} is ${JSON.stringify(is)}, not ${JSON.stringify(should)}`];
}

/** Requests that came sooner than the vendor had asked for. */
function hurries({ fault, protocol }: FaultCase, asked: readonly Asked[]): readonly string[] {
  const same = asked.filter((it) => it.protocol === protocol);
  return same.flatMap(({ at }, i) => {
    const before = same[i - 1];
    const waited = before?.faulty === true ? at - before.at : Number.POSITIVE_INFINITY;
    return waited >= (fault.retryAfterMs ?? 0) ? [] : [`asked again after ${Math.round(waited)} ms`];
  });
}

/** What must be nowhere: any key or token, and what a vendor says in its errors. */
function leaksIn(text: string): readonly string[] {
  return text.match(new RegExp(`.{0,40}(?:canary|${VENDOR_WORDS}).{0,40}`, "g")) ?? [];
}
