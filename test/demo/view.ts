/** What the display knows of a run: a state that grows event by event, without a word about terminals. */
import type { DoneStatus, RecordedEvent, Step } from "../../src/run/events.ts";
import { printable, printableLine } from "./printable.ts";

export type Detail =
  | {
      readonly kind: "tool";
      readonly name: string;
      readonly message: string;
      readonly status: "started" | "ok" | "error";
      readonly output: string;
    }
  | {
      readonly kind: "change";
      readonly change: "added" | "modified" | "deleted" | "renamed";
      readonly path: string;
      readonly additions: number;
      readonly deletions: number;
    }
  /** The model's words, or what a command prints, as much as has arrived. */
  | { readonly kind: "words" | "output"; readonly text: string }
  | { readonly kind: "warning" | "error"; readonly message: string };

export interface Task {
  readonly what: string;
  readonly startedAt: number;
  readonly durationMs?: number;
}

export interface StepView {
  readonly step: Step;
  readonly status: "waiting" | "running" | "done" | "skipped" | "failed" | "stopped";
  readonly message: string;
  readonly count?: { readonly loaded: number; readonly total: number };
  readonly startedAt: number;
  readonly durationMs?: number;
  readonly details: readonly Detail[];
}

export interface View {
  readonly repository: string;
  readonly prompt: string;
  /** What the demo starts before the run, in order. */
  readonly tasks: readonly Task[];
  /** What was said before the first step. */
  readonly notes: readonly Detail[];
  readonly steps: readonly StepView[];
  readonly startedAt?: number;
  readonly ending?: {
    readonly status: DoneStatus;
    readonly message: string;
    readonly durationMs: number;
  };
}

/** What changes a view: the run's events, and what the demo does around them. `at` in milliseconds since the epoch. */
export type Action =
  | { readonly type: "task_started"; readonly what: string; readonly at: number }
  | { readonly type: "task_finished"; readonly at: number }
  | { readonly type: "stopped" }
  | RecordedEvent;

/** Characters kept of the words and the output of one step: more than any window shows at the end. */
const MAX_TEXT = 4096;

/** Every step in order, with what people call it. Written out here: the schema's list costs loading zod before the first frame. */
export const STEP_LABELS: Readonly<Record<Step, string>> = {
  preflight: "preflight",
  clone: "clone",
  analyse: "analyse",
  edit: "edit",
  verify: "verify",
  commit: "commit",
  push: "push",
  pull_request: "pull request",
};
const STEPS = Object.keys(STEP_LABELS) as Step[];

/** A view before anything has happened. */
export function newView(facts: { readonly repository: string; readonly prompt: string }): View {
  const steps = STEPS.map((step) => ({
    step,
    status: "waiting" as const,
    message: "",
    startedAt: 0,
    details: [],
  }));
  return {
    repository: printableLine(facts.repository),
    prompt: printableLine(facts.prompt),
    tasks: [],
    notes: [],
    steps,
  };
}

/** The view after an action. All text from outside is made printable here. */
export function reduce(view: View, action: Action): View {
  switch (action.type) {
    case "task_started":
      return { ...view, tasks: [...view.tasks, { what: printableLine(action.what), startedAt: action.at }] };
    case "task_finished":
      return {
        ...view,
        tasks: view.tasks.map((task) => ({ durationMs: action.at - task.startedAt, ...task })),
      };
    case "stopped":
      return { ...view, steps: endRunning(view.steps, "stopped") };
    default:
      return reduceEvent({ startedAt: Date.parse(action.time), ...view }, action);
  }
}

