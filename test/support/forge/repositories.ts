/** The repositories the local forge hosts: bare git repositories on disk and what GitHub knows about them. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Identity, Permission } from "./accounts.ts";
import { branchTips } from "./branches.ts";
import { type GitEnvironments, type GitOptions, type GitResult, runGit, tryGit } from "./git.ts";
import { byteLength, type Files, fastImportStream } from "./import.ts";
import type { Pull } from "./pulls.ts";

export interface RepositoryOptions {
  /** A git repository, bare or not, to clone from. */
  readonly from?: string;
  /** A bare repository to serve where it is; nothing is written to it but what clients push. */
  readonly inPlace?: string;
  /** One commit with these files, on top of `from` when there is one. Without either: empty. */
  readonly files?: Files;
  /** Called with the bare repository once it is filled, before anything is served. */
  readonly setup?: (bareDir: string) => Promise<void>;
  /** Otherwise the branch HEAD points to, `main` in a new repository. */
  readonly defaultBranch?: string;
  readonly private?: boolean;
  readonly archived?: boolean;
  readonly allowForking?: boolean;
  /** False refuses draft pull requests, as private repositories on free plans do. Default true. */
  readonly allowDrafts?: boolean;
  /** The owner may always do everything; everybody may read a public repository. */
  readonly permissions?: Readonly<Record<string, Permission>>;
  /** Offer `filter`. Default true. */
  readonly partialClone?: boolean;
  /** False makes git answer in protocol v0 whatever the client asks for. Default true. */
  readonly protocolV2?: boolean;
  /** The size the REST API reports, in KiB; measured when absent. */
  readonly sizeKb?: number;
  /** The name it has now: REST, git and pages under the old one answer with a redirect. */
  readonly renamedTo?: string;
}

export interface Repo {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly dir: string;
  readonly defaultBranch: string;
  readonly private: boolean;
  readonly archived: boolean;
  readonly allowForking: boolean;
  readonly allowDrafts: boolean;
  readonly permissions: Readonly<Record<string, Permission>>;
  readonly partialClone: boolean;
  readonly protocolV2: boolean;
  sizeKb: number;
  readonly parent: Repo | undefined;
  /** Before this time (milliseconds since the epoch) git answers 404: a fork being made. */
  readonly readyAt: number;
  readonly createdAt: Date;
  pushedAt: Date;
  /** Notes that something was pushed: the time, and that the repository is no longer empty. */
  touch(): void;
  readonly pulls: Pull[];
  readonly environment: Readonly<Record<string, string>>;
  git(args: readonly string[], options?: GitOptions): Promise<string>;
  tryGit(args: readonly string[], options?: GitOptions): Promise<GitResult>;
}

interface Found {
  readonly repo: Repo;
  /** True when it was asked for by a name it no longer has. */
  readonly renamed: boolean;
}

export interface Repositories {
  add(fullName: string, options: RepositoryOptions): Promise<Repo>;
  /** Registers a fork already on disk at `dirFor(owner, name)`. */
  addFork(parent: Repo, owner: string, name: string, readyAt: number): Repo;
  /** By name, whatever the case of its letters, or by an old name. */
  find(owner: string, name: string): Found | undefined;
  byId(id: number): Repo | undefined;
  all(): readonly Repo[];
  dirFor(owner: string, name: string): string;
  /** One commit on a branch, which starts from the default branch when it is not there. Returns the commit's id. */
  commit(repo: Repo, branch: string, files: Files, message: string): Promise<string>;
}

/** 2024-01-01, and a minute later for every commit: ids do not depend on when a test runs. */
const FIRST_COMMIT_TIME = 1_704_067_200;

