/** Calls tools the way the model loop does, on a repository that a real git server gives out. */
import type { CommandRunner, OutputEvent, ToolEvent } from "../../src/agent/agent.ts";
import type { Tool, ToolOutcome } from "../../src/agent/llm/tool.ts";
import { carryOut } from "../../src/agent/llm/tools/carry-out.ts";
import { createTools } from "../../src/agent/llm/tools/registry.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";

export interface CallOptions {
  readonly workspace: Workspace;
  readonly commands?: CommandRunner;
  readonly isProtected?: (path: string) => boolean;
  readonly signal?: AbortSignal;
  /** Instead of all there are. */
  readonly tools?: readonly Tool[];
}

export interface Called {
  readonly events: readonly (ToolEvent | OutputEvent)[];
  readonly outcome: ToolOutcome;
}

/** Milliseconds that pass, as tools see it, between a call's start and end. */
export const CALL_MS = 7;

/** One call from beginning to end; arguments that are a string are sent as they are. */
export async function call(
  options: CallOptions,
  name: string,
  args: string | Readonly<Record<string, unknown>>,
): Promise<Called> {
  const running = start(options, name, args);
  const events: (ToolEvent | OutputEvent)[] = [];
  for (;;) {
    const next = await running.next();
    if (next.done === true) return { events, outcome: next.value };
    events.push(next.value);
  }
}

/** The call under way. */
export function start(
  { workspace, commands, isProtected = () => false, signal, tools }: CallOptions,
  name: string,
  args: string | Readonly<Record<string, unknown>>,
): AsyncGenerator<ToolEvent | OutputEvent, ToolOutcome> {
  const context = {
    workspace,
    isProtected,
    signal: signal ?? new AbortController().signal,
    ...(commands === undefined ? {} : { commands }),
  };
  const text = typeof args === "string" ? args : JSON.stringify(args);
  let time = 1_000;
  return carryOut(
    { id: "call_1", name, arguments: text },
    tools ?? createTools({ commands: commands !== undefined }),
    context,
    () => {
      time += CALL_MS;
      return time;
    },
  );
}

/** What the model is told. */
export async function answer(
  options: CallOptions,
  name: string,
  args: string | Readonly<Record<string, unknown>>,
): Promise<string> {
  const { outcome } = await call(options, name, args);
  return `${outcome.status}: ${outcome.text}`;
}
