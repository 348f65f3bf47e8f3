/** Opens a pull request exactly once, also when GitHub's answer is lost. */
import { fullNameOf, isSameRepository, type PullAnswer, pullAnswer, pullsAnswer } from "./answers.ts";
import type { Failure } from "./failure.ts";
import type { OpenOptions, PullRequest, PullRequestDraft } from "./forge.ts";
import { addToPullRequest, holdsAddition, normalText } from "./pull-additions.ts";
import { isPassing, MAX_TRIES, reasonOf } from "./retry.ts";
import type { Outcome, Session } from "./session.ts";

/**
 * See `Forge.openPullRequest`. A create whose answer was lost may have worked, so before it is
 * sent again the pull request of the branch is looked up, whatever has become of it since. GitHub
 * allows an open one for each head and base, so a create that is still under way then ends as
 * "already exists" and is found too.
 */
export async function openPullRequest(
  session: Session,
  draft: PullRequestDraft,
  { id, addition, maybeOpened = false }: OpenOptions = {},
): Promise<PullRequest> {
  const attempted = { doing: `open a pull request on "${fullNameOf(draft.base)}"`, ref: draft.base };
  let asDraft = draft.draft;
  let lost = maybeOpened;
  const isOwn = (pull: PullAnswer): boolean =>
    lost && (isSameText(pull, draft) || (id !== undefined && (pull.body ?? "").includes(id)));
  const take = async (existing: PullAnswer): Promise<PullRequest> => {
    // A pull request that holds the addition names the run, and was not made by it.
    const own = isOwn(existing) && !(addition !== undefined && holdsAddition(existing.body ?? "", addition));
    if (addition !== undefined && !own) {
      const added = await addToPullRequest(session, draft.base, existing.number, addition);
      return { ...added, created: false, draftRefused: false };
    }
    if (!(own || isSameText(existing, draft))) {
      await update(session, draft, existing.number);
    }
    const draftRefused = own && draft.draft && existing.draft === false;
    return { number: existing.number, url: existing.html_url, created: own, draftRefused };
  };
  const earlier = maybeOpened ? await find(session, draft, isOwn) : undefined;
  if (earlier !== undefined) {
    return await take(earlier);
  }
  for (let tries = 1; ; tries += 1) {
    let outcome = await create(session, draft, asDraft);
    if (asDraft && "failure" in outcome && says(outcome.failure, /draft pull requests are not supported/i)) {
      asDraft = false;
      outcome = await create(session, draft, asDraft);
    }
    if (!("failure" in outcome)) {
      const { number, html_url: url } = outcome.value;
      return { number, url, created: true, draftRefused: draft.draft && !asDraft };
    }
    const { failure } = outcome;
    const exists = says(failure, /pull request already exists/i);
    const ambiguous = isPassing(failure);
    lost ||= ambiguous;
    const existing = exists || ambiguous ? await find(session, draft, isOwn) : undefined;
    if (existing !== undefined) {
      return await take(existing);
    }
    if (!ambiguous || tries === MAX_TRIES || !(await session.retry.backOff(reasonOf(failure), tries))) {
      throw session.explain(failure, attempted);
    }
  }
}

function create(session: Session, draft: PullRequestDraft, asDraft: boolean): Promise<Outcome<PullAnswer>> {
  const { base, head, headBranch } = draft;
  const cross = !isSameRepository(base, head);
  // needed to tell two repositories of one owner apart
  const siblings = cross && base.owner.toLowerCase() === head.owner.toLowerCase();
  return session.attempt(pullAnswer, (octokit) =>
    octokit.rest.pulls.create({
      owner: base.owner,
      repo: base.name,
      title: draft.title,
      body: draft.body,
      base: draft.baseBranch,
      head: cross ? `${head.owner}:${headBranch}` : headBranch,
      draft: asDraft,
      ...(cross ? { maintainer_can_modify: true } : {}),
      ...(siblings ? { head_repo: fullNameOf(head) } : {}),
    }),
  );
}

/**
 * The pull request of exactly this branch that is our own, else the open one: GitHub's own filter
 * knows the head's owner only. A person may have closed our own, or pointed it at another base.
 */
async function find(
  session: Session,
  draft: PullRequestDraft,
  isOwn: (pull: PullAnswer) => boolean,
): Promise<PullAnswer | undefined> {
  const { base, baseBranch, head, headBranch } = draft;
  const pulls = await session.ask(
    { doing: `look up the pull requests of "${fullNameOf(base)}"`, ref: base },
    pullsAnswer,
    (octokit) =>
      octokit.rest.pulls.list({
        owner: base.owner,
        repo: base.name,
        state: "all",
        head: `${head.owner}:${headBranch}`,
      }),
  );
  const candidates = pulls.filter(
    ({ head: { ref, repo } }) =>
      ref === headBranch && repo?.full_name.toLowerCase() === fullNameOf(head).toLowerCase(),
  );
  return (
    candidates.find(isOwn) ??
    candidates.find(({ state, base }) => state === "open" && base.ref === baseBranch)
  );
}

async function update(session: Session, draft: PullRequestDraft, number: number): Promise<void> {
  const { owner, name: repo } = draft.base;
  await session.ask(
    { doing: `update pull request ${number} of "${fullNameOf(draft.base)}"`, ref: draft.base },
    pullAnswer,
    (octokit) =>
      octokit.rest.pulls.update({ owner, repo, pull_number: number, title: draft.title, body: draft.body }),
  );
}

function isSameText(pull: PullAnswer, draft: PullRequestDraft): boolean {
  return (
    normalText(pull.title) === normalText(draft.title) &&
    normalText(pull.body ?? "") === normalText(draft.body)
  );
}

function says(failure: Failure, pattern: RegExp): boolean {
  return (
    failure.kind === "status" &&
    failure.status === 422 &&
    [failure.message, ...failure.details.map(({ message }) => message)].some((text) => pattern.test(text))
  );
}
