/** Goes on with a pull request that is there: whether it can take more, and saying what was added. */
import { ServiceError } from "../errors.ts";
import { fullNameOf, type PullAnswer, pullAnswer } from "./answers.ts";
import type { Added, Addition, PullRequestNumber, PullRequestStatus, RepoRef } from "./forge.ts";
import type { Session } from "./session.ts";

/** GitHub takes 65,536 characters, counted as code points. */
const MAX_BODY = 65_500;
/** Up to here whole sections are added. What is left has room for more than ten short ones. */
const MAX_WHOLE = 62_000;

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
  addition: Addition,
): Promise<PullRequestNumber & { readonly added: Added }> {
  const { body, html_url: url } = await read(session, ref, number);
  const before = (body ?? "").trimEnd();
  if (before.includes(addition.id)) {
    return { number, url, added: holdsText(before, addition.section) ? "whole" : "short" };
  }
  const behind = (text: string): string => (before === "" ? text : `${before}\n\n${text}`);
  const whole = behind(addition.section);
  const fits = whole.length <= MAX_WHOLE;
  const after = fits ? whole : behind(addition.short);
  if (after.length > MAX_BODY) {
    return { number, url, added: "nothing" };
  }
  await session.ask(
    { doing: `update pull request ${number} of "${fullNameOf(ref)}"`, ref },
    pullAnswer,
    (octokit) =>
      octokit.rest.pulls.update({ owner: ref.owner, repo: ref.name, pull_number: number, body: after }),
  );
  return { number, url, added: fits ? "whole" : "short" };
}

/** True when the addition stands in the description, in either form. */
export function holdsAddition(body: string, { section, short }: Addition): boolean {
  return holdsText(body, section) || holdsText(body, short);
}

/** GitHub trims texts and may send lines back with CRLF. */
export function normalText(text: string): string {
  return text.replaceAll("\r\n", "\n").trim();
}

function holdsText(body: string, text: string): boolean {
  return normalText(body).includes(normalText(text));
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
