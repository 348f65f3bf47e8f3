/** The push step: gives the commit its branch, through a fork where needed, and never twice. */
import { ServiceError } from "../errors.ts";
import type { RepoRef } from "../forge/forge.ts";
import type { RunOutput } from "./checkpoint.ts";
import { emitting } from "./emitting.ts";
import { committed } from "./resume.ts";
import { known, nameOf, type RunState, type UnderWay } from "./state.ts";
import { callWith, type Emit, type StepOutcome, step } from "./step.ts";

/** Branch names tried before giving up; with eight random characters the second is luck already. */
const BRANCH_TRIES = 5;

export function pushStep(state: RunState): AsyncGenerator<RunOutput, void> {
  const { continues } = state.request;
  return continues === undefined
    ? step(
        state,
        "push",
        "Pushing a new branch.",
        emitting((emit) => pushNew(state, emit)),
      )
    : step(
        state,
        "push",
        `Pushing to ${continues.branch}.`,
        emitting(() => pushOn(state, continues.head, continues.branch)),
      );
}

/** What is said when the run ends while it is not known what became of a push. */
export function pushUnderWay({ request, facts }: RunState, branch = facts.branch): UnderWay {
  const effect = request.continues === undefined ? "created" : "updated";
  return { doing: "pushing", effect: `the branch ${branch} may have been ${effect}` };
}

async function pushNew(state: RunState, emit: Emit): Promise<StepOutcome> {
  const { deps, facts } = state;
  const repository = known(facts.repository, "repository");
  let head = repository.ref;
  if (!repository.canPush) {
    head = await deps.forge.fork(repository, callWith(state, emit));
    const message = `The token may not push to ${nameOf(repository.ref)}, so the branch goes to the fork ${nameOf(head)}.`;
    emit({ type: "warning", message, code: "forked" });
  }
  const first = known(facts.branch, "branch");
  const names = Array.from({ length: BRANCH_TRIES }, (_, i) => (i === 0 ? first : `${first}-${i + 1}`));
  const there = await pushedEarlier(state, head, names);
  if (there !== undefined) return pushed(state, head, there);
  let synced = false;
  for (const name of names) {
    let result = await send(state, head, name);
    if (result === "missing_objects" && !synced && head !== repository.ref) {
      await deps.forge.syncFork(head, known(facts.baseBranch, "base branch"), callWith(state, emit));
      synced = true;
      result = await send(state, head, name);
    }
    if (result === "pushed") return pushed(state, head, name);
    if (result === "missing_objects") throw lacksCommits(head);
  }
  throw new ServiceError(
    "push_rejected",
    `No free branch name was found in ${BRANCH_TRIES} tries. Try again.`,
    { retryable: true },
  );
}

/** Moves the branch of an earlier run on by one commit; the server compares where it is. */
async function pushOn(state: RunState, head: RepoRef, branch: string): Promise<StepOutcome> {
  if ((await pushedEarlier(state, head, [branch])) !== undefined) return pushed(state, head, branch);
  const result = await send(state, head, branch, known(state.facts.baseCommit, "base commit"));
  if (result === "pushed") return pushed(state, head, branch);
  if (result === "missing_objects") throw lacksCommits(head);
  throw new ServiceError(
    "push_rejected",
    `The branch ${branch} has moved since the run fetched it, so nothing was pushed. Start the run again to build on what is there now.`,
    { retryable: true },
  );
}

/** The branch an attempt before this one gave the commit, if its push had begun and worked. */
async function pushedEarlier(
  state: RunState,
  head: RepoRef,
  names: readonly string[],
): Promise<string | undefined> {
  if (state.resumedAfter !== "commit") return undefined;
  const { deps, facts, signal } = state;
  const commit = known(facts.commit, "commit").id;
  const prefix = known(facts.branch, "branch");
  const branches = await deps.findBranches({ remote: deps.forge.remote(head), prefix, signal });
  return names.find((name) => branches.get(name) === commit);
}

async function send(state: RunState, head: RepoRef, branch: string, expected?: string) {
  const opened = await committed(state);
  state.signal.throwIfAborted();
  state.underWay = pushUnderWay(state, branch);
  const commit = known(state.facts.commit, "commit").id;
  const result = await opened.push(state.deps.forge.remote(head), branch, commit, expected);
  state.underWay = undefined;
  return result;
}

function pushed(state: RunState, head: RepoRef, branch: string): StepOutcome {
  const { deps, facts, request } = state;
  const commit = known(facts.commit, "commit").id;
  state.underWay = undefined;
  facts.pushed = { head, branch, commit };
  const to = request.continues === undefined ? "Pushed" : "Pushed to";
  return {
    message: `${to} ${deps.forge.branchUrl(head, branch)}.`,
    result: { branch, commit, repository: nameOf(head) },
  };
}

function lacksCommits(head: RepoRef): ServiceError {
  return new ServiceError(
    "push_rejected",
    `${nameOf(head)} lacks the commits the change builds on. Sync the fork with its parent, then try again.`,
  );
}
