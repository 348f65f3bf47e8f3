/** Pull requests: what is stored of one, and what git says about its two branches. */
import { join } from "node:path";
import { branchTips } from "./branches.ts";
import { fullNameOf, type Repo } from "./repositories.ts";

export interface Pull {
  readonly id: number;
  readonly number: number;
  readonly base: Repo;
  readonly head: Repo;
  readonly headBranch: string;
  readonly author: string;
  readonly draft: boolean;
  readonly createdAt: Date;
  baseBranch: string;
  title: string;
  body: string | null;
  state: "open" | "closed";
  maintainerCanModify: boolean;
  updatedAt: Date;
  closedAt: Date | null;
  /** Where the branches were when last seen, for when one is deleted. */
  seen: Tips;
}

/** The commits a pull request is between. */
export interface Tips {
  readonly base: string;
  readonly head: string;
}

/** A pull request as tests look at it. */
export interface PullView {
  readonly number: number;
  readonly title: string;
  readonly body: string | null;
  readonly state: "open" | "closed";
  readonly draft: boolean;
  readonly author: string;
  readonly base: string;
  readonly head: string;
  /** `owner/name` of the repository the head branch is in. */
  readonly headRepository: string;
}

export function viewOf(pull: Pull): PullView {
  const { number, title, body, state, draft, author } = pull;
  const headRepository = fullNameOf(pull.head);
  return {
    number,
    title,
    body,
    state,
    draft,
    author,
    base: pull.baseBranch,
    head: pull.headBranch,
    headRepository,
  };
}

/** `owner:branch`, GitHub's label for either end. */
export function label(repo: Repo, branch: string): string {
  return `${repo.owner}:${branch}`;
}

export interface Comparison {
  readonly commits: number;
  readonly additions: number;
  readonly deletions: number;
  readonly changedFiles: number;
  /** False when the two have no commit in common. */
  readonly related: boolean;
}

/** Where two branches are now; undefined for one that is not there. Two git processes at most, at once. */
export async function tips(
  base: Repo,
  baseBranch: string,
  head: Repo,
  headBranch: string,
): Promise<{ readonly base: string | undefined; readonly head: string | undefined }> {
  if (base === head) {
    const both = await branchTips(base, [baseBranch, headBranch]);
    return { base: both.get(baseBranch), head: both.get(headBranch) };
  }
  const [there, here] = await Promise.all([branchTips(base, [baseBranch]), branchTips(head, [headBranch])]);
  return { base: there.get(baseBranch), head: here.get(headBranch) };
}

/** The commits of a pull request now, or as last seen when a branch is gone. */
export async function currentTips(pull: Pull): Promise<Tips> {
  if (pull.state === "open") {
    const now = await tips(pull.base, pull.baseBranch, pull.head, pull.headBranch);
    pull.seen = { base: now.base ?? pull.seen.base, head: now.head ?? pull.seen.head };
  }
  return pull.seen;
}

/** Counts what a pull request would bring. One git process for a single commit on the base, else three. */
export async function compare(base: Repo, head: Repo, { base: from, head: to }: Tips): Promise<Comparison> {
  const env = readingBoth(base, head);
  const log = await base.git(
    ["log", "--format=%x00%P", "--shortstat", "--max-count=2", `${from}..${to}`, "--"],
    { env },
  );
  const [, only, ...more] = log.split("\0");
  if (only !== undefined && more.length === 0 && only.startsWith(`${from}\n`)) {
    return { commits: 1, related: true, ...counts(only) };
  }
  const [count, stat] = await Promise.all([
    base.git(["rev-list", "--count", `${from}..${to}`], { env }),
    base.tryGit(["diff", "--shortstat", "--no-ext-diff", `${from}...${to}`], { env }),
  ]);
  return { commits: Number(count), related: stat.code === 0, ...counts(stat.stdout) };
}

/** Reads `--shortstat`. */
function counts(stat: string): Pick<Comparison, "additions" | "deletions" | "changedFiles"> {
  const number = (pattern: RegExp) => Number(pattern.exec(stat)?.[1] ?? 0);
  return {
    additions: number(/(\d+) insertion/),
    deletions: number(/(\d+) deletion/),
    changedFiles: number(/(\d+) file/),
  };
}

/** The environment in which git, run in one repository, also finds the other's objects. */
export function readingBoth(base: Repo, head: Repo): Record<string, string> {
  return base === head ? {} : { GIT_ALTERNATE_OBJECT_DIRECTORIES: join(head.dir, "objects") };
}