function reduceEvent(view: View, event: RecordedEvent): View {
  switch (event.type) {
    case "info":
    case "usage":
      return view;
    case "progress":
      return { ...view, steps: start(view.steps, event) };
    case "success":
      return { ...view, steps: finish(view.steps, event) };
    case "tool":
      return withDetails(view, (details) => addTool(details, event));
    case "change": {
      const { kind, path, from, additions, deletions } = event;
      const shown = printableLine(from === undefined ? path : `${from} → ${path}`);
      return withDetails(view, add({ kind: "change", change: kind, path: shown, additions, deletions }));
    }
    case "text":
      return withDetails(view, (details) => addText(details, "words", event.delta));
    case "output":
      return withDetails(view, (details) => addText(details, "output", event.data));
    case "warning": {
      const message = printableLine(event.message);
      if (event.code === "not_verified") return { ...view, steps: skipVerification(view.steps, message) };
      return withDetails(view, add({ kind: "warning", message }));
    }
    case "error":
      return withDetails(view, add({ kind: "error", message: printableLine(event.message) }));
    case "done": {
      const { status, message, time } = event;
      const durationMs = Date.parse(time) - (view.startedAt ?? Date.parse(time));
      return {
        ...view,
        steps: endRunning(view.steps, status === "failed" ? "failed" : "stopped"),
        ending: { status, message: printableLine(message), durationMs },
      };
    }
  }
}

type ProgressEvent = Extract<RecordedEvent, { type: "progress" }>;
type SuccessEvent = Extract<RecordedEvent, { type: "success" }>;
type ToolEvent = Extract<RecordedEvent, { type: "tool" }>;

function start(steps: readonly StepView[], event: ProgressEvent): readonly StepView[] {
  const { loaded, total } = event;
  return steps.map((step) =>
    step.step !== event.step
      ? step
      : {
          ...step,
          status: "running",
          message: printableLine(event.message),
          startedAt: step.status === "running" ? step.startedAt : Date.parse(event.time),
          ...(loaded === undefined || total === undefined ? {} : { count: { loaded, total } }),
        },
  );
}

function finish(steps: readonly StepView[], event: SuccessEvent): readonly StepView[] {
  return steps.map((step) =>
    step.step !== event.step
      ? step
      : { ...step, status: "done", message: printableLine(event.message), durationMs: event.duration_ms },
  );
}

function skipVerification(steps: readonly StepView[], message: string): readonly StepView[] {
  return steps.map((step) => (step.step === "verify" ? { ...step, status: "skipped", message } : step));
}

function endRunning(steps: readonly StepView[], status: "failed" | "stopped"): readonly StepView[] {
  return steps.map((step) => (step.status === "running" ? { ...step, status } : step));
}

/** Changes the details of the step that started last, or the notes before the first. */
function withDetails(view: View, change: (details: readonly Detail[]) => readonly Detail[]): View {
  const latest = view.steps.findLastIndex(({ status }) => status !== "waiting");
  if (latest === -1) return { ...view, notes: change(view.notes) };
  const steps = view.steps.map((step, index) =>
    index === latest ? { ...step, details: change(step.details) } : step,
  );
  return { ...view, steps };
}

function add(detail: Detail): (details: readonly Detail[]) => readonly Detail[] {
  return (details) => [...details, detail];
}

/** A tool's end takes the place of its start. */
function addTool(details: readonly Detail[], event: ToolEvent): readonly Detail[] {
  const detail: Detail = {
    kind: "tool",
    name: printableLine(event.name),
    message: printableLine(event.message),
    status: event.status,
    output: printableLine(event.output ?? ""),
  };
  const begun = details.findLastIndex(
    (one) => one.kind === "tool" && one.status === "started" && one.name === detail.name,
  );
  return event.status === "started" || begun === -1 ? [...details, detail] : details.with(begun, detail);
}

function addText(details: readonly Detail[], kind: "words" | "output", added: string): readonly Detail[] {
  const last = details.at(-1);
  const before = last?.kind === kind ? last.text : "";
  const text = `${before}${printable(added)}`.slice(-MAX_TEXT);
  return [...(last?.kind === kind ? details.slice(0, -1) : details), { kind, text }];
}
