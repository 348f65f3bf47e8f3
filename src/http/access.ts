/** Who may use the service: bearer tokens compared in constant time, and anonymous use on purpose only. */
import { ServiceError } from "../errors.ts";

export interface AccessSettings {
  readonly apiTokens: readonly string[];
  readonly adminToken: string | undefined;
  /** Opens the service to everybody who can reach it; meant for a local machine. */
  readonly allowAnonymous: boolean;
}

/**
 * Lets a request to start a run pass.
 *
 * @throws ServiceError `unauthorized`, or `forbidden` for a web page elsewhere that uses an open service.
 */
export async function requireApiAccess(headers: Headers, settings: AccessSettings): Promise<void> {
  if (settings.apiTokens.length === 0) {
    requireAnonymous(headers, settings, "API_TOKENS");
    return;
  }
  await requireToken(headers, settings.apiTokens, "one of the service's API tokens");
}

/** Lets a change of the configuration pass; throws as requireApiAccess does. */
export async function requireAdminAccess(headers: Headers, settings: AccessSettings): Promise<void> {
  if (settings.adminToken !== undefined) {
    await requireToken(headers, [settings.adminToken], "the service's admin token");
  } else if (settings.apiTokens.length > 0) {
    throw unauthorized(
      "Changing the configuration needs an admin token: the operator has to set ADMIN_TOKEN.",
    );
  } else {
    requireAnonymous(headers, settings, "ADMIN_TOKEN");
  }
}

function requireAnonymous(headers: Headers, settings: AccessSettings, variable: string): void {
  if (!settings.allowAnonymous) {
    throw unauthorized(
      `This service has no ${variable}: the operator has to set it, or ALLOW_ANONYMOUS=true on a local machine.`,
    );
  }
  const origin = headers.get("origin");
  if (origin !== null && !LOOPBACK_ORIGIN.test(origin)) {
    throw new ServiceError(
      "forbidden",
      "A service open to anonymous use takes requests from web pages on this machine only: set API_TOKENS and send one.",
    );
  }
}

/** Without this, any page its owner visits could use an open local service, by rebinding its own DNS name. */
const LOOPBACK_ORIGIN = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

async function requireToken(headers: Headers, tokens: readonly string[], what: string): Promise<void> {
  const presented = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (presented === undefined) {
    throw unauthorized(`Send ${what} in the header 'Authorization: Bearer …'.`);
  }
  const digest = await sha256(presented);
  const matches = await Promise.all(tokens.map(async (token) => sameBytes(digest, await sha256(token))));
  if (!matches.includes(true)) throw unauthorized(`The token is not ${what}.`);
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Takes the same time wherever the bytes differ; both are SHA-256 digests. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.reduce((difference, byte, index) => difference | (byte ^ (b[index] ?? 0)), 0) === 0;
}

function unauthorized(message: string): ServiceError {
  return new ServiceError("unauthorized", message);
}
