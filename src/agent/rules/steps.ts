/** Carries out one edit at a time, with the `tool` events that show it, so that a refusal is a result and not a crash. */
import { type ErrorCode, ServiceError } from "../../errors.ts";
import type { AgentEvent, AgentTask } from "../agent.ts";
import { count, oneLine } from "./wording.ts";

/** Errors that say something about the edit; the others (network, git server) end the run and are thrown on. */
const EDIT_ERRORS: ReadonlySet<ErrorCode> = new Set([
  "path_refused",
  "file_not_found",
  "file_exists",
  "not_a_file",
  "not_text",
  "invalid_pattern",
  "too_much_to_read",
  "edit_too_large",
  "object_too_large",
]);

/** True for an error that only means "not this edit". */
export function isEditError(error: unknown): error is ServiceError {
  return error instanceof ServiceError && EDIT_ERRORS.has(error.code);
}

export type StepResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

type ToolName = "write_file" | "edit_file" | "delete_file" | "move_file" | "search_files" | "read_file";

export interface Step<T> {
  readonly name: ToolName;
  /** Shown with the events; bounded by whoever builds it. */
  readonly input: Readonly<Record<string, unknown>>;
  /** What happens, as a sentence without its full stop: `Write docs/a.md`. */
  readonly message: string;
  act(): Promise<T>;
  /** What came of it, as a short sentence. */
  output(value: T): string;
}

/** Runs a step between its `started` and its `ok` or `error` event. */
export async function* perform<T>(task: AgentTask, step: Step<T>): AsyncGenerator<AgentEvent, StepResult<T>> {
  task.signal.throwIfAborted();
  const { name, input } = step;
  const message = oneLine(step.message, 300);
  yield { type: "tool", message, name, input, status: "started" };
  const result = await attempt(step.act);
  task.signal.throwIfAborted();
  const output = result.ok ? step.output(result.value) : result.reason;
  yield { type: "tool", message, name, input, status: result.ok ? "ok" : "error", output };
  return result;
}

/** The value, or the message of an error that only means "not this edit". */
export async function attempt<T>(act: () => Promise<T>): Promise<StepResult<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (error) {
    if (isEditError(error)) return { ok: false, reason: error.message };
    throw error;
  }
}

/** Writes a whole file. */
export function writeFile(
  task: AgentTask,
  path: string,
  content: string,
): AsyncGenerator<AgentEvent, StepResult<void>> {
  const bytes = new TextEncoder().encode(content).length;
  return perform(task, {
    name: "write_file",
    input: { path, bytes, content: preview(content) },
    message: `Write ${path}`,
    act: () => task.workspace.write(path, content),
    output: () => `Wrote ${count(bytes, "byte")}.`,
  });
}

/** The beginning of a text, for the input of an event. */
export function preview(text: string, max = 200): string {
  return text.length <= max ? text : `${text.slice(0, max)}…`;
}

/** A warning that a file was left as it is, and why. */
export function skipped(path: string, reason: string): AgentEvent {
  return {
    type: "warning",
    code: "file_skipped",
    message: `${oneLine(path, 200)} was left alone: ${reason}.`,
  };
}
