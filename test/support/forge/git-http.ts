/** Git over HTTP: the smart protocol's three addresses, answered by git's own `http-backend` CGI program. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { addAbortListener, once } from "node:events";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import type { Identity } from "./accounts.ts";
import type { ForgeRequest, Reply } from "./http.ts";
import { text } from "./http.ts";
import { fullNameOf, mayWrite, permissionOf, type Repo, type Repositories } from "./repositories.ts";

export interface GitPath {
  readonly owner: string;
  readonly name: string;
  /** `info/refs`, `git-upload-pack` or `git-receive-pack`. */
  readonly tail: string;
}

export interface GitHttp {
  answer(request: ForgeRequest, path: GitPath): Promise<Reply>;
  /** Ends every git process still running; settles when they are gone. */
  close(): Promise<void>;
}

const CHALLENGE = { "www-authenticate": 'Basic realm="GitHub"' };

/** Longest CGI header block accepted, in bytes. */
const MAX_HEAD = 64 * 1024;

/** The git part of a path, for `/owner/name` with and without `.git`. */
export function gitPath(path: string): GitPath | undefined {
  const match = /^\/([\w.-]+)\/([\w.-]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(
    path,
  );
  const [, owner, name, tail] = match ?? [];
  return owner === undefined || name === undefined || tail === undefined ? undefined : { owner, name, tail };
}

let knownBackend: string | undefined;

/** One git process for all forges of a process. */
function backendPath(): string {
  knownBackend ??= join(
    execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(),
    "git-http-backend",
  );
  return knownBackend;
}

export function createGitHttp(repositories: Repositories, url: () => string): GitHttp {
  const backend = backendPath();
  const running = new Set<{ readonly exited: Promise<unknown>; readonly kill: () => void }>();

  async function answer(request: ForgeRequest, path: GitPath): Promise<Reply> {
    const { identity, service } = request;
    if (service === undefined) return text(403, "Please upgrade your git client.\n");
    if (identity.kind === "invalid") {
      return text(401, "Invalid username or token.\n", CHALLENGE);
    }
    const found = repositories.find(path.owner, path.name);
    const refusal = refuse(found?.repo, identity, service);
    if (refusal !== undefined) return refusal;
    if (found === undefined || found.repo.readyAt > Date.now()) return text(404, "Repository not found.\n");
    if (found.renamed) {
      const query = request.query.size > 0 ? `?${request.query}` : "";
      return text(301, "", { location: `${url()}/${fullNameOf(found.repo)}.git/${path.tail}${query}` });
    }
    return await runBackend(request, found.repo, path.tail);
  }

  async function runBackend(request: ForgeRequest, repo: Repo, tail: string): Promise<Reply> {
    // Its own process group, so that upload-pack and pack-objects below it end with it. All of them
    // inherit the fourth descriptor: it ends, and `close` is emitted, when the last of them is gone.
    const child = spawn(backend, [], {
      cwd: repo.dir,
      env: cgi(request, repo, tail),
      detached: true,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
    });
    const [stdin, stdout, stderr, lifeline] = pipesOf(child);
    lifeline.resume();
    let gone = false;
    const kill = () => {
      if (gone || child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGTERM");
      } catch {
        // gone between the check and the signal
      }
    };
    const job = { exited: once(child, "close"), kill };
    running.add(job);
    const ended = () => {
      gone = true;
      running.delete(job);
    };
    job.exited.then(ended, ended);
    // A push whose last byte has arrived is carried out even when the client is gone, as on GitHub.
    const clientGone = () => {
      if (request.service !== "receive-pack" || !request.bodyRead()) kill();
    };
    addAbortListener(request.signal, clientGone);

    const errors = tailOf(stderr);
    stdin.on("error", () => undefined);
    request.open().on("error", clientGone).pipe(stdin);

    const output = stdout[Symbol.asyncIterator]();
    const head = await readHead(output);
    if (head === undefined) {
      kill();
      await job.exited;
      return text(500, `git http-backend gave no answer: ${errors()}\n`);
    }
    const onEnd = () => {
      if (tail === "git-receive-pack") repo.touch();
    };
    const { status, headers } = head;
    return { status, headers, body: body(head.rest, output, onEnd, clientGone) };
  }

  return {
    answer,
    close: async () => {
      for (const { kill } of running) kill();
      await Promise.allSettled([...running].map(({ exited }) => exited));
    },
  };
}

async function* body(
  first: Uint8Array,
  output: AsyncIterator<Uint8Array>,
  onEnd: () => void,
  clientGone: () => void,
): AsyncGenerator<Uint8Array> {
  let ended = false;
  try {
    if (first.byteLength > 0) yield first;
    for (let next = await output.next(); next.done !== true; next = await output.next()) yield next.value;
    ended = true;
    onEnd();
  } finally {
    if (!ended) {
      clientGone();
      // Read on for the sake of a push that is still being carried out: a closed pipe would end it.
      for (let next = await output.next(); next.done !== true; next = await output.next());
      onEnd();
    }
  }
}

/** GitHub's answers to who may not do what; undefined when it may go on. */
function refuse(repo: Repo | undefined, identity: Identity, service: string): Reply | undefined {
  const permission = repo === undefined ? undefined : permissionOf(repo, identity);
  if (identity.kind !== "user") {
    const mayRead = permission !== undefined && service === "upload-pack";
    return mayRead ? undefined : text(401, "No anonymous write access.\n", CHALLENGE);
  }
  if (repo === undefined || permission === undefined) return text(404, "Repository not found.\n");
  if (service === "upload-pack") return undefined;
  if (repo.archived) return text(403, "This repository was archived so it is read-only.\n");
  if (mayWrite(permission)) return undefined;
  return text(403, `Permission to ${fullNameOf(repo)}.git denied to ${identity.login}.\n`);
}

/** The CGI environment (RFC 3875, git-http-backend(1)). */
function cgi(request: ForgeRequest, repo: Repo, tail: string): Record<string, string> {
  const optional = {
    CONTENT_TYPE: request.header("content-type"),
    CONTENT_LENGTH: request.header("content-length"),
    HTTP_CONTENT_ENCODING: request.header("content-encoding"),
    GIT_PROTOCOL: repo.protocolV2 ? request.header("git-protocol") : undefined,
    REMOTE_USER: request.identity.kind === "user" ? request.identity.login : undefined,
  };
  const given = Object.entries(optional).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return {
    ...repo.environment,
    ...Object.fromEntries(given),
    GIT_HTTP_EXPORT_ALL: "1",
    GATEWAY_INTERFACE: "CGI/1.1",
    REQUEST_METHOD: request.method,
    QUERY_STRING: request.query.toString(),
    PATH_TRANSLATED: join(repo.dir, tail),
    PATH_INFO: `/${fullNameOf(repo)}.git/${tail}`,
    REMOTE_ADDR: "127.0.0.1",
  };
}

interface Head {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly rest: Uint8Array;
}

/** Reads a CGI answer up to the empty line; undefined when the program ended before one. */
async function readHead(output: AsyncIterator<Buffer>): Promise<Head | undefined> {
  let bytes: Buffer = Buffer.alloc(0);
  while (bytes.byteLength <= MAX_HEAD) {
    const end = bytes.indexOf("\r\n\r\n");
    if (end >= 0) return { ...parseHead(bytes.toString("latin1", 0, end)), rest: bytes.subarray(end + 4) };
    const next = await output.next();
    if (next.done === true) return undefined;
    bytes = bytes.byteLength === 0 ? next.value : Buffer.concat([bytes, next.value]);
  }
  return undefined;
}

function parseHead(head: string): Omit<Head, "rest"> {
  const fields = head.split("\r\n").map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const status = fields.find(([name]) => name === "status")?.[1] ?? "200";
  const headers = Object.fromEntries(fields.filter(([name]) => name !== "status"));
  return { status: Number.parseInt(status, 10), headers };
}

/** The pipes of a process that was started with four. */
function pipesOf({
  stdio,
}: ChildProcess): [stdin: Writable, stdout: Readable, stderr: Readable, lifeline: Readable] {
  const [stdin, stdout, stderr, lifeline] = stdio;
  if (
    stdin instanceof Writable &&
    stdout instanceof Readable &&
    stderr instanceof Readable &&
    lifeline instanceof Readable
  ) {
    return [stdin, stdout, stderr, lifeline];
  }
  throw new Error("git http-backend could not be started");
}

/** Keeps the last words of a process for a message. */
function tailOf(stderr: Readable): () => string {
  let words = "";
  stderr.setEncoding("utf8").on("data", (chunk: string) => {
    words = (words + chunk).slice(-4096);
  });
  return () => words.trim();
}
