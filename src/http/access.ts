/** Who may use the service, and as whom: the credential a request brings is the identity its runs belong to. */
import { ServiceError } from "../errors.ts";
import { isLoopback, isLoopbackOrigin } from "../loopback.ts";
import { sameBytes, sha256, sha256Hex } from "./sha256.ts";

export interface AccessSettings {
  readonly apiTokens: readonly string[];
  readonly adminToken: string | undefined;
  /** Whether a caller's own GitHub token is enough. */
  readonly allowGithubTokens: boolean;
  /** Opens the service to requests for this machine by name that no proxy passed on; without effect elsewhere, or with API tokens. */
  readonly allowAnonymous: boolean;
  /** Origins whose pages may use the service, or `*` alone. */
  readonly corsOrigins: readonly string[];
  /** Whose runs may use the service's own model keys, beside those on an open local machine. */
  readonly lendModelKeys: LendModelKeys;
}

export const LEND_MODEL_KEYS = ["api_tokens", "everyone"] as const;
export type LendModelKeys = (typeof LEND_MODEL_KEYS)[number];

export interface Caller {
  /** An opaque id of the credential: 64 hexadecimal digits that do not give it away. */
  readonly id: string;
  /** False for credentials anybody can make up: nothing was compared with anything. */
  readonly known: boolean;
  /** Whether its runs may use the service's own model keys: everybody at GitHub has a token, and not all are the operator's guests. */
  readonly lendsModels: boolean;
  /** The caller's own GitHub token, for the run to use. */
  readonly githubToken?: string;
}

/**
 * The caller of a request that starts or reads runs. An API token comes before a GitHub token, and
 * a wrong one is not made good by anything beside it.
 *
 * @throws ServiceError `unauthorized` for a missing or unknown credential, `forbidden` for a web page
 *   elsewhere that uses an open service, `invalid_request` for what cannot be a GitHub token.
 */
export async function authenticate(request: Request, settings: AccessSettings): Promise<Caller> {
  const githubToken = readGithubToken(request.headers);
  const withToken = githubToken === undefined ? {} : { githubToken };
  const presented = settings.apiTokens.length === 0 ? undefined : bearer(request.headers);
  if (presented !== undefined) {
    if (!(await isOneOf(presented, settings.apiTokens))) {
      throw unauthorized("The token is not one of the service's API tokens.");
    }
    return { id: await sha256Hex(`api-token:${presented}`), known: true, lendsModels: true, ...withToken };
  }
  if (githubToken !== undefined && settings.allowGithubTokens) {
    // Who would be let in without a token gains nothing by it, and loses nothing.
    const lendsModels = settings.lendModelKeys === "everyone" || isOpen(request, settings);
    return { id: await sha256Hex(`github-token:${githubToken}`), known: false, lendsModels, githubToken };
  }
  if (settings.apiTokens.length > 0) {
    const orOwn = settings.allowGithubTokens ? ", or a GitHub token of your own in 'X-GitHub-Token'" : "";
    throw unauthorized(
      `Send one of the service's API tokens in the header 'Authorization: Bearer …'${orOwn}.`,
    );
  }
  requireAnonymous(request, settings, "API_TOKENS");
  return { id: await sha256Hex("anonymous"), known: false, lendsModels: true, ...withToken };
}

/**
 * Lets a request to see or change the configuration pass.
 *
 * @throws ServiceError `unauthorized` for a missing or unknown credential, `forbidden` for an API
 *   token, or for a web page elsewhere that uses an open service.
 */
export async function requireAdmin(request: Request, settings: AccessSettings): Promise<void> {
  const { adminToken, apiTokens } = settings;
  if (adminToken === undefined && apiTokens.length === 0) {
    requireAnonymous(request, settings, "ADMIN_TOKEN");
    return;
  }
  const presented = bearer(request.headers);
  if (presented !== undefined && adminToken !== undefined && (await isOneOf(presented, [adminToken]))) return;
  const who =
    adminToken === undefined
      ? "an admin token: the operator has to set ADMIN_TOKEN"
      : "the service's admin token";
  if (presented !== undefined && (await isOneOf(presented, apiTokens))) {
    throw new ServiceError("forbidden", `The configuration needs ${who}; an API token is not enough.`);
  }
  if (adminToken === undefined) throw unauthorized(`The configuration needs ${who}.`);
  throw unauthorized(
    presented === undefined
      ? "Send the service's admin token in the header 'Authorization: Bearer …'."
      : "The token is not the service's admin token.",
  );
}

function requireAnonymous(request: Request, settings: AccessSettings, variable: string): void {
  const refusal = refusalOfAnonymous(request, settings, variable);
  if (refusal !== undefined) throw refusal;
}

/** True when the request needs no credential. */
function isOpen(request: Request, settings: AccessSettings): boolean {
  return settings.apiTokens.length === 0 && refusalOfAnonymous(request, settings, "API_TOKENS") === undefined;
}

/** What a proxy adds to a request that it passes on (RFC 7239; RFC 9110, section 7.6.3; and by custom). */
const PASSED_ON = /^(?:forwarded|via|x-real-ip|x-forwarded-.+)$/;

/**
 * Without the check of the name, a page could reach a local service by pointing a DNS name of its own at
 * it; and a deployed service would be open to everybody. A proxy on this machine may ask for localhost on
 * behalf of the whole world: those that say so are believed, and one that does not cannot be told from a
 * program on this machine.
 */
function refusalOfAnonymous(
  request: Request,
  settings: AccessSettings,
  variable: string,
): ServiceError | undefined {
  if (!settings.allowAnonymous) {
    return unauthorized(
      `This service has no ${variable}: the operator has to set it, or ALLOW_ANONYMOUS=true on a local machine.`,
    );
  }
  if (!isLoopback(new URL(request.url).hostname)) {
    return unauthorized(
      `Anonymous use is for requests to localhost only: the operator has to set ${variable}.`,
    );
  }
  if ([...request.headers.keys()].some((name) => PASSED_ON.test(name))) {
    return unauthorized(
      `Anonymous use is not for requests that a proxy passes on: the operator has to set ${variable}.`,
    );
  }
  const origin = request.headers.get("origin");
  // `*` lists no page in particular, so it opens a service without credentials to none.
  if (origin !== null && !isLoopbackOrigin(origin) && !settings.corsOrigins.includes(origin)) {
    return new ServiceError(
      "forbidden",
      "A service open to anonymous use takes requests from web pages on this machine only: set API_TOKENS and send one.",
    );
  }
  return undefined;
}

/** @throws ServiceError `invalid_request`; the message does not hold the token. */
function readGithubToken(headers: Headers): string | undefined {
  const token = headers.get("x-github-token");
  if (token === null) return undefined;
  if (!/^[\x21-\x7e]{16,255}$/.test(token)) {
    throw new ServiceError(
      "invalid_request",
      "X-GitHub-Token must be a GitHub token alone: 16 to 255 printable ASCII characters without spaces.",
    );
  }
  return token;
}

function bearer(headers: Headers): string | undefined {
  return /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

/** Compares with all of them, in constant time. */
async function isOneOf(presented: string, tokens: readonly string[]): Promise<boolean> {
  const digest = await sha256(presented);
  const matches = await Promise.all(tokens.map(async (token) => sameBytes(digest, await sha256(token))));
  return matches.includes(true);
}

function unauthorized(message: string): ServiceError {
  return new ServiceError("unauthorized", message);
}
