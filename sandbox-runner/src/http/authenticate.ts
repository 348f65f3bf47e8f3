/** Lets in only requests that were signed with the shared secret, just now, and for the first time. */
import {
  MAX_CLOCK_SKEW_SECONDS,
  SIGNATURE_HEADERS,
  type SigningKey,
  STREAMED_BODY,
  sha256Hex,
  verifyParts,
} from "../../../src/sandbox/sign.ts";
import {
  decodeSignedStream,
  SIGNED_STREAM_TYPE,
  SignedStreamError,
} from "../../../src/sandbox/signed-stream.ts";
import { RunnerError } from "../errors.ts";
import { boundedBody, MAX_SMALL_BODY_BYTES, readBody } from "./body.ts";
import { createNonces } from "./nonces.ts";

export interface Authenticator {
  /** The body of a request that is not an upload, at most 64 KiB of it, as it was signed. */
  small(request: Request): Promise<Uint8Array>;
  /**
   * The tar of an upload; each piece has been verified when it comes out.
   *
   * @throws RunnerError `unauthorized`, also from the iterable, when a frame was altered.
   */
  upload(request: Request, maxBytes: number): Promise<AsyncIterable<Uint8Array>>;
}

export interface AuthenticatorOptions {
  readonly key: SigningKey;
  /** When this process started, in milliseconds since the epoch: those before it accepted nothing after that. */
  readonly startedAt: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Claims {
  readonly signature: string;
  readonly contentHash: string;
}

const NOT_SIGNED = "The request is not signed with this runner's secret (SANDBOX_RUNNER_SECRET).";
const REUSED = "The request was sent before; sign each one anew.";

/**
 * The signature is checked before all else, so that only who has the secret learns more or takes up memory.
 *
 * Nonces are in memory. Requests from before the start of this process are refused, and so are those of the second it
 * started in, so that none which an earlier process accepted is accepted again; but for those whose sender's clock is
 * ahead.
 */
export function createAuthenticator({ key, startedAt, now }: AuthenticatorOptions): Authenticator {
  const nonces = createNonces(MAX_CLOCK_SKEW_SECONDS);
  const startSecond = Math.floor(startedAt / 1000);

  const verify = async (request: Request): Promise<Claims> => {
    const { pathname, search } = new URL(request.url);
    const given = (name: keyof typeof SIGNATURE_HEADERS) =>
      request.headers.get(SIGNATURE_HEADERS[name]) ?? "";
    const signature = given("signature");
    const contentHash = given("contentHash");
    const nonce = given("nonce");
    const time = given("time");
    const wellFormed =
      /^[0-9a-f]{64}$/.test(signature) &&
      /^[0-9a-f]{32}$/.test(nonce) &&
      /^[1-9]\d{0,11}$/.test(time) &&
      (contentHash === STREAMED_BODY || /^[0-9a-f]{64}$/.test(contentHash));
    const parts = {
      method: request.method,
      target: `${pathname}${search}`,
      contentHash,
      time: Number(time),
      nonce,
    };
    if (!wellFormed || !(await verifyParts(key, parts, signature))) throw refused(NOT_SIGNED);
    checkTime(parts.time, now() / 1000, startSecond);
    const answer = nonces.take(nonce, parts.time, now() / 1000);
    if (answer === "reused") throw refused(REUSED);
    if (answer === "full") {
      throw new RunnerError("at_capacity", "Too many requests.", { retryAfter: MAX_CLOCK_SKEW_SECONDS });
    }
    return { signature, contentHash };
  };

  return {
    async small(request) {
      const { contentHash } = await verify(request);
      const body = await readBody(request, MAX_SMALL_BODY_BYTES);
      if ((await sha256Hex(body)) !== contentHash) throw refused(NOT_SIGNED);
      return body;
    },

    async upload(request, maxBytes) {
      const { signature, contentHash } = await verify(request);
      if (contentHash !== STREAMED_BODY || request.headers.get("content-type") !== SIGNED_STREAM_TYPE) {
        throw new RunnerError("invalid_request", `The body must be an upload: ${SIGNED_STREAM_TYPE}.`);
      }
      return verified(key, signature, request, maxBytes);
    },
  };
}

async function* verified(
  key: SigningKey,
  signature: string,
  request: Request,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* decodeSignedStream(key, signature, boundedBody(request, maxBytes));
  } catch (error) {
    if (!(error instanceof SignedStreamError)) throw error;
    if (error.kind === "unauthorized") throw refused(NOT_SIGNED);
    throw new RunnerError("invalid_archive", error.message, { cause: error });
  }
}

/** `seconds` since the epoch. */
function checkTime(time: number, seconds: number, startSecond: number): void {
  if (Math.abs(seconds - time) > MAX_CLOCK_SKEW_SECONDS) {
    throw refused(
      `The request's time differs by more than ${MAX_CLOCK_SKEW_SECONDS} seconds from this runner's clock; set both clocks.`,
    );
  }
  if (time <= startSecond) throw refused("The request was signed before this runner started; sign it again.");
}

function refused(message: string): RunnerError {
  return new RunnerError("unauthorized", message);
}
