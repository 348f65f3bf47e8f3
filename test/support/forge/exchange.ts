/** Between Node's HTTP objects and the forge's own requests and replies, counting what goes by. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Accounts } from "./accounts.ts";
import { gitPath } from "./git-http.ts";
import type { ForgeRequest, GitService, Reply, RequestKind } from "./http.ts";
import type { LogEntry } from "./log.ts";
import { REST_ROOT } from "./rest.ts";

/** Reads a request, and opens its entry in the log; `ended` settles the entry. */
export function describe(
  incoming: IncomingMessage,
  accounts: Accounts,
  signal: AbortSignal,
): { request: ForgeRequest; entry: LogEntry; ended: () => void } {
  const target = incoming.url ?? "/";
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  const parameters = new URLSearchParams(query);
  const kind = kindOf(path);
  const identity = accounts.identify(incoming.headers.authorization, kind);
  const method = incoming.method ?? "GET";
  const service = kind === "git" ? serviceOf(path, parameters) : undefined;
  const ended = Promise.withResolvers<void>();
  const entry: LogEntry = {
    time: Date.now(),
    method,
    path,
    query,
    kind,
    service,
    authorization: identity.kind === "user" ? identity.login : identity.kind,
    status: 0,
    bytesIn: 0,
    bytesOut: 0,
    state: "open",
    ended: ended.promise,
  };
  const request: ForgeRequest = {
    method,
    path,
    query: parameters,
    kind,
    service,
    identity,
    header: (name) => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    open: () =>
      incoming.on("data", (chunk: Uint8Array) => {
        entry.bytesIn += chunk.byteLength;
      }),
    bodyRead: () => incoming.readableEnded,
    signal,
  };
  return { request, entry, ended: ended.resolve };
}

function kindOf(path: string): RequestKind {
  if (path === REST_ROOT || path.startsWith(`${REST_ROOT}/`)) return "rest";
  return gitPath(path) === undefined ? "page" : "git";
}

function serviceOf(path: string, query: URLSearchParams): GitService | undefined {
  const name = path.endsWith("/info/refs") ? query.get("service") : path.slice(path.lastIndexOf("/") + 1);
  if (name === "git-upload-pack") return "upload-pack";
  return name === "git-receive-pack" ? "receive-pack" : undefined;
}

/** Writes an answer but for its end, no faster than the client takes it. Throws when the client is gone. */
export async function send(
  reply: Reply,
  response: ServerResponse,
  entry: LogEntry,
  signal: AbortSignal,
): Promise<void> {
  const { status, headers, body } = reply;
  const write = async (chunk: Uint8Array) => {
    signal.throwIfAborted();
    entry.bytesOut += chunk.byteLength;
    if (!response.write(chunk)) await once(response, "drain", { signal });
  };
  entry.status = status;
  if (typeof body === "string" || body instanceof Uint8Array) {
    const bytes = Buffer.from(body);
    response.writeHead(
      status,
      bytes.byteLength > 0 ? { ...headers, "content-length": bytes.byteLength } : headers,
    );
    if (bytes.byteLength > 0) await write(bytes);
    return;
  }
  response.writeHead(status, headers);
  response.flushHeaders();
  for await (const chunk of body) await write(chunk);
  // A body that ended because its maker was stopped is not whole.
  signal.throwIfAborted();
}