export function createRepositories(root: string, environments: GitEnvironments): Repositories {
  const byName = new Map<string, Repo>();
  const oldNames = new Map<string, string>();
  let commits = 0;

  const dirFor = (owner: string, name: string) => join(root, "repositories", owner, `${name}.git`);

  function register(
    facts: Omit<Repo, "id" | "createdAt" | "pushedAt" | "touch" | "pulls" | "environment" | "git" | "tryGit">,
  ): Repo {
    const environment = environments.environment(facts.partialClone);
    const within = (options?: GitOptions) => ({
      ...options,
      cwd: facts.dir,
      env: { ...environment, ...options?.env },
    });
    const now = new Date();
    const repo: Repo = {
      ...facts,
      id: byName.size + 1,
      createdAt: now,
      pushedAt: now,
      touch: () => {
        repo.pushedAt = new Date();
        repo.sizeKb = Math.max(1, repo.sizeKb);
      },
      pulls: [],
      environment,
      git: (args, options) => runGit(args, within(options)),
      tryGit: (args, options) => tryGit(args, within(options)),
    };
    byName.set(keyOf(facts.owner, facts.name), repo);
    return repo;
  }

  async function fill(dir: string, options: RepositoryOptions): Promise<void> {
    const env = environments.environment(true);
    if (options.from !== undefined) {
      await runGit(["clone", "--quiet", "--bare", "--template=", options.from, dir], { env });
    } else {
      const branch = options.defaultBranch ?? "main";
      await runGit(["init", "--quiet", "--bare", "--template=", `--initial-branch=${branch}`, dir], { env });
    }
    if (options.defaultBranch !== undefined) {
      await writeFile(join(dir, "HEAD"), `ref: refs/heads/${options.defaultBranch}\n`);
    }
  }

  async function commitIn(
    dir: string,
    branch: string,
    parent: string | undefined,
    files: Files,
    message: string,
  ): Promise<string> {
    const time = FIRST_COMMIT_TIME + 60 * commits++;
    const input = fastImportStream({ branch, parent, message, time, files });
    const options = { cwd: dir, env: environments.environment(true) };
    return await runGit(["fast-import", "--quiet", "--done"], { ...options, input });
  }

  async function branchTip(dir: string, branch: string): Promise<string | undefined> {
    const env = environments.environment(true);
    const args = ["rev-parse", "--verify", "--quiet", `refs/heads/${branch}`];
    const { code, stdout } = await tryGit(args, { cwd: dir, env });
    return code === 0 ? stdout.trim() : undefined;
  }

  async function add(fullName: string, options: RepositoryOptions): Promise<Repo> {
    const current = options.renamedTo ?? fullName;
    const [owner, name] = splitName(current);
    if (byName.has(keyOf(owner, name))) throw new Error(`${current} is on the forge already`);
    const dir = options.inPlace ?? dirFor(owner, name);
    if (options.inPlace === undefined) {
      await mkdir(join(root, "repositories", owner), { recursive: true });
      await fill(dir, options);
    }
    const env = environments.environment(true);
    const head = (await readFile(join(dir, "HEAD"), "utf8")).trim().replace(/^ref: refs\/heads\//, "");
    if (options.files !== undefined) {
      const parent = options.from === undefined ? undefined : await branchTip(dir, head);
      await commitIn(dir, head, parent, options.files, "Initial commit");
    }
    await options.setup?.(dir);
    const justFiles =
      options.from === undefined && options.inPlace === undefined && options.setup === undefined;
    const sizeKb = options.sizeKb ?? (justFiles ? sizeOfFiles(options.files) : await sizeOf(dir, env));
    const repo = register({
      owner,
      name,
      dir,
      defaultBranch: head,
      private: options.private ?? false,
      archived: options.archived ?? false,
      allowForking: options.allowForking ?? true,
      allowDrafts: options.allowDrafts ?? true,
      permissions: options.permissions ?? {},
      partialClone: options.partialClone ?? true,
      protocolV2: options.protocolV2 ?? true,
      sizeKb,
      parent: undefined,
      readyAt: 0,
    });
    if (options.renamedTo !== undefined) oldNames.set(keyOf(...splitName(fullName)), keyOf(owner, name));
    return repo;
  }

  return {
    add,
    addFork: (parent, owner, name, readyAt) =>
      register({
        owner,
        name,
        dir: dirFor(owner, name),
        defaultBranch: parent.defaultBranch,
        private: parent.private,
        archived: false,
        allowForking: parent.allowForking,
        allowDrafts: parent.allowDrafts,
        permissions: {},
        partialClone: parent.partialClone,
        protocolV2: parent.protocolV2,
        sizeKb: parent.sizeKb,
        parent,
        readyAt,
      }),
    find: (owner, name) => {
      const key = keyOf(owner, name);
      const direct = byName.get(key);
      if (direct !== undefined) return { repo: direct, renamed: false };
      const moved = byName.get(oldNames.get(key) ?? "");
      return moved === undefined ? undefined : { repo: moved, renamed: true };
    },
    byId: (id) => [...byName.values()].find((repo) => repo.id === id),
    all: () => [...byName.values()],
    dirFor,
    commit: async (repo, branch, files, message) => {
      const tips = await branchTips(repo, [branch, repo.defaultBranch]);
      const parent = tips.get(branch) ?? tips.get(repo.defaultBranch);
      const commit = await commitIn(repo.dir, branch, parent, files, message);
      repo.touch();
      return commit;
    },
  };
}

/** What somebody may do to a repository; undefined when it must look as if it were not there. */
export function permissionOf(repo: Repo, identity: Identity): Permission | undefined {
  if (identity.kind === "user") {
    const login = identity.login.toLowerCase();
    if (login === repo.owner.toLowerCase()) return "admin";
    const granted = Object.entries(repo.permissions).find(([name]) => name.toLowerCase() === login);
    if (granted !== undefined) return granted[1];
  }
  return repo.private ? undefined : "read";
}

export function mayWrite(permission: Permission | undefined): boolean {
  return permission === "write" || permission === "admin";
}

export function fullNameOf(repo: Repo): string {
  return `${repo.owner}/${repo.name}`;
}

/** The root of a fork network: the repository itself when it is not a fork. */
export function sourceOf(repo: Repo): Repo {
  return repo.parent === undefined ? repo : sourceOf(repo.parent);
}

/** In KiB, at least 1 when there is a commit: 0 says that a repository is empty. */
function sizeOfFiles(files: Files | undefined): number {
  if (files === undefined) return 0;
  return 1 + Math.floor(Object.values(files).reduce((sum, file) => sum + byteLength(file), 0) / 1024);
}

/** In KiB, as git counts its objects. One git process. */
async function sizeOf(dir: string, env: Readonly<Record<string, string>>): Promise<number> {
  const counts = await runGit(["count-objects", "-v"], { cwd: dir, env });
  const kib = (label: string) => Number(new RegExp(`^${label}: (\\d+)$`, "m").exec(counts)?.[1] ?? 0);
  return kib("size") + kib("size-pack");
}

function keyOf(owner: string, name: string): string {
  return `${owner}/${name}`.toLowerCase();
}

function splitName(fullName: string): [owner: string, name: string] {
  const [, owner, name] = /^([\w.-]+)\/([\w.-]+)$/.exec(fullName) ?? [];
  if (owner === undefined || name === undefined || /^\.+$|\.git$/.test(name) || /^\.+$/.test(owner)) {
    throw new Error(`"${fullName}" is not a repository name: owner/name`);
  }
  return [owner, name];
}
