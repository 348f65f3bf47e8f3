/** The two values every part of the local forge speaks in: what was asked, and what to answer. */
import type { Readable } from "node:stream";
import type { Identity } from "./accounts.ts";

export type RequestKind = "rest" | "git" | "page";
export type GitService = "upload-pack" | "receive-pack";

export interface ForgeRequest {
  readonly method: string;
  /** As sent, percent-encoding included, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly kind: RequestKind;
  /** The git service spoken to, for git requests. */
  readonly service: GitService | undefined;
  readonly identity: Identity;
  header(name: string): string | undefined;
  /** The request's body, which starts to flow at once: call it where it is consumed, and only there. */
  open(): Readable;
  /** True once every byte of the body has been handed on. */
  bodyRead(): boolean;
  /** Aborted when the client goes away before the answer is out, or when the forge closes. */
  readonly signal: AbortSignal;
}

export type ReplyHeaders = Readonly<Record<string, string>>;

export interface Reply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
}

export function text(status: number, body: string, headers: ReplyHeaders = {}): Reply {
  return { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers }, body };
}

export function html(status: number, body: string): Reply {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": policy };
  return { status, headers, body };
}

/** A JSON answer with the content type GitHub sends (`application/json; charset=utf-8`). */
export function json(status: number, body: unknown, headers: ReplyHeaders = {}): Reply {
  const type = { "content-type": "application/json; charset=utf-8" };
  return { status, headers: { ...type, ...headers }, body: JSON.stringify(body) };
}

/** All bytes of a body, in memory. */
export async function collect(body: Reply["body"]): Promise<Buffer> {
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
