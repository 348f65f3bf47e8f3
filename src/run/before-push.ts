/** The steps that only read and think: preflight, clone, analyse, edit. */
import type { AgentEvent, AgentOutcome } from "../agent/agent.ts";
import { ServiceError } from "../errors.ts";
import type { Change } from "../workspace/workspace.ts";
import { analyse } from "./analyse.ts";
import type { DoneEvent, RunEvent } from "./events.ts";
import { isProtected } from "./protected-paths.ts";
import { checkForSecrets } from "./secret-check.ts";
import { known, type RunState } from "./state.ts";
import { callWith, type Emit, step } from "./step.ts";

/** GitHub's `size` in KiB. Only trees are fetched, so this bounds the server's work, not ours. */
const LARGEST_REPOSITORY_KB = 50 * 1024 * 1024;
/** Bytes and objects between two progress events of a fetch. */
const PROGRESS_BYTES = 256 * 1024;
const PROGRESS_SHARE = 0.2;

export function preflightStep(state: RunState): AsyncGenerator<RunEvent, void> {
  const { request, deps } = state;
  const name = `${request.repo.owner}/${request.repo.name}`;
  return step(state, "preflight", `Checking access to ${name}.`, async (emit) => {
    const repository = await deps.forge.preflight(request.repo, callWith(state, emit));
    state.repository = repository;
    state.baseBranch = request.base_branch ?? repository.defaultBranch;
    if (!deps.forge.authenticated && state.mode !== "patch") {
      state.mode = "patch";
      const message =
        "There is no GitHub token, so the run ends with a patch instead of a pull request. Set GITHUB_TOKEN to get pull requests.";
      emit({ type: "warning", message, code: "patch_only" });
    }
    const canonical = `${repository.ref.owner}/${repository.ref.name}`;
    if (repository.archived && state.mode !== "patch") {
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
    if (state.mode !== "patch" && !repository.canPush && !repository.allowForking) {
      throw new ServiceError(
        "permission_denied",
        `The token may not push to ${canonical}, and the repository may not be forked. Use a token with write access, or send mode "patch".`,
      );
    }
    return {
      message: `${canonical} is there; the base branch is ${state.baseBranch}.`,
      result: { repository: canonical, base_branch: state.baseBranch },
    };
  });
}

export function cloneStep(state: RunState): AsyncGenerator<RunEvent, void> {
  const { ref } = known(state.repository, "repository");
  const branch = known(state.baseBranch, "base branch");
  return step(state, "clone", `Fetching ${branch} without file contents.`, async (emit) => {
    const opened = await state.deps.openWorkspace({
      remote: state.deps.forge.remote(ref),
      branch,
      signal: state.signal,
      onProgress: fetchProgress(emit),
    });
    state.opened = opened;
    return {
      message: `Fetched ${opened.fileCount} ${opened.fileCount === 1 ? "path" : "paths"} at ${opened.baseCommit.slice(0, 10)} in ${opened.fetchedBytes()} bytes.`,
      result: { base_commit: opened.baseCommit, bytes: opened.fetchedBytes(), files: opened.fileCount },
    };
  });
}

export function analyseStep(state: RunState): AsyncGenerator<RunEvent, void> {
  const { eachFileName } = known(state.opened, "workspace");
  return step(state, "analyse", "Looking at what is in the repository.", async () => {
    const { files, languages } = analyse(eachFileName);
    const found = languages.length === 0 ? "no language known by file name" : languages.join(", ");
    return {
      message: `${files} ${files === 1 ? "file" : "files"}; ${found}.`,
      result: { files, languages: [...languages] },
    };
  });
}

/** Runs the agent and settles what its edits amount to. Returns false when there is nothing to publish. */
export async function* editStep(state: RunState): AsyncGenerator<RunEvent, boolean> {
  const { workspace } = known(state.opened, "workspace");
  const { agent } = state.chosen;
  let outcome: AgentOutcome | undefined;
  yield* step(state, "edit", `The ${agent.name} agent starts.`, async (emit) => {
    const { owner, name } = known(state.repository, "repository").ref;
    const task = { prompt: state.prompt, repository: `${owner}/${name}`, workspace, signal: state.signal };
    const events = agent.run(task);
    let next = await events.next();
    for (; !next.done; next = await events.next()) {
      state.signal.throwIfAborted();
      take(state, next.value, emit);
    }
    outcome = next.value;
    if (outcome.status === "no_changes") return { message: outcome.reason, result: {} };
    state.title = outcome.title;
    state.summary = outcome.summary;
    const all = await workspace.changes();
    const changes = (await leaveOutProtected(state, all, emit)) ? await workspace.changes() : all;
    await checkForSecrets(workspace, changes, state.deps.holdsSecret);
    state.changes = changes;
    for (const change of changes)
      emit({ type: "change", message: sentenceFor(change), ...publicChange(change) });
    return {
      message: changes.length === 0 ? "Nothing to change is left." : outcome.title,
      result: { title: outcome.title },
    };
  });
  if (outcome?.status === "no_changes") {
    state.understood = [...outcome.understood];
    state.ending = outcome.reason;
    return false;
  }
  if (state.changes.length === 0) {
    if (state.leftOut !== undefined) {
      state.patch = state.leftOut.patch;
      state.ending =
        'Only protected files would change. Send "allow_workflows": true to consent; the patch is in this event.';
    } else {
      state.ending = "The repository already is as asked; nothing was changed.";
    }
    return false;
  }
  if (state.mode === "patch") state.patch = await workspace.diff();
  return true;
}

function take(state: RunState, event: AgentEvent, emit: Emit): void {
  if (event.type === "usage") {
    const { type: _type, message: _message, ...usage } = event;
    state.usage = usage;
  }
  emit(event.type === "tool" ? { ...event, input: { ...event.input } } : event);
}

/** Takes back edits that need consent and have none; returns whether there were any. */
async function leaveOutProtected(state: RunState, changes: readonly Change[], emit: Emit): Promise<boolean> {
  const { workspace } = known(state.opened, "workspace");
  if (state.request.allow_workflows) return false;
  const held = changes.filter(
    (change) => isProtected(change.path) || (change.from !== undefined && isProtected(change.from)),
  );
  if (held.length === 0) return false;
  const paths = held.flatMap(({ path, from }) => (from === undefined ? [path] : [path, from]));
  state.leftOut = {
    paths: held.map(({ path }) => path),
    reason: "These files are protected, and the request did not consent to changing them (allow_workflows).",
    patch: await workspace.diff(paths),
  };
  workspace.revert(paths);
  for (const { path } of held) {
    const message = `${JSON.stringify(path)} is protected and was left out. Send "allow_workflows": true to let it be changed.`;
    emit({ type: "warning", message, code: "protected_path" });
  }
  return true;
}

/** A change as readers see it. */
export function publicChange({
  path,
  kind,
  from,
  additions,
  deletions,
}: Change): DoneEvent["changes"][number] {
  return { path, kind, ...(from === undefined ? {} : { from }), additions, deletions };
}

function sentenceFor({ path, kind, from, additions, deletions }: Change): string {
  if (kind === "renamed") return `renamed ${from} to ${path}`;
  return `${kind} ${path} (+${additions} -${deletions})`;
}

/** A fetch reports every packet; readers get one event per fifth of the objects or 256 KiB. */
function fetchProgress(
  emit: Emit,
): (progress: { bytes: number; objects: number; totalObjects: number }) => void {
  let bytesTold = 0;
  let objectsTold = 0;
  return ({ bytes, objects, totalObjects }) => {
    if (bytes < bytesTold) {
      bytesTold = 0;
      objectsTold = 0;
    }
    if (bytes - bytesTold < PROGRESS_BYTES && objects - objectsTold < totalObjects * PROGRESS_SHARE) return;
    bytesTold = bytes;
    objectsTold = objects;
    const message = `Received ${objects} of ${totalObjects} objects, ${bytes} bytes.`;
    emit({ type: "progress", step: "clone", message, loaded: objects, total: totalObjects });
  };
}
