/** Signs requests to a sandbox-runner: HMAC-SHA-256 (RFC 2104) over everything that says what is asked. */

/** Seconds a request's time may differ from the runner's clock, either way. */
export const MAX_CLOCK_SKEW_SECONDS = 60;

/** In place of a body's hash when the body is a signed stream, which proves its own frames. */
export const STREAMED_BODY = "STREAMED";

export const SIGNATURE_HEADERS = {
  /** Hex. */
  signature: "x-sandbox-signature",
  /** Unix time in whole seconds. */
  time: "x-sandbox-time",
  /** 32 hex digits, never used twice. */
  nonce: "x-sandbox-nonce",
  /** SHA-256 of the body in hex, or `STREAMED`. */
  contentHash: "x-sandbox-content-sha256",
} as const;

export interface SignedParts {
  readonly method: string;
  /** Path and query as they go over the wire. */
  readonly target: string;
  readonly contentHash: string;
  readonly time: number;
  readonly nonce: string;
}

const CONTEXT = "tiny-backspace-sandbox-v1";
const HMAC = { name: "HMAC", hash: "SHA-256" } as const;

/** A CryptoKey, by a name that the types of every runtime have. */
export type SigningKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** The shared secret as a key; `secret` is used as UTF-8. */
export function importSecret(secret: string): Promise<SigningKey> {
  return crypto.subtle.importKey("raw", new TextEncoder().encode(secret), HMAC, false, ["sign", "verify"]);
}

/** The signature of a request's parts, in hex. No part can hold a newline, so none can pass for another. */
export async function signParts(key: SigningKey, parts: SignedParts): Promise<string> {
  return toHex(await crypto.subtle.sign("HMAC", key, textOf(parts)));
}

/** Compares in constant time. */
export async function verifyParts(key: SigningKey, parts: SignedParts, signature: string): Promise<boolean> {
  return crypto.subtle.verify("HMAC", key, fromHex(signature), textOf(parts));
}

/** The headers for one request; `body` is what is sent, or `STREAMED_BODY`. */
export async function signatureHeaders(
  key: SigningKey,
  request: { readonly method: string; readonly target: string; readonly body: string | typeof STREAMED_BODY },
  now: number,
): Promise<Record<string, string>> {
  const { method, target, body } = request;
  const parts: SignedParts = {
    method,
    target,
    contentHash: body === STREAMED_BODY ? STREAMED_BODY : await sha256Hex(new TextEncoder().encode(body)),
    time: Math.floor(now / 1000),
    nonce: toHex(crypto.getRandomValues(new Uint8Array(16)).buffer),
  };
  return {
    [SIGNATURE_HEADERS.signature]: await signParts(key, parts),
    [SIGNATURE_HEADERS.time]: String(parts.time),
    [SIGNATURE_HEADERS.nonce]: parts.nonce,
    [SIGNATURE_HEADERS.contentHash]: parts.contentHash,
  };
}

export async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(await crypto.subtle.digest("SHA-256", bytes));
}

function textOf({ method, target, contentHash, time, nonce }: SignedParts): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode([CONTEXT, method, target, contentHash, time, nonce].join("\n"));
}

export function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Empty for what is not hex, which verifies as nothing. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) return new Uint8Array(0);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
