/** Finds results that a later call made useless, which are the first to be left out. */
import type { Message, ToolCall } from "../model.ts";
import { argumentsOf, callsBefore, changedBy, normal } from "./calls.ts";

interface Read {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The ids of `read_file` calls before `end` whose file was changed later, or whose lines were read again later,
 * as far as both come before `end`.
 */
export function supersededReads(messages: readonly Message[], end: number): ReadonlySet<string> {
  const superseded = new Set<string>();
  const changed = new Set<string>();
  const readLater = new Map<string, Read[]>();
  for (const { call, ok } of callsBefore(messages, end).toReversed()) {
    if (!ok) continue;
    for (const path of changedBy(call)) changed.add(path);
    const read = readOf(call);
    if (read === undefined) continue;
    const later = readLater.get(read.path) ?? [];
    if (changed.has(read.path) || later.some((one) => one.start <= read.start && one.end >= read.end)) {
      superseded.add(call.id);
    } else {
      readLater.set(read.path, [...later, read]);
    }
  }
  return superseded;
}

function readOf(call: ToolCall): Read | undefined {
  if (call.name !== "read_file") return undefined;
  const { path, start_line: start, end_line: end } = argumentsOf(call);
  if (typeof path !== "string") return undefined;
  return {
    path: normal(path),
    start: typeof start === "number" ? start : 1,
    end: typeof end === "number" ? end : Number.POSITIVE_INFINITY,
  };
}
