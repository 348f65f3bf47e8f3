/** Draws a view as lines for a window: pure, so that whole frames can be compared. */
import { wrap } from "./columns.ts";
import { detailLines, linesOf } from "./details.ts";
import { duration } from "./durations.ts";
import { fitLine, type Line, type Span, withRight } from "./line.ts";
import { STEP_LABELS, type StepView, type Task, type View } from "./view.ts";

export interface FrameOptions {
  readonly columns: number;
  /** Lines the frame may have; details are left out from the top to keep to it. */
  readonly rows: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
/** How long one picture of the spinner stays. */
export const SPINNER_MS = 80;
const PROMPT_LINES = 3;
const STEP_WIDTH = 14;
/** Where details start: under the step's name. */
const DETAIL_INDENT = 4;
/** A message with less room than this says nothing. */
const LEAST_MESSAGE = 12;
/** A running step shows its time from here on. */
const SLOW_MS = 1000;

/** The frame of a view. Its last lines say where the run is, so they are kept when the window is low. */
export function frame(view: View, options: FrameOptions): Line[] {
  const fixed = layout(view, options, 0);
  const hidden = layout(view, options, Number.POSITIVE_INFINITY).length - fixed.length;
  const room = options.rows - fixed.length;
  const lines = hidden <= room ? layout(view, options, room) : layout(view, options, Math.max(0, room - 1));
  return lines
    .slice(-Math.max(1, Math.min(lines.length, options.rows)))
    .map((line) => fitLine(line, options.columns));
}

/** @param most lines of details shown of a running step. */
function layout(view: View, options: FrameOptions, most: number): Line[] {
  const spinner = SPINNER.charAt(Math.floor(options.now / SPINNER_MS) % SPINNER.length);
  const begun = view.steps.some(({ status }) => status !== "waiting");
  const shown = view.steps.filter(({ status }) => status !== "waiting" || view.ending === undefined);
  const notes = view.notes.flatMap((note) => linesOf(note, spinner, options.columns - DETAIL_INDENT));
  return [
    [["Tiny Backspace", "bold"]],
    ...labelled("repository", view.repository, options.columns),
    ...labelled("prompt", view.prompt, options.columns),
    [],
    ...view.tasks.map((task) => taskLine(task, spinner, options)),
    ...(begun ? [[], ...notes.map(indented)] : []),
    ...(begun ? shown.flatMap((step) => stepLines(step, spinner, options, most)) : []),
  ];
}

function labelled(label: string, text: string, columns: number): Line[] {
  const lines = wrap(text, columns - STEP_WIDTH);
  const shown = lines.slice(0, PROMPT_LINES);
  const last = shown.length - 1;
  return shown.map((line, index) => [
    [index === 0 ? label.padEnd(STEP_WIDTH) : " ".repeat(STEP_WIDTH), "dim"],
    [index === last && lines.length > PROMPT_LINES ? `${line} …` : line],
  ]);
}

function taskLine(task: Task, spinner: string, options: FrameOptions): Line {
  const done = task.durationMs !== undefined;
  const mark: Span = done ? ["✔", "green"] : [spinner, "cyan"];
  return withRight([mark, [` ${task.what}`]], timeOf(task, options.now), options.columns);
}

function stepLines(step: StepView, spinner: string, options: FrameOptions, most: number): Line[] {
  const { columns, now } = options;
  const details = detailLines(step, spinner, columns - DETAIL_INDENT);
  const left = details.length - most;
  const cutAway = step.status === "running" && left > 0;
  const kept = cutAway ? details.slice(details.length - Math.max(most, 0)) : details;
  const earlier: Line[] = cutAway && most > 0 ? [[[`… ${left} more above`, "dim"]]] : [];
  return [headLine(step, spinner, columns, now), ...[...earlier, ...kept].map(indented)];
}

function headLine(step: StepView, spinner: string, columns: number, now: number): Line {
  const label = STEP_LABELS[step.step];
  const room = columns - 2 - STEP_WIDTH;
  const running = step.status === "running";
  const count = running && step.count !== undefined ? `${step.count.loaded}/${step.count.total}  ` : "";
  const right = step.status === "waiting" ? "" : `${count}${timeOf(step, now)}`;
  const left: Line = [
    markOf(step, spinner),
    [
      ` ${room < LEAST_MESSAGE ? label : label.padEnd(STEP_WIDTH)}`,
      step.status === "waiting" ? "dim" : "plain",
    ],
    [
      room < LEAST_MESSAGE ? "" : step.message,
      step.status === "skipped" ? "yellow" : running ? "plain" : "dim",
    ],
  ];
  return withRight(left, right.trimEnd(), columns);
}

function markOf({ status }: StepView, spinner: string): Span {
  switch (status) {
    case "waiting":
      return ["○", "dim"];
    case "running":
      return [spinner, "cyan"];
    case "done":
      return ["✔", "green"];
    case "skipped":
      return ["–", "yellow"];
    case "failed":
      return ["✖", "red"];
    case "stopped":
      return ["■", "yellow"];
  }
}

function timeOf({ durationMs, startedAt }: { durationMs?: number; startedAt: number }, now: number): string {
  if (durationMs !== undefined) return duration(durationMs);
  return startedAt > 0 && now - startedAt >= SLOW_MS ? duration(now - startedAt) : "";
}

function indented(line: Line): Line {
  return [[" ".repeat(DETAIL_INDENT)], ...line];
}
