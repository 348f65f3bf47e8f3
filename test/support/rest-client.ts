/** Plain calls to the local forge's REST API, for tests that look at whole answers. */
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
