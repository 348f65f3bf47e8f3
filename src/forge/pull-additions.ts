/** Goes on with a pull request that is there: whether it can take more, and saying what was added. */
import { ServiceError } from "../errors.ts";
import { fullNameOf, type PullAnswer, pullAnswer } from "./answers.ts";
import type { Addition, PullRequestNumber, PullRequestStatus, RepoRef } from "./forge.ts";
import type { Session } from "./session.ts";

/** GitHub takes 65,536 characters, counted as code points. */
const MAX_BODY = 65_000;

/** See `Forge.pullRequestStatus`. */
export async function pullRequestStatus(
  session: Session,
  ref: RepoRef,
  number: number,
): Promise<PullRequestStatus> {
  const { state, merged_at } = await read(session, ref, number);
  return merged_at === null ? state : "merged";
}

/**
 * See `Forge.addToPullRequest`. The description is sent whole, so that a request whose answer was
 * lost may be sent again.
 */
export async function addToPullRequest(
  session: Session,
  ref: RepoRef,
  number: number,
  { id, section }: Addition,
): Promise<PullRequestNumber> {
  const { body, html_url } = await read(session, ref, number);
  const before = (body ?? "").trimEnd();
  const after = before === "" ? section : `${before}\n\n${section}`;
  if (!before.includes(id) && after.length <= MAX_BODY) {
    await session.ask(
      { doing: `update pull request ${number} of "${fullNameOf(ref)}"`, ref },
      pullAnswer,
      (octokit) =>
        octokit.rest.pulls.update({ owner: ref.owner, repo: ref.name, pull_number: number, body: after }),
    );
  }
  return { number, url: html_url };
}

async function read(session: Session, ref: RepoRef, number: number): Promise<PullAnswer> {
  const outcome = await session.attempt(pullAnswer, (octokit) =>
    octokit.rest.pulls.get({ owner: ref.owner, repo: ref.name, pull_number: number }),
  );
  if (!("failure" in outcome)) {
    return outcome.value;
  }
  const { failure } = outcome;
  if (failure.kind === "status" && failure.status === 404) {
    throw new ServiceError(
      "forge_conflict",
      `"${fullNameOf(ref)}" has no pull request #${number} that this token can see. Start a new run.`,
    );
  }
  throw session.explain(failure, {
    doing: `read pull request ${number} of "${fullNameOf(ref)}"`,
    ref,
  });
}
