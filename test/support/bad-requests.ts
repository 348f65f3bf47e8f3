/** Requests that must be refused before any work, with the whole answer each must get. */
import { bodyRequests, configRequests, promptRequests } from "./bad-bodies.ts";
import { fieldRequests } from "./bad-fields.ts";
import type { BadRequest } from "./bad-request.ts";
import { urlRequests } from "./bad-urls.ts";

export { type BadRequest, CANARY } from "./bad-request.ts";

/**
 * The table. `serverUrl` is the origin the service under test allows; every request is bad with any
 * allowed origin, and none starts a run.
 */
export function badRequests(serverUrl = "https://github.com"): readonly BadRequest[] {
  return [
    ...urlRequests(serverUrl),
    ...fieldRequests(serverUrl),
    ...bodyRequests(serverUrl),
    ...configRequests(serverUrl),
    ...promptRequests(),
  ];
}
