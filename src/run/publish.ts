/** The steps that touch the outside: commit, push (through a fork where needed), pull request. */
import { ServiceError } from "../errors.ts";
import { branchName } from "../forge/branch-name.ts";
import { commitMessage, pullRequestBody, pullRequestTitle } from "../forge/pull-request-body.ts";
import type { RunEvent } from "./events.ts";
import { known, type RunState } from "./state.ts";
import { callWith, step } from "./step.ts";

/** Branch names tried before giving up; with six random characters the second is luck already. */
const BRANCH_TRIES = 5;

export function commitStep(state: RunState): AsyncGenerator<RunEvent, void> {
  const opened = known(state.opened, "workspace");
  return step(state, "commit", "Writing the commit.", async () => {
    const title = pullRequestTitle(state.title);
    const message = commitMessage({ title, summary: state.summary, runId: state.runId });
    const { author, now } = state.deps;
    state.commit = await opened.commit({ message: state.deps.redact(message), author, date: now() });
    return {
      message: `Commit ${state.commit.slice(0, 10)}: ${title}`,
      result: { commit: state.commit, title },
    };
  });
}

export function pushStep(state: RunState): AsyncGenerator<RunEvent, void> {
  const opened = known(state.opened, "workspace");
  const repository = known(state.repository, "repository");
  const commit = known(state.commit, "commit");
  const { forge } = state.deps;
  return step(state, "push", "Pushing a new branch.", async (emit) => {
    let head = repository.ref;
    if (!repository.canPush) {
      head = await forge.fork(repository, callWith(state, emit));
      const message = `The token may not push to ${nameOf(repository.ref)}, so the branch goes to the fork ${nameOf(head)}.`;
      emit({ type: "warning", message, code: "forked" });
    }
    let synced = false;
    for (let attempt = 1; attempt <= BRANCH_TRIES; attempt++) {
      state.signal.throwIfAborted();
      const branch = branchName(state.prompt, state.deps.newBranchId());
      const result = await opened.push(forge.remote(head), branch, commit);
      if (result === "pushed") {
        state.branch = branch;
        state.head = head;
        state.pushedCommit = commit;
        return {
          message: `Pushed ${forge.branchUrl(head, branch)}.`,
          result: { branch, commit, repository: nameOf(head) },
        };
      }
      if (result === "missing_objects") {
        if (synced || head === repository.ref) {
          throw new ServiceError(
            "push_rejected",
            `${nameOf(head)} lacks the commits the change builds on. Sync the fork with its parent, then try again.`,
          );
        }
        await forge.syncFork(head, known(state.baseBranch, "base branch"), callWith(state, emit));
        synced = true;
      }
    }
    throw new ServiceError(
      "push_rejected",
      `No free branch name was found in ${BRANCH_TRIES} tries. Try again.`,
      { retryable: true },
    );
  });
}

export function pullRequestStep(state: RunState): AsyncGenerator<RunEvent, void> {
  const repository = known(state.repository, "repository");
  const { deps, request, chosen } = state;
  return step(state, "pull_request", "Opening the pull request.", async (emit) => {
    const body = pullRequestBody({
      prompt: state.prompt,
      summary: state.summary,
      changes: state.changes,
      agent: { name: chosen.agent.name, reason: chosen.reason },
      verified: [],
      notVerified: [state.verification],
      ...(state.leftOut === undefined ? {} : { leftOut: state.leftOut }),
      runId: state.runId,
    });
    const opened = await deps.forge.openPullRequest(
      {
        base: repository.ref,
        baseBranch: known(state.baseBranch, "base branch"),
        head: known(state.head, "head repository"),
        headBranch: known(state.branch, "branch"),
        title: deps.redact(pullRequestTitle(state.title)),
        body: deps.redact(body),
        draft: request.draft,
      },
      callWith(state, emit),
    );
    state.pullRequest = opened;
    if (!opened.created) {
      const message = `Pull request #${opened.number} was open for the branch already and was updated.`;
      emit({ type: "warning", message, code: "pull_request_updated" });
    }
    const verb = opened.created ? "opened" : "updated";
    return {
      message: `Pull request #${opened.number} ${verb}: ${opened.url}`,
      result: {},
      prUrl: opened.url,
    };
  });
}

function nameOf(ref: { owner: string; name: string }): string {
  return `${ref.owner}/${ref.name}`;
}
