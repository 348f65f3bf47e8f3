/** The steps that only read: preflight, clone, analyse. */
import { ServiceError } from "../errors.ts";
import { isSameRepository } from "../forge/answers.ts";
import type { Repository } from "../forge/forge.ts";
import type { OpenWorkspace } from "../workspace/open.ts";
import { analyse } from "./analyse.ts";
import type { RunOutput } from "./checkpoint.ts";
import { emitting } from "./emitting.ts";
import type { Continuation } from "./request.ts";
import { sourceOf, workspaceOf } from "./resume.ts";
import { nameOf, type RunState } from "./state.ts";
import { callWith, type Emit, type StepOutcome, step } from "./step.ts";

/** GitHub's `size` in KiB. Only trees are fetched, so this bounds the server's work, not ours. */
const LARGEST_REPOSITORY_KB = 50 * 1024 * 1024;
const PROGRESS_EVENTS = 10;
const FEW_OBJECTS = 100;

export function preflightStep(state: RunState): AsyncGenerator<RunOutput, void> {
  const { request } = state;
  const name = `${request.repo.owner}/${request.repo.name}`;
  return step(
    state,
    "preflight",
    `Checking access to ${name}.`,
    emitting((emit) => preflight(state, emit)),
  );
}

async function preflight(state: RunState, emit: Emit): Promise<StepOutcome> {
  const { request, deps, facts } = state;
  const { continues } = request;
  const repository = await deps.forge.preflight(request.repo, callWith(state, emit));
  facts.repository = repository;
  facts.baseBranch = continues?.base_branch ?? request.base_branch ?? repository.defaultBranch;
  if (!deps.forge.authenticated && facts.mode !== "patch") {
    facts.mode = "patch";
    const message =
      "There is no GitHub token, so the run ends with a patch instead of a pull request. Send one in X-GitHub-Token, or set GITHUB_TOKEN, to get pull requests.";
    emit({ type: "warning", message, code: "patch_only" });
  }
  const canonical = nameOf(repository.ref);
  if (repository.archived && facts.mode !== "patch") {
    throw new ServiceError(
      "repository_archived",
      `${canonical} is archived and takes no changes. Unarchive it, or send mode "patch" to get the change as a patch.`,
    );
  }
  if (repository.sizeKb > LARGEST_REPOSITORY_KB) {
    throw new ServiceError(
      "repository_too_large",
      `${canonical} has ${repository.sizeKb} KiB; at most ${LARGEST_REPOSITORY_KB} are taken.`,
    );
  }
  if (facts.mode !== "patch" && !repository.canPush) checkPushing(repository, continues);
  if (continues?.pull_request !== undefined) {
    const { number } = continues.pull_request;
    const status = await deps.forge.pullRequestStatus(repository.ref, number, callWith(state, emit));
    if (status !== "open") {
      const what = status === "merged" ? "has been merged" : "is closed";
      throw new ServiceError(
        "forge_conflict",
        `Pull request #${number} of ${canonical} ${what}, so nothing can be added to it. Start a new run.`,
      );
    }
  }
  return {
    message: `${canonical} is there; the base branch is ${facts.baseBranch}.`,
    result: { repository: canonical, base_branch: facts.baseBranch },
  };
}

/** Refuses what could only fail at the push, for a token that may not push to the repository itself. */
function checkPushing({ ref, allowForking }: Repository, continues: Continuation | undefined): void {
  const name = nameOf(ref);
  if (continues === undefined) {
    if (allowForking) return;
    throw new ServiceError(
      "permission_denied",
      `The token may not push to ${name}, and the repository may not be forked. Use a token with write access, or send mode "patch".`,
    );
  }
  if (!isSameRepository(continues.head, ref)) return;
  throw new ServiceError(
    "permission_denied",
    `The token may not push to ${name}, where the branch ${continues.branch} is. Use a token with write access, or send mode "patch".`,
  );
}

export function cloneStep(state: RunState): AsyncGenerator<RunOutput, void> {
  const { branch } = sourceOf(state);
  return step(
    state,
    "clone",
    `Fetching ${branch} without file contents.`,
    emitting((emit) => clone(state, emit)),
  );
}

async function clone(state: RunState, emit: Emit): Promise<StepOutcome> {
  const { deps, signal } = state;
  const { ref, branch } = sourceOf(state);
  const tell = fetchProgress(emit);
  let opened: OpenWorkspace;
  try {
    opened = await deps.openWorkspace({
      remote: deps.forge.remote(ref),
      branch,
      signal,
      // Files' contents that arrive in later steps are told nowhere.
      onProgress: (progress) => {
        if (state.opened === undefined) tell(progress);
      },
    });
  } catch (error) {
    const gone = error instanceof ServiceError && error.code === "branch_not_found";
    if (!gone || state.request.continues === undefined) throw error;
    throw new ServiceError(
      "branch_not_found",
      `The branch ${JSON.stringify(branch)} is gone, so nothing can be added to it. Start a new run.`,
    );
  }
  state.opened = opened;
  state.facts.baseCommit = opened.baseCommit;
  return {
    message: `Fetched ${opened.fileCount} ${opened.fileCount === 1 ? "path" : "paths"} at ${opened.baseCommit.slice(0, 10)} in ${opened.fetchedBytes()} bytes.`,
    result: { base_commit: opened.baseCommit, bytes: opened.fetchedBytes(), files: opened.fileCount },
  };
}

export function analyseStep(state: RunState): AsyncGenerator<RunOutput, void> {
  const work = async (): Promise<StepOutcome> => {
    const { files, languages } = analyse((await workspaceOf(state)).eachFileName);
    const found = languages.length === 0 ? "no language known by file name" : languages.join(", ");
    return {
      message: `${files} ${files === 1 ? "file" : "files"}; ${found}.`,
      result: { files, languages: [...languages] },
    };
  };
  return step(state, "analyse", "Looking at what is in the repository.", emitting(work));
}

/**
 * A fetch reports every packet, which depends on the network's mood; readers get one event for each
 * tenth of the objects, and none for a pack that is there at once.
 */
function fetchProgress(emit: Emit): (progress: { objects: number; totalObjects: number }) => void {
  let told = 0;
  return ({ objects, totalObjects: total }) => {
    if (total < FEW_OBJECTS) return;
    for (; told < PROGRESS_EVENTS && objects >= Math.ceil(((told + 1) * total) / PROGRESS_EVENTS); told++) {
      const loaded = Math.ceil(((told + 1) * total) / PROGRESS_EVENTS);
      const message = `Received ${loaded} of ${total} objects.`;
      emit({ type: "progress", step: "clone", message, loaded, total });
    }
  };
}
