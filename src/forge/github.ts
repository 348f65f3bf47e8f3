/** The forge that is GitHub, or a GitHub Enterprise Server. */
import { ServiceError } from "../errors.ts";
import { sleep } from "../sleep.ts";
import { fullNameOf, repositoryAnswer } from "./answers.ts";
import type { Forge, GitRemote, RepoRef, Repository } from "./forge.ts";
import { fork, syncFork } from "./fork.ts";
import { addToPullRequest, pullRequestStatus } from "./pull-additions.ts";
import { openPullRequest } from "./pulls.ts";
import { createSessions, type Session } from "./session.ts";

export interface GitHubForgeOptions {
  /** `https://api.github.com`, or `https://host/api/v3`. */
  readonly apiUrl: string;
  /** `https://github.com`: where git, tokens' settings and pages for people are. */
  readonly serverUrl: string;
  readonly token: string | undefined;
  /** Sends every request; an egress (see egress.ts) that allows both URLs. */
  readonly fetch: typeof fetch;
  readonly userAgent: string;
  /** The most one call spends waiting, in milliseconds; 120,000 by default. */
  readonly maxWait?: number;
  /** Called for each request: a signal that ends it as too slow; after 30 seconds by default. */
  readonly timeout?: () => AbortSignal;
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly now?: () => number;
  readonly random?: () => number;
}

/**
 * A forge on GitHub's REST API. It holds no connection; what it learns about rate limits is shared
 * by its calls, so use one for each token.
 *
 * Errors: `invalid_token` for a token that could not be sent; and see `Forge`.
 */
export function createGitHubForge(options: GitHubForgeOptions): Forge {
  const serverUrl = options.serverUrl.replace(/\/+$/, "");
  const token = usableToken(options.token, serverUrl);
  const authorization = token === undefined ? undefined : `Basic ${btoa(`x-access-token:${token}`)}`;
  const remote = (ref: RepoRef): GitRemote => ({ url: `${serverUrl}/${fullNameOf(ref)}.git`, authorization });
  const open = createSessions({
    apiUrl: options.apiUrl.replace(/\/+$/, ""),
    serverUrl,
    token,
    remote,
    fetch: options.fetch,
    userAgent: options.userAgent,
    maxWait: options.maxWait ?? 120_000,
    timeout: options.timeout ?? (() => AbortSignal.timeout(30_000)),
    sleep: options.sleep ?? sleep,
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
  });
  return {
    authenticated: token !== undefined,
    preflight: async (ref, call) => await preflight(open(call), ref),
    fork: async (repository, call) => await fork(open(call), repository),
    syncFork: async (ref, branch, call) => await syncFork(open(call), ref, branch),
    openPullRequest: async (draft, call, how) => await openPullRequest(open(call), draft, how),
    pullRequestStatus: async (ref, number, call) => await pullRequestStatus(open(call), ref, number),
    addToPullRequest: async (ref, number, addition, call) =>
      await addToPullRequest(open(call), ref, number, addition),
    branchUrl: (ref, branch) =>
      `${serverUrl}/${fullNameOf(ref)}/tree/${branch.split("/").map(encodeURIComponent).join("/")}`,
    remote,
  };
}

async function preflight(session: Session, ref: RepoRef): Promise<Repository> {
  const answer = await session.ask({ doing: `read "${fullNameOf(ref)}"`, ref }, repositoryAnswer, (octokit) =>
    octokit.rest.repos.get({ owner: ref.owner, repo: ref.name }),
  );
  return {
    ref: answer.full_name,
    htmlUrl: answer.html_url,
    defaultBranch: answer.default_branch,
    archived: answer.archived,
    private: answer.private,
    canPush: session.authenticated && answer.permissions?.push === true,
    allowForking: answer.allow_forking ?? true,
    sizeKb: answer.size,
  };
}

/** Tokens are printable ASCII; anything else would fail as a header, in a message that quotes it. */
function usableToken(given: string | undefined, serverUrl: string): string | undefined {
  const token = given?.trim() ?? "";
  if (/[^\x21-\x7e]/.test(token)) {
    throw new ServiceError(
      "invalid_token",
      `GITHUB_TOKEN holds characters that no token has: copy it again from ${serverUrl}/settings/tokens.`,
    );
  }
  return token === "" ? undefined : token;
}
