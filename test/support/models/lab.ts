/** The agent that models drive, on the scripted model server and a workspace in memory: all it says, and what it leaves behind. */
import type {
  AgentBudget,
  AgentCheckpoint,
  AgentEvent,
  AgentOutcome,
  AgentTask,
} from "../../../src/agent/agent.ts";
import type { AdapterOptions } from "../../../src/agent/llm/adapter.ts";
import { createLlmAgent } from "../../../src/agent/llm/agent.ts";
import type { Model } from "../../../src/agent/llm/model.ts";
import { createRuleAgent } from "../../../src/agent/rules/agent.ts";
import { createMemoryWorkspace, type MemoryWorkspace } from "../memory-workspace.ts";
import { connect } from "./connect.ts";
import { type ModelServer, type ModelServerOptions, startModelServer } from "./server.ts";
import type { Protocol, ScriptRequest } from "./turn.ts";

export interface LabOptions extends ModelServerOptions {
  /** Whose models there are, in the order in which they are tried. */
  readonly protocols?: readonly Protocol[];
  readonly adapters?: { readonly [P in Protocol]?: Partial<AdapterOptions> };
  /** Of the repository. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Where an agent was at the end of a turn: what a host keeps, as JSON. */
export interface Mark {
  readonly transcript: unknown;
  /** Everything appended by then. */
  readonly entries: readonly unknown[];
  readonly files: Readonly<Record<string, string>>;
}

export interface Heard {
  /** Without the checkpoints. */
  readonly events: readonly Exclude<AgentEvent, AgentCheckpoint>[];
  /** One for each checkpoint, as of the event behind it. */
  readonly marks: readonly Mark[];
  /** How many events and requests there had been by each mark. */
  readonly markedAt: readonly { readonly events: number; readonly requests: number }[];
  readonly outcome: AgentOutcome;
  readonly files: Readonly<Record<string, string>>;
}

export interface Doing extends Partial<Omit<AgentTask, "budget" | "workspace" | "transcript" | "entries">> {
  readonly budget?: Partial<AgentBudget>;
  /** Goes on from there, in a fresh agent. */
  readonly from?: Mark | undefined;
  /** Other models than the lab's. */
  readonly models?: readonly Model[];
}

export interface Lab extends AsyncDisposable {
  readonly server: ModelServer;
  readonly models: readonly Model[];
  /** What a model was asked, in the order it came; those that were refused are left out. */
  asked(): readonly ScriptRequest[];
  run(doing?: Doing): Promise<Heard>;
}

export const FILES = { "README.md": "# Demo\n\nHello\n", "src/a.ts": "export const a = 1;\n" };
/** USD per million tokens. */
export const PRICE = { input: 1, cached: 0.1, cacheWrite: 1.25, output: 4 };
/** As the model server knows them. */
export const FACTS = { contextWindow: 200_000, maxOutputTokens: 8000, price: PRICE };

export async function openLab(options: LabOptions): Promise<Lab> {
  const { protocols = ["responses"], adapters = {}, files = FILES, ...scripted } = options;
  const server = await startModelServer(scripted);
  const models = protocols.map((protocol) =>
    connect(server, protocol, { facts: FACTS, ...adapters[protocol] }),
  );
  return {
    server,
    models,
    asked: () => server.requests.flatMap(({ view }) => view ?? []),
    async run({ from, models: others = models, budget, ...task } = {}) {
      const workspace = await workspaceAt(files, from?.files ?? files);
      const agent = createLlmAgent({
        models: others,
        rules: createRuleAgent(),
        now: () => 0,
        random: () => 0,
      });
      return await hear(
        agent.run({
          prompt: "Greet in German",
          repository: "tiny-bot/demo",
          workspace,
          redact: (text) => text,
          isProtected: () => false,
          signal: new AbortController().signal,
          ...task,
          ...(from === undefined ? {} : { transcript: from.transcript, entries: from.entries }),
          budget: {
            maxTurns: 30,
            maxTokens: 1_000_000,
            maxCostUsd: 10,
            deadline: new AbortController().signal,
            ...budget,
          },
        }),
        workspace,
        from?.entries ?? [],
        server,
      );
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

async function hear(
  run: AsyncGenerator<AgentEvent, AgentOutcome>,
  workspace: MemoryWorkspace,
  before: readonly unknown[],
  { requests }: ModelServer,
): Promise<Heard> {
  const events: Exclude<AgentEvent, AgentCheckpoint>[] = [];
  const marks: Mark[] = [];
  const markedAt: { events: number; requests: number }[] = [];
  const first = requests.length;
  let entries = before;
  for (;;) {
    const next = await run.next();
    if (next.done === true) {
      return { events, marks, markedAt, outcome: next.value, files: workspace.snapshot() };
    }
    if (next.value.type !== "checkpoint") {
      events.push(next.value);
      continue;
    }
    const { transcript, append = [] } = asJson(next.value);
    entries = [...entries, ...append];
    marks.push({ transcript, entries, files: workspace.snapshot() });
    markedAt.push({ events: events.length + 1, requests: requests.length - first });
  }
}

/** As a store hands it back. */
function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

async function workspaceAt(
  files: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Promise<MemoryWorkspace> {
  const workspace = createMemoryWorkspace(files);
  for (const path of Object.keys(files)) if (now[path] === undefined) await workspace.delete(path);
  for (const [path, text] of Object.entries(now)) if (files[path] !== text) await workspace.write(path, text);
  return workspace;
}

/** Events in short: tools as `name status`, warnings as their code, words joined. */
export function inShort(events: Heard["events"]): readonly string[] {
  const short: string[] = [];
  for (const event of events) {
    if (event.type === "text") {
      const last = short.at(-1);
      if (last?.startsWith("says ") === true) short[short.length - 1] = last + event.delta;
      else short.push(`says ${event.delta}`);
    } else if (event.type === "tool") short.push(`${event.name} ${event.status}`);
    else if (event.type === "usage") short.push(`turn ${event.turns}`);
    else if (event.type === "warning") short.push(event.code);
    else if (event.type === "fallback") short.push(`${event.from.name} to ${event.to.name}`);
    else short.push(event.type);
  }
  return short;
}
