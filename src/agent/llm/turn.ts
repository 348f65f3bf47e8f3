/** What follows an answer: its calls are carried out in order, and what the model is told besides. */
import type { AgentEvent } from "../agent.ts";
import { nestedInstructions } from "./context/prompts.ts";
import type { ModelAnswer, ToolResult } from "./model.ts";
import type { Session } from "./session.ts";
import type { ToolOutcome } from "./tool.ts";
import { carryOut } from "./tools/carry-out.ts";

/** More calls than this in one turn are not carried out. */
const MOST_CALLS = 200;
const EDITING: ReadonlySet<string> = new Set(["edit_file", "write_file", "delete_file", "move_file"]);

/** Carries out the calls of the newest answer and adds their results; returns what the call that ends the work said. */
export async function* carryOutCalls(
  session: Session,
  { calls }: ModelAnswer["message"],
  now: () => number,
): AsyncGenerator<AgentEvent, ToolOutcome["finished"]> {
  const { task, messages } = session;
  if (calls.length === 0) return undefined;
  const results: ToolResult[] = [];
  const touched = new Set<string>();
  let finished: ToolOutcome["finished"];
  let edited = false;
  let missed = false;
  for (const [index, call] of calls.entries()) {
    task.signal.throwIfAborted();
    const soFar = { finished: finished !== undefined, missed, late: task.budget.deadline.aborted };
    const reason = whySkipped(call.name, index, soFar);
    if (reason !== undefined) {
      results.push({ callId: call.id, text: reason, isError: true });
      missed ||= EDITING.has(call.name);
      continue;
    }
    const outcome = yield* carryOut(call, session.tools, contextOf(session), now);
    results.push({ callId: call.id, text: task.redact(outcome.text), isError: outcome.status === "error" });
    for (const path of outcome.paths ?? []) touched.add(path);
    if (EDITING.has(call.name)) {
      if (outcome.status === "ok") edited = true;
      else missed = true;
    }
    if (outcome.edited === true) edited = true;
    finished ??= outcome.finished;
  }
  const { progress } = session;
  session.progress = { ...progress, idleTurns: edited ? 0 : progress.idleTurns + 1, wordyTurns: 0 };
  const shown = await withInstructions(session, results, [...touched]);
  messages.push({ role: "tool", results: shown, ...(edited ? { edited: true } : {}) });
  return finished;
}

function contextOf({ task }: Session) {
  const { workspace, signal, isProtected, commands } = task;
  return { workspace, signal, isProtected, ...(commands === undefined ? {} : { commands }) };
}

interface SoFar {
  readonly finished: boolean;
  /** An edit of this turn was not made, which the model cannot know yet. */
  readonly missed: boolean;
  readonly late: boolean;
}

function whySkipped(name: string, index: number, { finished, missed, late }: SoFar): string | undefined {
  if (finished) return "Not carried out: finish came before this call.";
  if (index >= MOST_CALLS) return `Not carried out: a turn may have ${MOST_CALLS} calls.`;
  if (name === "finish") return missed ? MISSED : undefined;
  return late ? "Not carried out: the time of the run is used up." : undefined;
}

const MISSED =
  "Not finished: an edit before this call was not made, see its result. Make it in another way, or call finish again without it.";

/** Instructions of folders that are touched for the first time come behind the last result. */
async function withInstructions(
  session: Session,
  results: readonly ToolResult[],
  paths: readonly string[],
): Promise<readonly ToolResult[]> {
  const { progress, task } = session;
  const found = await session.instructions.forPaths(paths, progress.shownFolders);
  const last = results.at(-1);
  if (found.length === 0 || last === undefined) return results;
  session.progress = {
    ...progress,
    shownFolders: [...progress.shownFolders, ...found.map(({ folder }) => folder)],
  };
  const text = `${last.text}\n\n${task.redact(nestedInstructions(found))}`;
  return [...results.slice(0, -1), { ...last, text }];
}
