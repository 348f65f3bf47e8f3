/** Plain calls to the local forge's REST API, for tests that look at whole answers. */
import { Octokit } from "@octokit/rest";
import { validateResponse } from "./forge/openapi.ts";
import type { LocalForge } from "./forge/server.ts";

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON. */
  readonly body: Record<string, unknown>;
}

/** Calls `METHOD path` below the forge's API address, with a token or as nobody. Redirects are answers. */
export async function callRest(
  forge: LocalForge,
  token: string | undefined,
  method: string,
  path: string,
  input?: unknown,
): Promise<RestAnswer> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(forge.apiUrl + path, {
    method,
    redirect: "manual",
    headers: { accept: "application/vnd.github+json", "user-agent": "tests", ...authorization },
    ...(input === undefined ? {} : { body: JSON.stringify(input) }),
  });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}

/**
 * The same, for an answer that has to be as GitHub publishes it: throws with what is wrong otherwise.
 *
 * @param template the path as GitHub's OpenAPI document has it, e.g. `/repos/{owner}/{repo}/pulls`
 */
export async function callPublished(
  forge: LocalForge,
  token: string | undefined,
  method: string,
  template: string,
  path: string,
  input?: unknown,
): Promise<RestAnswer> {
  const answer = await callRest(forge, token, method, path, input);
  const problems = validateResponse(method, template, answer.status, answer.body);
  const type = answer.headers.get("content-type");
  if (type !== "application/json; charset=utf-8") problems.push(`the content type is ${type}`);
  if (problems.length > 0) throw new Error(`${method} ${path} ${answer.status}:\n${problems.join("\n")}`);
  return answer;
}

/** GitHub's own client, pointed at the forge and silent. */
export function createOctokit(forge: LocalForge, token: string): Octokit {
  const silent = () => undefined;
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  return new Octokit({ auth: token, baseUrl: forge.apiUrl, log });
}
