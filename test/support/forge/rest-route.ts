/** What one REST call is, and the answers all of them share: errors in GitHub's words, lists by the page. */
import type { Accounts, Identity } from "./accounts.ts";
import type { Forks } from "./forks.ts";
import { json, type Reply } from "./http.ts";
import type { Repo, Repositories } from "./repositories.ts";
import type { Site } from "./shapes.ts";

export interface RestParts {
  readonly repositories: Repositories;
  readonly accounts: Accounts;
  readonly forks: Forks;
  readonly url: () => string;
}

/** A call about one repository that the caller may read. */
export interface RepositoryCall {
  readonly site: Site;
  readonly repo: Repo;
  readonly identity: Identity;
  readonly query: URLSearchParams;
  /** The request's JSON object; empty for an empty body. */
  readonly input: Readonly<Record<string, unknown>>;
  /** What the route's pattern captured, decoded. */
  readonly parameters: readonly string[];
  /** The address the call came to, without the query. */
  readonly url: string;
}

export interface RepositoryRoute {
  readonly method: string;
  /** Matched against what follows `/repos/owner/name`. */
  readonly pattern: RegExp;
  readonly answer: (call: RepositoryCall) => Promise<Reply>;
}

/** GitHub's error body; the status is repeated in it as a string. */
export function problem(status: number, message: string, anchor = ""): Reply {
  const documentation_url = `https://docs.github.com/rest${anchor}`;
  return json(status, { message, documentation_url, status: `${status}` });
}

/** One entry of the `errors` array of a 422 (schema `validation-error`). */
export interface Invalid {
  readonly resource: string;
  readonly code: "missing_field" | "invalid" | "custom";
  readonly field?: string;
  readonly message?: string;
}

export function invalid(errors: readonly Invalid[], anchor = ""): Reply {
  const documentation_url = `https://docs.github.com/rest${anchor}`;
  return json(422, { message: "Validation Failed", errors, documentation_url, status: "422" });
}

/** The refusal for a call that needs somebody, as GitHub words it for public repositories. */
export function requiresAuthentication(): Reply {
  return problem(401, "Requires authentication");
}

export function archived(repo: Repo): Reply | undefined {
  return repo.archived ? problem(403, "Repository was archived so is read-only.") : undefined;
}

/** A page of a list, with GitHub's `Link` header (RFC 8288); 30 entries unless `per_page` (at most 100) says otherwise. */
export async function paged<T>(
  call: RepositoryCall,
  entries: readonly T[],
  shape: (entry: T) => Promise<unknown>,
): Promise<Reply> {
  const number = (name: string, fallback: number, most: number) => {
    const value = Number(call.query.get(name) ?? fallback);
    return Number.isInteger(value) && value > 0 ? Math.min(value, most) : fallback;
  };
  const size = number("per_page", 30, 100);
  const page = number("page", 1, Number.MAX_SAFE_INTEGER);
  const last = Math.max(1, Math.ceil(entries.length / size));
  const link = (to: number, rel: string) => {
    const query = new URLSearchParams(call.query);
    query.set("page", `${to}`);
    return `<${call.url}?${query}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, "prev"), link(1, "first")] : []),
    ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
  ];
  const shapes = await Promise.all(entries.slice((page - 1) * size, page * size).map(shape));
  return json(200, shapes, links.length > 0 ? { link: links.join(", ") } : {});
}
