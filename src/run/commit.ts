/** The commit step: writes the commit, and settles what is needed to write it again. */
import { branchName } from "../forge/branch-name.ts";
import { commitMessage, pullRequestTitle } from "../forge/pull-request-body.ts";
import { hideSecrets } from "../secrets/hide-secrets.ts";
import type { RunOutput } from "./checkpoint.ts";
import { emitting } from "./emitting.ts";
import { workspaceOf } from "./resume.ts";
import type { RunState } from "./state.ts";
import { type StepOutcome, step } from "./step.ts";

/** The branch gets its name here, so that it is kept before anything is sent. */
export function commitStep(state: RunState): AsyncGenerator<RunOutput, void> {
  return step(
    state,
    "commit",
    "Writing the commit.",
    emitting(() => commit(state)),
  );
}

async function commit(state: RunState): Promise<StepOutcome> {
  const { deps, facts, prompt, request, runId } = state;
  const opened = await workspaceOf(state);
  const title = pullRequestTitle(facts.title);
  const message = deps.redact(commitMessage({ title, summary: facts.summary, runId }));
  const date = deps.now();
  const id = await opened.commit({ message, author: deps.author, date });
  state.written = id;
  facts.commit = { id, message, author: deps.author, date: date.toISOString() };
  facts.branch = request.continues?.branch ?? branchName(await hideSecrets(prompt), deps.newBranchId());
  return { message: `Commit ${id.slice(0, 10)}: ${title}`, result: { commit: id, title } };
}
