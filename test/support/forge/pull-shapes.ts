/** GitHub's JSON for pull requests. */
import type { Identity } from "./accounts.ts";
import { type Comparison, label, type Pull, type Tips } from "./pulls.ts";
import { fullNameOf, type Repo } from "./repositories.ts";
import { instant, nodeId, repositoryShape, type Site, userShape } from "./shapes.ts";

type Json = Record<string, unknown>;

/** Schema `pull-request-simple`, the list's. */
export function simplePullShape(site: Site, pull: Pull, at: Tips, viewer: Identity): Json {
  const { base, head, number } = pull;
  const api = `${site.apiUrl}/repos/${fullNameOf(base)}`;
  const url = `${api}/pulls/${number}`;
  const page = `${site.url}/${fullNameOf(base)}/pull/${number}`;
  const comments = `${api}/issues/${number}/comments`;
  const statuses = `${api}/statuses/${at.head}`;
  const end = (repo: Repo, ref: string, sha: string) => ({
    label: label(repo, ref),
    ref,
    sha,
    user: userShape(site, repo.owner),
    repo: repositoryShape(site, repo, viewer),
  });
  return {
    url,
    id: pull.id,
    node_id: nodeId("PullRequest", pull.id),
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: `${api}/issues/${number}`,
    number,
    state: pull.state,
    locked: false,
    title: pull.title,
    user: userShape(site, pull.author),
    body: pull.body,
    created_at: instant(pull.createdAt),
    updated_at: instant(pull.updatedAt),
    closed_at: pull.closedAt === null ? null : instant(pull.closedAt),
    merged_at: null,
    merge_commit_sha: null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    labels: [],
    milestone: null,
    draft: pull.draft,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${api}/pulls/comments{/number}`,
    comments_url: comments,
    statuses_url: statuses,
    head: end(head, pull.headBranch, at.head),
    base: end(base, pull.baseBranch, at.base),
    _links: {
      self: { href: url },
      html: { href: page },
      issue: { href: `${api}/issues/${number}` },
      comments: { href: comments },
      review_comments: { href: `${url}/comments` },
      review_comment: { href: `${api}/pulls/comments{/number}` },
      commits: { href: `${url}/commits` },
      statuses: { href: statuses },
    },
    author_association: pull.author.toLowerCase() === base.owner.toLowerCase() ? "OWNER" : "CONTRIBUTOR",
    auto_merge: null,
    active_lock_reason: null,
  };
}

/** Schema `pull-request`. `mergeable` is null: GitHub works it out after it has answered. */
export function pullShape(site: Site, pull: Pull, at: Tips, facts: Comparison, viewer: Identity): Json {
  return {
    ...simplePullShape(site, pull, at, viewer),
    merged: false,
    mergeable: null,
    rebaseable: null,
    mergeable_state: pull.draft ? "draft" : "unknown",
    merged_by: null,
    comments: 0,
    review_comments: 0,
    maintainer_can_modify: pull.maintainerCanModify,
    commits: facts.commits,
    additions: facts.additions,
    deletions: facts.deletions,
    changed_files: facts.changedFiles,
  };
}
