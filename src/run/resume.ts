/** Between a run's state and its checkpoints: marking where it is, and going on from there in another process. */
import { ServiceError } from "../errors.ts";
import type { RepoRef } from "../forge/forge.ts";
import type { OpenWorkspace } from "../workspace/open.ts";
import { CHECKPOINT_VERSION, type CheckpointMark, type Resume } from "./checkpoint.ts";
import type { Continuation } from "./request.ts";
import { type Facts, known, type RunState } from "./state.ts";

/** What a mark carries besides the state: what the agent appended, and the patch when it is first known. */
type MarkExtras = Pick<CheckpointMark, "append" | "patch">;

/** The mark for the event that is yielded next. */
export function checkpointMark(state: RunState, { append = [], patch }: MarkExtras = {}): CheckpointMark {
  const continues = continuationOf(state);
  return {
    type: "checkpoint",
    checkpoint: {
      version: CHECKPOINT_VERSION,
      ...(continues === undefined ? {} : { continues }),
      story: { ...state.facts },
    },
    edits: state.opened?.takeEdits() ?? [],
    ...(append.length === 0 ? {} : { append }),
    ...(patch === undefined ? {} : { patch }),
  };
}

/**
 * Takes a fresh state to where the checkpoint was made. Costs no request: the workspace is opened
 * when a step needs it. Throws `internal` when this version of the service cannot go on from there.
 */
export function takeUp(state: RunState, { checkpoint, edits, entries }: Resume): void {
  if (checkpoint.version !== CHECKPOINT_VERSION) {
    throw new ServiceError(
      "internal",
      "The service was updated while the run was interrupted, so it cannot go on. Start it again.",
      { retryable: true },
    );
  }
  const facts = checkpoint.story as Facts;
  const last = facts.finished.at(-1);
  state.facts = { ...facts };
  state.savedEdits = edits;
  state.savedEntries = entries;
  if (last !== undefined) state.resumedAfter = last;
}

/** Where the run reads from: the base branch, or the branch an earlier run made. */
export function sourceOf({ request, facts }: RunState): { readonly ref: RepoRef; readonly branch: string } {
  const { continues } = request;
  return continues === undefined
    ? { ref: known(facts.repository, "repository").ref, branch: known(facts.baseBranch, "base branch") }
    : { ref: continues.head, branch: continues.branch };
}

/**
 * The workspace as the steps so far have left it; one request when this process has not opened it
 * yet. Throws what `openWorkspace` throws.
 */
export async function workspaceOf(state: RunState): Promise<OpenWorkspace> {
  if (state.opened === undefined) {
    const { ref, branch } = sourceOf(state);
    const opened = await state.deps.openWorkspace({
      remote: state.deps.forge.remote(ref),
      branch,
      commit: known(state.facts.baseCommit, "base commit"),
      signal: state.signal,
    });
    opened.restoreEdits(state.savedEdits ?? []);
    state.opened = opened;
  }
  return state.opened;
}

/** The workspace with the run's commit in it, written again when another process wrote it first. */
export async function committed(state: RunState): Promise<OpenWorkspace> {
  const opened = await workspaceOf(state);
  const { id, message, author, date } = known(state.facts.commit, "commit");
  if (state.written !== id) {
    const again = await opened.commit({ message, author, date: new Date(date) });
    if (again !== id) throw new Error(`commit ${id} came out as ${again} when it was written again`);
    state.written = id;
  }
  return opened;
}

function continuationOf({ request, runId, facts }: RunState): Continuation | undefined {
  const { pushed, baseBranch } = facts;
  if (pushed === undefined) return undefined;
  const pull = facts.pullRequest ?? request.continues?.pull_request;
  return {
    run_id: runId,
    head: pushed.head,
    branch: pushed.branch,
    base_branch: known(baseBranch, "base branch"),
    ...(pull === undefined ? {} : { pull_request: { number: pull.number, url: pull.url } }),
  };
}
