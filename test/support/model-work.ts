/** Runs of one small piece of work that models do, on deployments that differ in their keys, and what comes of each. */
import { afterAll, beforeAll, expect } from "vitest";
import type { DoneEvent, RecordedEvent } from "../../src/run/events.ts";
import type { Api, CodeBody } from "./api.ts";
import { type Deployment, deploy, type Hosted } from "./deployment.ts";
import type { PullView } from "./forge/pulls.ts";
import { eventOf, framesIn } from "./frames.ts";
import { faultNamed } from "./models/faults.ts";
import { type ModelServer, type RecordedRequest, startModelServer } from "./models/server.ts";
import type { Protocol, ScriptRequest, Turn } from "./models/turn.ts";

export const KEYS = { openai: "canary-openai-key-of-service", anthropic: "canary-anthropic-key-of-service" };
export const OWN_KEYS = { openai: "canary-openai-key-of-ann", anthropic: "canary-anthropic-key-of-ann" };
export const OPENAI = "openai (gpt-6.1-sol)";
export const ANTHROPIC = "anthropic (claude-sonnet-5-5)";

const FILES = { "README.md": "# Demo\n\nHello" };
export const PROMPT = "Greet in German";
/** One that the rules understand: it is what the model's first edit does. */
export const PLAIN_PROMPT = 'Replace "Hello" with "Hallo" in README.md';
export const GREETS = { "README.md": "# Demo\n\nHallo" };
export const ALL = { ...GREETS, "b.txt": "b" };
export const READ: Turn = {
  text: "I look.",
  calls: [{ name: "read_file", arguments: { path: "README.md" } }],
};
export const EDIT: Turn = {
  text: "Now I greet.",
  reasoning: "Hallo it is.",
  calls: [{ name: "edit_file", arguments: { path: "README.md", old_text: "Hello", new_text: "Hallo" } }],
};
export const ADD: Turn = { calls: [{ name: "write_file", arguments: { path: "b.txt", content: "b" } }] };
export const FINISH: Turn = {
  calls: [{ name: "finish", arguments: { title: "Greet", summary: "It greets." } }],
};
export const TURNS = [READ, EDIT, ADD, FINISH];

/** What deployments differ in. */
const BOTH = { OPENAI_API_KEY: KEYS.openai, ANTHROPIC_API_KEY: KEYS.anthropic };
const PLACES = {
  responses: BOTH,
  chat: { ...BOTH, OPENAI_API_STYLE: "chat" },
  keyless: {},
  anthropicOnly: { ANTHROPIC_API_KEY: KEYS.anthropic },
} as const;
type PlaceName = keyof typeof PLACES;

export interface Ran {
  readonly events: readonly RecordedEvent[];
  readonly done: DoneEvent;
  readonly pull: PullView | undefined;
  readonly requests: readonly RecordedRequest[];
  /** The files of the branch, by path. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Running {
  readonly script?: (request: ScriptRequest) => Turn | undefined;
  readonly where?: PlaceName;
  /** A caller with an API token when absent. */
  readonly api?: Api;
  readonly headers?: Readonly<Record<string, string>>;
  readonly owner?: string;
  readonly prompt?: string;
  readonly body?: CodeBody;
}

export interface ModelWork {
  deployment(name?: PlaceName): Deployment;
  /** A run of a repository of its own, whose log and pull request hold no key. */
  run(running: Running): Promise<Ran>;
}

