/** One request of git's smart HTTP protocol (gitprotocol-http(5)), with its failures told apart. */
import { isAbort, ServiceError } from "../errors.ts";
import { sleep } from "../sleep.ts";

export interface Remote {
  /** `https://host/owner/name.git`, without credentials. */
  readonly url: string;
  readonly authorization: string | undefined;
}

export interface GitConnection {
  readonly remote: Remote;
  /** Must refuse other origins and not carry credentials across redirects (see egress.ts). */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly signal: AbortSignal;
}

export type GitService = "git-upload-pack" | "git-receive-pack";

const USER_AGENT = "git/tiny-backspace";
const TRIES = 3;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** GET info/refs: what the server can do. Protocol 2 is offered; an old server answers in version 0. */
export function getInfoRefs(connection: GitConnection): Promise<ReadableStream<Uint8Array>> {
  return readRequest(connection, `${connection.remote.url}/info/refs?service=git-upload-pack`, {
    method: "GET",
    headers: headersFor(connection, { "git-protocol": "version=2" }),
  });
}

/** POST git-upload-pack. Reading twice does no harm, so passing failures are tried again. */
export function postUploadPack(
  connection: GitConnection,
  body: Uint8Array<ArrayBuffer>,
  version: 0 | 2,
): Promise<ReadableStream<Uint8Array>> {
  return readRequest(connection, `${connection.remote.url}/git-upload-pack`, {
    method: "POST",
    headers: headersFor(connection, {
      "content-type": "application/x-git-upload-pack-request",
      accept: "application/x-git-upload-pack-result",
      ...(version === 2 ? { "git-protocol": "version=2" } : {}),
    }),
    body,
  });
}

/** POST git-receive-pack, once: whoever sends a push looks at the branch before sending it again. */
export async function postReceivePack(
  connection: GitConnection,
  body: Uint8Array<ArrayBuffer>,
): Promise<ReadableStream<Uint8Array>> {
  const response = await connection.fetch(`${connection.remote.url}/git-receive-pack`, {
    method: "POST",
    headers: headersFor(connection, {
      "content-type": "application/x-git-receive-pack-request",
      accept: "application/x-git-receive-pack-result",
    }),
    body,
    signal: connection.signal,
  });
  if (!response.ok) throw await refusal(response, connection, "git-receive-pack");
  return bodyOf(response);
}

async function readRequest(
  connection: GitConnection,
  url: string,
  init: RequestInit,
): Promise<ReadableStream<Uint8Array>> {
  for (let attempt = 1; ; attempt++) {
    let problem: unknown;
    let wait = FIRST_WAIT_MS * 2 ** (attempt - 1);
    try {
      const response = await connection.fetch(url, { ...init, signal: connection.signal });
      if (response.ok) return bodyOf(response);
      problem = await refusal(response, connection, "git-upload-pack");
      wait = Math.max(wait, retryAfterMs(response));
    } catch (error) {
      if (isAbort(error)) throw error;
      problem = error;
    }
    const again = problem instanceof ServiceError && problem.retryable;
    if (!again || attempt === TRIES || wait > LONGEST_WAIT_MS) throw problem;
    await sleep(wait, connection.signal);
  }
}

function headersFor(connection: GitConnection, extra: Record<string, string>): Record<string, string> {
  const { authorization } = connection.remote;
  return { "user-agent": USER_AGENT, ...extra, ...(authorization === undefined ? {} : { authorization }) };
}

function bodyOf(response: Response): ReadableStream<Uint8Array> {
  if (response.body === null) {
    throw new ServiceError("git_protocol_error", "The git server answered with nothing. Try again.", {
      retryable: true,
    });
  }
  return response.body;
}

function retryAfterMs(response: Response): number {
  const seconds = Number(response.headers.get("retry-after"));
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}

async function refusal(
  response: Response,
  connection: GitConnection,
  service: GitService,
): Promise<ServiceError> {
  await response.body?.cancel();
  const { url, authorization } = connection.remote;
  const pushing = service === "git-receive-pack";
  switch (response.status) {
    case 401:
      return authorization === undefined
        ? new ServiceError(
            "repository_not_found",
            `${url} does not exist or is private. Check the name, or send a token in X-GitHub-Token or set GITHUB_TOKEN.`,
          )
        : new ServiceError(
            "invalid_token",
            `The git server does not take the token for ${url}. It may have expired: send a new X-GitHub-Token, or set a new GITHUB_TOKEN.`,
          );
    case 403:
      return new ServiceError(
        "permission_denied",
        pushing
          ? `The token may not push to ${url}. It needs write access to contents (fine-grained: "Contents: Read and write").`
          : `The token may not read ${url}. It needs read access to contents.`,
      );
    case 404:
      return new ServiceError("repository_not_found", `The git server has no repository at ${url}.`);
    case 413:
      return new ServiceError("push_rejected", `The git server finds the push to ${url} too large.`);
    case 429:
      return new ServiceError("rate_limited", "The git server asks to slow down. Try again later.", {
        retryable: true,
        retryAt: response.headers.has("retry-after") ? Date.now() + retryAfterMs(response) : undefined,
      });
    default:
      return new ServiceError(
        response.status >= 500 ? "forge_unavailable" : "git_protocol_error",
        `The git server answered ${service} with HTTP status ${response.status}. Try again later.`,
        { retryable: response.status >= 500 },
      );
  }
}
