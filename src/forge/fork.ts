/** Forks a repository for a token that may not push to it, and brings such forks up to date. */
import { ServiceError } from "../errors.ts";
import {
  fullNameOf,
  isSameRepository,
  mergedAnswer,
  type RepositoryAnswer,
  repositoryAnswer,
} from "./answers.ts";
import type { RepoRef, Repository } from "./forge.ts";
import type { Session } from "./session.ts";

/** GitHub copies a fork's objects after it answered; large repositories take a while. */
const MAX_FORK_WAIT = 60_000;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 8000;

/** See `Forge.fork`. A repository the token may push to is its own fork: no request is sent. */
export async function fork(session: Session, repository: Repository): Promise<RepoRef> {
  const { ref } = repository;
  const name = fullNameOf(ref);
  if (!session.authenticated) {
    throw new ServiceError(
      "fork_refused",
      `Forking "${name}" needs a token: send one in X-GitHub-Token or set GITHUB_TOKEN.`,
    );
  }
  if (repository.canPush) {
    return ref;
  }
  if (!repository.allowForking) {
    throw new ServiceError(
      "fork_refused",
      `"${name}" does not allow forks, and this token may not push to it. Ask its owner for write access.`,
    );
  }
  const answer = await requestFork(session, ref);
  await checkNetwork(session, ref, answer);
  await waitForGit(session, answer.full_name);
  return answer.full_name;
}

/** See `Forge.syncFork`: https://docs.github.com/en/rest/branches/branches#sync-a-fork-branch-with-the-upstream-repository */
export async function syncFork(session: Session, ref: RepoRef, branch: string): Promise<void> {
  await session.ask(
    { doing: `bring the fork "${fullNameOf(ref)}" up to date`, ref },
    mergedAnswer,
    (octokit) => octokit.rest.repos.mergeUpstream({ owner: ref.owner, repo: ref.name, branch }),
  );
}

async function requestFork(session: Session, ref: RepoRef): Promise<RepositoryAnswer> {
  const outcome = await session.attempt(repositoryAnswer, (octokit) =>
    octokit.rest.repos.createFork({ owner: ref.owner, repo: ref.name }),
  );
  if (!("failure" in outcome)) {
    return outcome.value;
  }
  const { failure } = outcome;
  const error = session.explain(failure, { doing: `fork "${fullNameOf(ref)}"`, ref });
  if (failure.kind === "status" && failure.status === 403 && error.code === "permission_denied") {
    throw new ServiceError("fork_refused", error.message, { cause: error.cause });
  }
  throw error;
}

/**
 * Refuses an answer that is not a fork in the same network: a pull request could not be made from
 * it, and a branch would land in a repository that has nothing to do with the request.
 */
async function checkNetwork(session: Session, ref: RepoRef, answer: RepositoryAnswer): Promise<void> {
  const name = fullNameOf(ref);
  if (isSameRepository(answer.full_name, ref)) {
    throw new ServiceError(
      "fork_refused",
      `"${name}" belongs to the token's owner and so cannot be forked. Give the token write access to its contents.`,
    );
  }
  const related = [answer.parent, answer.source].map((relative) => relative?.full_name);
  if (answer.fork && related.some((other) => other !== undefined && isSameRepository(other, ref))) {
    return;
  }
  // asked only now: the fork of a fork, or one the account had already, names the root instead
  const original = await session.ask({ doing: `read "${name}"`, ref }, repositoryAnswer, (octokit) =>
    octokit.rest.repos.get({ owner: ref.owner, repo: ref.name }),
  );
  const roots = [original.full_name, original.source?.full_name];
  const shared = related.some((other) =>
    roots.some((root) => other && root && isSameRepository(other, root)),
  );
  if (!(answer.fork && shared)) {
    throw new ServiceError(
      "fork_refused",
      `"${fullNameOf(answer.full_name)}" is in the way of a fork: it is not a fork of "${name}". Rename it, then try again.`,
    );
  }
}

async function waitForGit(session: Session, ref: RepoRef): Promise<void> {
  const deadline = session.now() + MAX_FORK_WAIT;
  const reason = `GitHub is still copying the fork "${fullNameOf(ref)}"`;
  for (
    let delay = FIRST_WAIT;
    !(await isReachable(session, ref));
    delay = Math.min(2 * delay, LONGEST_WAIT)
  ) {
    const left = deadline - session.now();
    if (left <= 0) {
      throw new ServiceError(
        "forge_unavailable",
        `The fork "${fullNameOf(ref)}" was made, but git cannot reach it after ${MAX_FORK_WAIT / 1000} seconds. ` +
          "Try again in a few minutes.",
        { retryable: true },
      );
    }
    const milliseconds = Math.min(delay, left);
    session.call.onWait?.({ reason, milliseconds });
    await session.sleep(milliseconds, session.call.signal);
    session.call.signal.throwIfAborted();
  }
}

/** Whether git's first request works; version 2 keeps its answer to a few hundred bytes. */
async function isReachable(session: Session, ref: RepoRef): Promise<boolean> {
  session.call.signal.throwIfAborted();
  const { url, authorization } = session.remote(ref);
  try {
    const response = await session.fetch(`${url}/info/refs?service=git-upload-pack`, {
      "git-protocol": "version=2",
      ...(authorization === undefined ? {} : { authorization }),
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch (error) {
    session.call.signal.throwIfAborted();
    if (error instanceof ServiceError && !error.retryable) {
      throw error;
    }
    return false;
  }
}
