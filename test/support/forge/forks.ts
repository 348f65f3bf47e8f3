/** Forking and bringing a fork up to date, as GitHub does it: shared objects, and a name of its own when one is taken. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { branchTips } from "./branches.ts";
import { runGit } from "./git.ts";
import { type Repo, type Repositories, sourceOf } from "./repositories.ts";

export interface Forks {
  /** The login's fork in the repository's network: the one there is, or a new one. */
  fork(
    repo: Repo,
    login: string,
    wish: { readonly name?: string; readonly defaultBranchOnly?: boolean },
  ): Promise<Repo>;
  /** Brings `branch` up to date with the parent's branch of that name. */
  sync(fork: Repo, parent: Repo, branch: string): Promise<SyncOutcome>;
}

type SyncOutcome = "fast-forward" | "merge" | "none" | "conflict" | "no_upstream_branch";

export interface ForkSettings {
  readonly delayMs: number;
  readonly shareObjects: boolean;
}

export function createForks(repositories: Repositories, settings: ForkSettings): Forks {
  const underWay = new Map<string, Promise<Repo>>();

  async function make(
    repo: Repo,
    login: string,
    wish: { readonly name?: string; readonly defaultBranchOnly?: boolean },
  ): Promise<Repo> {
    const name = freeName(login, wish.name ?? repo.name);
    const dir = repositories.dirFor(login, name);
    await mkdir(dirname(dir), { recursive: true });
    const objects = settings.shareObjects ? ["--shared"] : [];
    const branches = wish.defaultBranchOnly === true ? ["--single-branch"] : [];
    const args = ["clone", "--quiet", "--bare", "--template=", ...objects, ...branches, repo.dir, dir];
    await runGit(args, { env: repo.environment });
    return repositories.addFork(repo, login, name, Date.now() + settings.delayMs);
  }

  function freeName(owner: string, name: string): string {
    if (repositories.find(owner, name) === undefined) return name;
    for (let n = 1; ; n++) {
      if (repositories.find(owner, `${name}-${n}`) === undefined) return `${name}-${n}`;
    }
  }

  return {
    fork: async (repo, login, wish) => {
      const source = sourceOf(repo);
      const own = repositories.all().find((other) => sameOwner(other, login) && sourceOf(other) === source);
      if (own !== undefined) return own;
      const key = `${source.id} ${login.toLowerCase()}`;
      const making = underWay.get(key) ?? make(repo, login, wish);
      underWay.set(key, making);
      try {
        return await making;
      } finally {
        underWay.delete(key);
      }
    },
    sync: async (fork, parent, branch) => {
      const [ours, theirs] = await Promise.all([branchTips(fork, [branch]), branchTips(parent, [branch])]);
      const mine = ours.get(branch);
      const upstream = theirs.get(branch);
      if (upstream === undefined) return "no_upstream_branch";
      if (mine === upstream) return "none";
      await fork.git(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", parent.dir, upstream]);
      const set = (commit: string) => fork.git(["update-ref", `refs/heads/${branch}`, commit, mine ?? ""]);
      if (mine === undefined) {
        await set(upstream);
        return "fast-forward";
      }
      const isAncestor = async (old: string, recent: string) =>
        (await fork.tryGit(["merge-base", "--is-ancestor", old, recent])).code === 0;
      if (await isAncestor(upstream, mine)) return "none";
      if (await isAncestor(mine, upstream)) {
        await set(upstream);
        return "fast-forward";
      }
      const merged = await fork.tryGit(["merge-tree", "--write-tree", mine, upstream]);
      if (merged.code !== 0) return "conflict";
      const message = `Merge branch '${parent.owner}:${branch}' into ${branch}`;
      const tree = merged.stdout.trim();
      const args = ["commit-tree", tree, "-p", mine, "-p", upstream, "-m", message];
      await set(await fork.git(args));
      return "merge";
    },
  };
}

function sameOwner(repo: Repo, login: string): boolean {
  return repo.owner.toLowerCase() === login.toLowerCase();
}
