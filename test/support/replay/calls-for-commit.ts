/** A real commit as the tool calls with which a model would make it, or why no model could. */
import type { Random } from "../random.ts";
import { callsForChange, type Inexpressible, type ReplayCall } from "./calls-for-change.ts";
import { type CommitFacts, changesBetween, type FileChange, type Unreadable } from "./commit-changes.ts";
import { scheduleCalls } from "./schedule-calls.ts";

export type Skipped =
  | Inexpressible
  | "merge"
  | "first commit"
  | "no change"
  | Unreadable
  | "over 1,000 calls"
  | "over 12 MiB of edits";

const MAX_CALLS = 1_000;
/** The service takes 16 MiB, and counts files that are on their way through another place twice. */
const MAX_EDIT_BYTES = 12 * 1024 * 1024;

/** @param repository a bare repository on disk */
export async function callsForCommit(
  repository: string,
  { tree, parents }: CommitFacts,
  random: Random,
): Promise<readonly ReplayCall[] | Skipped> {
  const [parent, ...others] = parents;
  if (others.length > 0) return "merge";
  if (parent === undefined) return "first commit";
  const changes = await changesBetween(repository, parent, tree);
  return typeof changes === "string" ? changes : callsForChanges(changes, random);
}

export function callsForChanges(
  changes: readonly FileChange[],
  random: Random,
): readonly ReplayCall[] | Skipped {
  const bytes = changes.reduce((sum, { after }) => sum + (after?.bytes.length ?? 0), 0);
  if (bytes > MAX_EDIT_BYTES) return "over 12 MiB of edits";
  const all: (readonly ReplayCall[])[] = [];
  for (const change of changes) {
    const calls = callsForChange(change, random);
    if (typeof calls === "string") return calls;
    all.push(calls);
  }
  const count = all.reduce((sum, calls) => sum + calls.length, 0);
  if (count === 0) return "no change";
  if (count > MAX_CALLS) return "over 1,000 calls";
  const paths = changes.flatMap(({ before }) => (before === undefined ? [] : [before.path]));
  return scheduleCalls(all, paths, random);
}
