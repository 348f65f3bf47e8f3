/** The port to the place that hosts repositories and pull requests. */

/** `owner/name`, already validated (see repo-url.ts). */
export interface RepoRef {
  readonly owner: string;
  readonly name: string;
}

/** Where git talks to, and how it proves who it is. Never leaves the edge process. */
export interface GitRemote {
  /** `https://host/owner/name.git`, without credentials. */
  readonly url: string;
  /** The value of an `Authorization` header, or undefined for anonymous reads. */
  readonly authorization: string | undefined;
}

/** What preflight learned about a repository. */
export interface Repository {
  /** The canonical name: a renamed repository answers with its new one. */
  readonly ref: RepoRef;
  readonly htmlUrl: string;
  readonly defaultBranch: string;
  readonly archived: boolean;
  readonly private: boolean;
  /** True when the token may push. Always false without a token. */
  readonly canPush: boolean;
  readonly allowForking: boolean;
  /** As GitHub reports it, in KiB; 0 for an empty repository. */
  readonly sizeKb: number;
}

export interface PullRequestDraft {
  readonly base: RepoRef;
  readonly baseBranch: string;
  /** The repository the branch was pushed to: `base` itself, or a fork of it. */
  readonly head: RepoRef;
  readonly headBranch: string;
  readonly title: string;
  readonly body: string;
  readonly draft: boolean;
}

export interface PullRequestNumber {
  readonly number: number;
  readonly url: string;
}

export interface PullRequest extends PullRequestNumber {
  /** False when a pull request for the branch was there already and was updated. */
  readonly created: boolean;
  /** What became of the addition, if it was to be made. */
  readonly added?: Added;
  /** True when it was to be a draft and the repository takes none. */
  readonly draftRefused: boolean;
}

export interface OpenOptions {
  /** A run's id, which the body holds: a pull request that has it is the one, whatever people made of it. */
  readonly id?: string;
  /** Added to one that is open for the branch, whose title and text then stay as they are. */
  readonly addition?: Addition;
  /** An earlier process may have opened it, and seen no answer: look before anything is sent. */
  readonly maybeOpened?: boolean;
}

export type PullRequestStatus = "open" | "closed" | "merged";

export interface Addition {
  /** Found in the description when the section stands there already: a run's id. */
  readonly id: string;
  /** Markdown that holds `id`. */
  readonly section: string;
  /** Says in a few lines what `section` says; for a description that has no room for all of it. Holds `id` too. */
  readonly short: string;
}

/** How much of an addition stands in the description. */
export type Added = "whole" | "short" | "nothing";

export interface ForgeCall {
  readonly signal: AbortSignal;
  /** Told before every wait for a rate limit, a failing server or a fork, so that it can be shown. */
  readonly onWait?: (wait: { readonly reason: string; readonly milliseconds: number }) => void;
}

/**
 * Errors: `invalid_token` (401), `permission_denied` (403), `repository_not_found` (404),
 * `forge_conflict` (409), `forge_rejected` (422), `rate_limited`, `forge_unavailable` (5xx),
 * `network_error`, `fork_refused`; each message says what to do. 401 and 404 are never retried.
 */
export interface Forge {
  /** True when there is a token, so that branches and pull requests can be made. */
  readonly authenticated: boolean;
  /** One request: does it exist, may we push, which branch is the default, is it archived. */
  preflight(ref: RepoRef, call: ForgeCall): Promise<Repository>;
  /** The token owner's fork, made when there is none, once git can reach it. */
  fork(repository: Repository, call: ForgeCall): Promise<RepoRef>;
  /** Brings a fork's branch up to date with its parent, for a push that lacked objects. */
  syncFork(fork: RepoRef, branch: string, call: ForgeCall): Promise<void>;
  /**
   * Opens the pull request, or updates the one that is open for the branch. Never makes a second.
   * One that an earlier request opened is taken as it is, be it closed or merged by now.
   */
  openPullRequest(draft: PullRequestDraft, call: ForgeCall, options?: OpenOptions): Promise<PullRequest>;
  /** One request: whether commits on its branch still get anywhere. `forge_conflict` when it is gone. */
  pullRequestStatus(ref: RepoRef, number: number, call: ForgeCall): Promise<PullRequestStatus>;
  /**
   * Adds a section to a pull request's description, once however often it is asked; the rest stays
   * as it is. Where there is no room for the section its short form is added, and without room for that nothing.
   */
  addToPullRequest(
    ref: RepoRef,
    number: number,
    addition: Addition,
    call: ForgeCall,
  ): Promise<PullRequestNumber & { readonly added: Added }>;
  /** A branch's page, for people. */
  branchUrl(ref: RepoRef, branch: string): string;
  remote(ref: RepoRef): GitRemote;
}
