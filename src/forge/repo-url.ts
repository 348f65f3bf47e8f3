/** The only way a repository URL enters the service: matched as raw text, never handed to a URL parser. */
import { ServiceError } from "../errors.ts";
import type { RepoRef } from "./forge.ts";

/** Characters of a refused URL that a message quotes. */
const MAX_QUOTED = 100;
const MAX_URL = 300;

/**
 * GitHub's account names: up to 39 letters, digits and hyphens. The underscore form is what
 * enterprise-managed accounts have (`octocat_acme`).
 */
const OWNER = /^(?=.{1,39}$)[A-Za-z0-9][A-Za-z0-9-]*(?:_[A-Za-z0-9]+)?$/;
const NAME = /^[A-Za-z0-9._-]{1,100}$/;

/**
 * Reads `https://github.com/owner/name`, with an optional `.git` and one optional trailing slash.
 *
 * @param raw what the caller sent, unchanged: URL parsers fold `https:\\github.com`, full-width
 *   letters and tabs into the allowed host, so no parser sees it.
 * @param serverUrl the allowed origin, from the environment (`https://github.com`). Scheme and host
 *   are compared without regard to ASCII case, as RFC 3986 has it.
 * @throws ServiceError `invalid_request`; the message never holds credentials.
 */
export function parseRepoUrl(raw: string, serverUrl: string): RepoRef {
  const expected = `send ${serverUrl}/owner/name`;
  if (raw === "") throw refused(`is empty; ${expected}`);
  if (raw.length > MAX_URL) throw refused(`is longer than ${MAX_URL} characters; ${expected}`);
  const odd = /[^\x21-\x7e]|%/u.exec(raw)?.[0];
  if (odd !== undefined) throw refused(`contains ${nameCharacter(odd)}; ${expected}`);
  if (raw.includes("@")) {
    throw refused(`must not contain credentials or '@' (the service has its own token); ${expected}`);
  }
  const path = afterOrigin(raw, serverUrl);
  if (path === undefined) {
    throw refused(`must start with ${serverUrl}/, which ${quote(raw)} does not; ${expected}`);
  }
  if (/[?#]/.test(path)) throw refused(`must not have a query or a fragment; ${expected}`);
  const parts = path.replace(/\/$/, "").split("/");
  const [owner, lastPart] = parts;
  if (owner === undefined || owner === "" || lastPart === undefined) {
    throw refused(`needs an owner and a repository name, which ${quote(raw)} lacks; ${expected}`);
  }
  if (parts.length > 2) {
    throw refused(`must name a repository and nothing inside it, unlike ${quote(raw)}; ${expected}`);
  }
  if (!OWNER.test(owner)) {
    throw refused(
      `names an owner GitHub cannot have (up to 39 letters, digits and hyphens) in ${quote(raw)}`,
    );
  }
  const name = lastPart.replace(/\.git$/, "");
  if (!NAME.test(name) || /^\.\.?$|\.git$/i.test(name)) {
    throw refused(
      `names a repository GitHub cannot have (up to 100 letters, digits, '.', '_' and '-', not ending in '.git') in ${quote(raw)}`,
    );
  }
  return { owner, name };
}

/** What follows `serverUrl/`, or undefined when `raw` starts with anything else. Both are ASCII here. */
function afterOrigin(raw: string, serverUrl: string): string | undefined {
  const prefix = `${serverUrl}/`;
  return raw.slice(0, prefix.length).toLowerCase() === prefix.toLowerCase()
    ? raw.slice(prefix.length)
    : undefined;
}

function refused(problem: string): ServiceError {
  return new ServiceError("invalid_request", `repoUrl ${problem}.`);
}

function nameCharacter(character: string): string {
  if (character === " ") return "a space";
  if (character === "%") return "'%', which a repository URL cannot have";
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `the character U+${code}, which a repository URL cannot have`;
}

/** Quotes a URL up to its query, where tokens are put; `raw` is printable ASCII without '@' and '%'. */
function quote(raw: string): string {
  const shown = raw.replace(/[?#].*$/, "…");
  return `'${shown.length > MAX_QUOTED ? `${shown.slice(0, MAX_QUOTED)}…` : shown}'`;
}
