/** Lays out what came of a run, under its steps: the ending, what is understood, the diff, the addresses. */
import type { DoneStatus } from "../../src/run/events.ts";
import { columnsOf, wrap } from "./columns.ts";
import { diffLines } from "./diff-lines.ts";
import { curlExample, type Ending } from "./display.ts";
import { duration } from "./durations.ts";
import { type Line, type Span, withRight } from "./line.ts";
import { printableLine } from "./printable.ts";
import type { View } from "./view.ts";

/** Lines shown of a diff; the page of the pull request has the rest. */
const MAX_DIFF_LINES = 400;

const MARKS: Readonly<Record<DoneStatus, Span>> = {
  succeeded: ["✔", "green"],
  no_changes: ["•", "yellow"],
  failed: ["✖", "red"],
  cancelled: ["■", "yellow"],
  limit_reached: ["■", "yellow"],
};

/** The lines after the last frame. Those of the diff and addresses are as long as they are, to be copied. */
export function endingLines(view: View, { done, diff, kept }: Ending, columns: number): Line[] {
  const lines: Line[] = [[]];
  const time = duration(view.ending?.durationMs ?? 0);
  const [mark, style = "plain"] = MARKS[done.status];
  const room = columns - 2 - (time === "" ? 0 : columnsOf(time) + 2);
  for (const [index, text] of wrap(printableLine(done.message), room).entries()) {
    const line: Line = [
      [index === 0 ? mark : " ", style],
      [` ${text}`, "bold"],
    ];
    lines.push(index === 0 ? withRight(line, time, columns) : line);
  }
  if (done.understood !== undefined && done.understood.length > 0) {
    lines.push([], [["Prompts that are understood:"]]);
    lines.push(...done.understood.map((text): Line => [["  "], [printableLine(text), "cyan"]]));
  }
  if (diff !== "") lines.push([], ...bounded(diffLines(diff)));
  const addresses: [label: string, text: string][] = [];
  if (done.pr_url !== null) addresses.push(["pull request", printableLine(done.pr_url)]);
  if (kept !== undefined) {
    addresses.push(["forge", kept.forgeUrl], ["worker", kept.workerUrl], ["once more", curlExample(kept)]);
  }
  if (addresses.length > 0) lines.push([]);
  for (const [label, text] of addresses)
    lines.push([
      [label.padEnd(14), "dim"],
      [text, "cyan"],
    ]);
  if (kept !== undefined) lines.push([], [["Running until Ctrl-C.", "bold"]]);
  return lines;
}

function bounded(lines: readonly Line[]): Line[] {
  const more = lines.length - MAX_DIFF_LINES;
  if (more <= 0) return [...lines];
  const rest = `… ${more} more lines; --keep leaves the page with all of them up, a pipe gets them all`;
  return [...lines.slice(0, MAX_DIFF_LINES), [[rest, "dim"]]];
}