/** For a whole test file: starts the deployments before it, and finds at its end that no request was refused and no key logged. */
export function modelWork(...names: readonly PlaceName[]): ModelWork {
  /** What models say, by the name of a file in the run's repository, which they are shown. */
  const scripts = new Map<string, (request: ScriptRequest) => Turn>();
  const deployments = new Map<string, Deployment>();
  let models: ModelServer;

  beforeAll(async () => {
    models = await startModelServer({
      respond: (request) => {
        const script = scripts.get(markIn(request.text));
        if (script === undefined) throw new Error("no script");
        return script(request);
      },
    });
    const env = {
      OPENAI_BASE_URL: models.openaiUrl,
      ANTHROPIC_BASE_URL: models.anthropicUrl,
      LLM_IDLE_TIMEOUT_SECONDS: "5",
      MODEL_PRICES: JSON.stringify({ dear: { input: 100, output: 100 } }),
    };
    const opened = names.map(async (name) => {
      deployments.set(name, await deploy("workerd", { env: { ...env, ...PLACES[name] } }));
    });
    await Promise.all(opened);
  });

  afterAll(async () => {
    const all = [...deployments.values()];
    const complaints = all.map(({ host }) => host.complaints()).join("");
    await Promise.all(all.map((deployment) => deployment[Symbol.asyncDispose]()));
    await models.close();
    expect(complaints).not.toContain("canary");
  });

  const deployment = (name: PlaceName = "responses"): Deployment => {
    const found = deployments.get(name);
    if (found === undefined) throw new Error(`no deployment ${name}`);
    return found;
  };

  let runs = 0;
  return {
    deployment,
    async run({ script = () => undefined, where, owner, prompt = PROMPT, headers = {}, body = {}, api }) {
      runs += 1;
      const mark = `mark-${runs}`;
      scripts.set(mark, (request) => script(request) ?? TURNS[request.turn] ?? FINISH);
      const files = { ...FILES, [mark]: "" };
      const hosted = await deployment(where).repository({ files, ...(owner === undefined ? {} : { owner }) });
      const caller = api ?? deployment(where).caller();
      const asked = { repoUrl: hosted.url, prompt, use_llm: true, ...body };
      const text = await (await caller.stream(asked, { headers })).text();
      expect(text).not.toContain("canary");
      const events = framesIn(text).map(eventOf);
      const done = events.at(-1);
      if (done?.type !== "done") throw new Error(text);
      const [pull, ...more] = hosted.pullRequests;
      expect(more).toEqual([]);
      expect([pull?.head ?? null, JSON.stringify(pull ?? "").includes("canary")]).toEqual([
        done.branch,
        false,
      ]);
      const requests = models.requests.filter(({ body: sent }) => markIn(JSON.stringify(sent)) === mark);
      return { events, done, pull, requests, files: await filesOf(hosted, done.commit) };
    },
  };
}

function markIn(text: string): string {
  return /mark-\d+/.exec(text)?.[0] ?? "";
}

async function filesOf(hosted: Hosted, commit: string | null): Promise<Record<string, string>> {
  if (commit === null) return {};
  const all = (await hosted.git("ls-tree", "-r", "--name-only", commit)).split("\n");
  const paths = all.filter((path) => markIn(path) === "");
  const contents = await Promise.all(paths.map((path) => hosted.git("show", `${commit}:${path}`)));
  return Object.fromEntries(paths.map((path, index) => [path, contents[index] ?? ""]));
}

/** Who gave way to whom, as the run's end has it; checked to be what readers and reviewers are told as well. */
export function hopsOf({
  events,
  done,
  pull,
}: Ran): readonly (readonly [from: string, to: string, reason: string])[] {
  const fallbacks = done.fallbacks ?? [];
  const warned = events.flatMap((event) => (event.type === "warning" ? (event.fallback ?? []) : []));
  expect(warned).toEqual(fallbacks);
  const body = (pull?.body ?? "").replaceAll("\u200b", "");
  for (const { from, to, reason } of pull === undefined ? [] : fallbacks) {
    expect(body).toContain(`- ${shown(from)} gave way to ${shown(to)}. ${reason}`);
  }
  return fallbacks.map(({ from, to, reason }) => [shown(from), shown(to), reason]);
}

function shown({ name, model }: { readonly name: string; readonly model?: string | undefined }): string {
  return model === undefined ? name : `${name} (${model})`;
}

/** Goes wrong whenever this vendor is asked for this turn, or for any. */
export function failsAt(protocol: Protocol, name: string, turn?: number): NonNullable<Running["script"]> {
  return (request) =>
    request.protocol === protocol && (turn === undefined || request.turn === turn)
      ? { ...TURNS[request.turn], fault: faultNamed(protocol, name) }
      : undefined;
}

/** The body says that it is not finished, why, and what is missing. */
export function expectMissing({ pull }: Ran, sentences: readonly string[]): void {
  const body = (pull?.body ?? "").replaceAll("\u200b", "");
  expect(body).toMatch(/^\*\*This is not finished: the agent stopped before it was done\.\*\*/);
  const [, section = ""] = body.split("## What is missing\n");
  for (const sentence of sentences) expect(section.split("\n## ")[0]).toContain(sentence);
}
