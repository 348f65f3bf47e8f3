/** The local forge: an HTTP server on loopback that speaks GitHub's REST API and git over real repositories. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Account, type Accounts, createAccounts } from "./accounts.ts";
import { describe, send } from "./exchange.ts";
import { createFaults, type Faults } from "./faults.ts";
import { createForks } from "./forks.ts";
import { createGitEnvironments } from "./git.ts";
import { createGitHttp, gitPath } from "./git-http.ts";
import { type ForgeRequest, type Reply, text } from "./http.ts";
import type { Files } from "./import.ts";
import { createLog, type RequestLog } from "./log.ts";
import { createPages } from "./pages.ts";
import { type PullView, viewOf } from "./pulls.ts";
import { createRepositories, fullNameOf, type Repo, type RepositoryOptions } from "./repositories.ts";
import { createRest, REST_ROOT } from "./rest.ts";

export interface ForgeOptions {
  /** Where repositories are kept, left in place by `close()`; a temporary folder that goes with it when absent. */
  readonly root?: string;
  /** Port on 127.0.0.1; any free one when absent. */
  readonly port?: number;
  readonly tokens?: Readonly<Record<string, Account>>;
  /** How long git answers 404 for a new fork, in milliseconds. Default 0. */
  readonly forkDelayMs?: number;
  /** False makes forks clones that do not share objects with their parent. Default true. */
  readonly forksShareObjects?: boolean;
}

export interface ForgeRepository {
  readonly owner: string;
  readonly name: string;
  readonly fullName: string;
  /** What git clones: `${forge.url}/owner/name.git`. */
  readonly cloneUrl: string;
  /** The bare repository on disk. */
  readonly dir: string;
  readonly defaultBranch: string;
  /** In order of opening. */
  readonly pullRequests: readonly PullView[];
  /** Runs git in the bare repository and returns its output without the last line break. */
  git(...args: string[]): Promise<string>;
  /** Commits files (null deletes) on a branch, a new one starting from the default branch. Returns the commit's id. */
  commit(files: Files, options?: { readonly branch?: string; readonly message?: string }): Promise<string>;
}

export interface LocalForge {
  /** `http://127.0.0.1:PORT`, what `GITHUB_SERVER_URL` is to be. */
  readonly url: string;
  /** `${url}/api/v3`, what `GITHUB_API_URL` is to be, as on GitHub Enterprise Server. */
  readonly apiUrl: string;
  readonly log: RequestLog;
  readonly faults: Faults;
  readonly accounts: Pick<Accounts, "add" | "revoke">;
  addRepository(fullName: string, options?: RepositoryOptions): Promise<ForgeRepository>;
  /** A repository by its name, forks included. Throws when there is none. */
  repository(fullName: string): ForgeRepository;
  /** Every repository, in the order they came. */
  repositories(): readonly ForgeRepository[];
  /** Ends every connection and process and removes what was written to the temporary folder. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a forge on 127.0.0.1. Costs a listening socket and two small files; each git request costs git's own processes. */
export async function startForge(options: ForgeOptions = {}): Promise<LocalForge> {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), "local-forge-")));
  const accounts = createAccounts(options.tokens ?? {});
  const repositories = createRepositories(root, await createGitEnvironments(root));
  const log = createLog();
  const faults = createFaults();
  let url = "";
  const forks = createForks(repositories, {
    delayMs: options.forkDelayMs ?? 0,
    shareObjects: options.forksShareObjects ?? true,
  });
  const git = createGitHttp(repositories, () => url);
  const rest = createRest({ repositories, accounts, forks, url: () => url });
  const pages = createPages(repositories);
  const closing = new AbortController();
  const answering = new Set<Promise<void>>();

  async function discard(): Promise<void> {
    if (options.root === undefined) await rm(root, { recursive: true, force: true });
  }

  async function route(request: ForgeRequest): Promise<Reply> {
    switch (request.kind) {
      case "rest":
        return await rest(request);
      case "git": {
        const path = gitPath(request.path);
        return path === undefined ? text(404, "Not Found\n") : await git.answer(request, path);
      }
      case "page":
        return await pages(request);
    }
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) left.abort();
    });
    const { request, entry, ended } = describe(
      incoming,
      accounts,
      AbortSignal.any([left.signal, closing.signal]),
    );
    log.add(entry);
    try {
      const plan = faults.plan(entry);
      const reply = (await plan.before(request.signal)) ?? (await orFailure(route, request));
      const faulty = await plan.after(reply, request.signal);
      if (faulty === undefined) throw new Error("reply dropped");
      await send(faulty, response, entry, request.signal);
      if (faulty.cut()) throw new Error("reply cut");
      response.end();
      entry.state = "sent";
    } catch {
      entry.state = "cut";
      // Sends what was written before it ends the connection.
      response.socket?.destroySoon();
    } finally {
      ended();
    }
  }

  const server = createServer((incoming, response) => {
    const answered = serve(incoming, response);
    answering.add(answered);
    void answered.finally(() => answering.delete(answered));
  });
  // Clients keep connections for as long as they like: a race between reuse and a timeout is no test's subject.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.listen(options.port ?? 0, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    await discard();
    throw error;
  }
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const present = (repo: Repo): ForgeRepository => ({
    owner: repo.owner,
    name: repo.name,
    fullName: fullNameOf(repo),
    cloneUrl: `${url}/${fullNameOf(repo)}.git`,
    dir: repo.dir,
    defaultBranch: repo.defaultBranch,
    get pullRequests() {
      return repo.pulls.map(viewOf);
    },
    git: (...args) => repo.git(args),
    commit: (files, { branch = repo.defaultBranch, message = "Change files" } = {}) =>
      repositories.commit(repo, branch, files, message),
  });

  async function close(): Promise<void> {
    closing.abort();
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await git.close();
    await Promise.all([closed, ...answering]);
    await discard();
  }
  let closed: Promise<void> | undefined;
  const closeOnce = () => {
    closed ??= close();
    return closed;
  };

  return {
    url,
    apiUrl: `${url}${REST_ROOT}`,
    log,
    faults,
    accounts,
    addRepository: async (fullName, repository = {}) => present(await repositories.add(fullName, repository)),
    repository: (fullName) => {
      const [owner = "", name = ""] = fullName.split("/");
      const found = repositories.find(owner, name);
      if (found === undefined) throw new Error(`${fullName} is not on the forge`);
      return present(found.repo);
    },
    repositories: () => repositories.all().map(present),
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}

async function orFailure(route: (request: ForgeRequest) => Promise<Reply>, request: ForgeRequest) {
  try {
    return await route(request);
  } catch (error) {
    if (error instanceof URIError) return text(400, "Bad Request\n");
    // A defect of the forge itself, told to whoever runs the test.
    return text(500, `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
}
