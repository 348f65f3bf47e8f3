/** Lays out what happened inside a step: tool calls, changes, words, warnings. */
import { wrap } from "./columns.ts";
import type { Line, Span } from "./line.ts";
import type { Detail, StepView } from "./view.ts";

/** Last lines shown of the model's words, and of what a command prints. */
const WORD_LINES = 3;
const OUTPUT_LINES = 5;
/** Changes listed of a finished step; the diff has them all. */
const MAX_CHANGES = 20;

const CHANGE_MARKS: Readonly<Record<string, Span>> = {
  added: ["+", "green"],
  modified: ["~", "yellow"],
  deleted: ["-", "red"],
  renamed: ["→", "cyan"],
};

/** Everything while the step runs; afterwards what it changed and warned of, and its tool calls as a number. */
export function detailLines(step: StepView, spinner: string, columns: number): Line[] {
  if (step.status === "running") {
    return step.details.flatMap((detail) => linesOf(detail, spinner, columns));
  }
  const changes = step.details.filter(({ kind }) => kind === "change");
  const others = step.details.filter(({ kind }) => kind === "warning" || kind === "error");
  const more = changes.length - MAX_CHANGES;
  return [
    ...toolCount(step.details),
    ...changes.slice(0, MAX_CHANGES).flatMap((detail) => linesOf(detail, spinner, columns)),
    ...moreChanges(more),
    ...others.flatMap((detail) => linesOf(detail, spinner, columns)),
  ];
}

function moreChanges(more: number): Line[] {
  return more > 0 ? [[[`… ${more} more in the diff`, "dim"]]] : [];
}

function toolCount(details: readonly Detail[]): Line[] {
  const tools = details.filter((detail) => detail.kind === "tool");
  if (tools.length === 0) return [];
  const failed = tools.filter(({ status }) => status === "error").length;
  const calls = tools.length === 1 ? "1 tool call" : `${tools.length} tool calls`;
  return [[[failed === 0 ? calls : `${calls}, ${failed} failed`, "dim"]]];
}

/** One detail; notes from before the first step are laid out the same way. */
export function linesOf(detail: Detail, spinner: string, columns: number): Line[] {
  switch (detail.kind) {
    case "tool": {
      const { status, message, output } = detail;
      const mark: Span =
        status === "ok" ? ["✔", "green"] : status === "error" ? ["✖", "red"] : [spinner, "cyan"];
      return [[mark, [` ${message}`], [output === "" ? "" : `  ${output}`, "dim"]]];
    }
    case "change":
      return [
        [
          CHANGE_MARKS[detail.change] ?? ["~"],
          [` ${detail.path}`],
          [detail.additions > 0 ? `  +${detail.additions}` : "", "green"],
          [detail.deletions > 0 ? `  -${detail.deletions}` : "", "red"],
        ],
      ];
    case "words":
      return textLines(detail.text, columns, WORD_LINES);
    case "output":
      return textLines(detail.text, columns, OUTPUT_LINES);
    case "warning":
      return hanging("⚠", "yellow", detail.message, columns);
    case "error":
      return hanging("✖", "red", detail.message, columns);
  }
}

function hanging(mark: string, style: "yellow" | "red", message: string, columns: number): Line[] {
  return wrap(message, columns - 2).map((text, index) => [[`${index === 0 ? mark : " "} ${text}`, style]]);
}

function textLines(text: string, columns: number, most: number): Line[] {
  const lines = text.trimEnd().replaceAll("\t", "  ").split("\n");
  return lines
    .slice(-most)
    .flatMap((line) => wrap(line, columns - 2))
    .slice(-most)
    .map((line) => [[`  ${line}`, "dim"]]);
}
