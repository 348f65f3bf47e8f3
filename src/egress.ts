/** The only way out: a fetch that reaches an allow-list of origins and never carries a token past them. */
import { isAbort, ServiceError } from "./errors.ts";

export interface EgressOptions {
  /** URLs whose scheme, host and port may be reached; their paths do not matter. */
  readonly origins: readonly string[];
  /** What sends an allowed request; the platform's own by default. */
  readonly fetch?: typeof fetch;
}

const MAX_REDIRECTS = 3;
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Redirects that keep the method and the body (RFC 9110, 15.4.8 and 15.4.9). */
const REPLAYING_STATUSES: ReadonlySet<number> = new Set([307, 308]);

/**
 * A fetch for the given origins only.
 *
 * Redirects are followed at most three times and only within the request's own origin, so that
 * an `Authorization` header never leaves it: GET and HEAD always, other methods for 307 and 308
 * when the body can be sent again (not a stream).
 *
 * Errors: `forbidden` for another origin (before anything is sent), for credentials in a URL and
 * for a redirect elsewhere; `network_error`, retryable, when the connection fails. Aborts and
 * timeouts of the caller's signal pass through untouched, and so do answers of every status.
 */
export function createEgress(options: EgressOptions): typeof fetch {
  const origins = new Set(options.origins.map(originOf));
  // called without a receiver: workerd refuses its fetch as a method of another object
  const send = options.fetch ?? ((...request: Parameters<typeof fetch>) => fetch(...request));

  const check = (url: URL): void => {
    if (!origins.has(url.origin)) {
      throw new ServiceError(
        "forbidden",
        `Requests to "${shown(url.origin)}" are not allowed: only ${listed(origins)} can be reached.`,
      );
    }
    if (url.username !== "" || url.password !== "") {
      throw new ServiceError("forbidden", `The address of "${url.host}" must not hold credentials.`);
    }
  };

  return async (input, init) => {
    let { url, request } = unpack(input, init);
    check(url);
    for (let hops = 0; ; hops += 1) {
      const response = await sendOnce(send, url, request);
      const target = redirectTarget(response, url);
      if (target === undefined) {
        return response;
      }
      await response.body?.cancel();
      if (target === "invalid" || target.origin !== url.origin) {
        throw new ServiceError(
          "forbidden",
          `"${url.host}" redirected to ${target === "invalid" ? "an invalid address" : `"${shown(target.origin)}"`}. ` +
            "The redirect was not followed, because it would carry the request and its token to another " +
            "server: use the address the server has now.",
        );
      }
      check(target);
      if (hops === MAX_REDIRECTS) {
        throw new ServiceError(
          "forbidden",
          `"${url.host}" redirected more than ${MAX_REDIRECTS} times. Check its address.`,
        );
      }
      if (!isReplayable(request, response.status)) {
        throw new ServiceError(
          "forbidden",
          `"${url.host}" redirected a ${request.method ?? "GET"} request that cannot be sent again. ` +
            "Use the address the server has now.",
        );
      }
      url = target;
    }
  };
}

function originOf(address: string): string {
  if (!URL.canParse(address)) {
    throw new ServiceError("internal", `"${address}" is not a URL, so it cannot be an allowed origin.`);
  }
  return new URL(address).origin;
}

/** A `Request` becomes its parts; its body is a stream, which can be sent once only. */
function unpack(
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
): { url: URL; request: RequestInit } {
  if (input instanceof Request) {
    const { method, headers, body, signal } = input;
    const stream = body === null ? {} : { body, duplex: "half" as const };
    return { url: new URL(input.url), request: { method, headers, signal, ...stream, ...init } };
  }
  const address = String(input);
  if (!URL.canParse(address)) {
    throw new ServiceError("forbidden", "The address of a request is not a URL.");
  }
  return { url: new URL(address), request: init ?? {} };
}

async function sendOnce(send: typeof fetch, url: URL, request: RequestInit): Promise<Response> {
  try {
    return await send(url.href, { ...request, redirect: "manual" });
  } catch (error) {
    if (request.signal?.aborted === true || isAbort(error) || error instanceof ServiceError) {
      throw error;
    }
    const reason = systemCode(error);
    throw new ServiceError(
      "network_error",
      `The connection to "${url.host}" failed${reason === "" ? "" : ` (${reason})`}. Try again; if it ` +
        "stays, check the server's address and state.",
      // the error itself may quote a header's value, so only what kind it was is kept
      { retryable: true, cause: new Error(`fetch failed ${reason}`.trim()) },
    );
  }
}

/** Node's errno of a failed connection, such as `ECONNREFUSED`; empty where there is none. */
function systemCode(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (
      "code" in current &&
      typeof current.code === "string" &&
      /^[A-Z][A-Z_0-9]{2,40}$/.test(current.code)
    ) {
      return current.code;
    }
  }
  return "";
}

function redirectTarget(response: Response, from: URL): URL | "invalid" | undefined {
  const location = response.headers.get("location");
  if (!REDIRECT_STATUSES.has(response.status) || location === null) {
    return undefined;
  }
  return URL.canParse(location, from.href) ? new URL(location, from) : "invalid";
}

function isReplayable(request: RequestInit, status: number): boolean {
  const method = (request.method ?? "GET").toUpperCase();
  if (method === "GET" || method === "HEAD") {
    return true;
  }
  return REPLAYING_STATUSES.has(status) && !(request.body instanceof ReadableStream);
}

/** Origins are ASCII (hosts are punycode), but may be of any length. */
function shown(origin: string): string {
  return origin.length > 100 ? `${origin.slice(0, 100)}…` : origin;
}

function listed(origins: ReadonlySet<string>): string {
  return origins.size === 0 ? "nothing" : [...origins].map((origin) => `"${origin}"`).join(", ");
}
