/** Pages for people: a repository, a branch's files, a pull request with its diff. */
import { type ForgeRequest, html, type Reply } from "./http.ts";
import type { Repositories } from "./repositories.ts";

export function createPages(_repositories: Repositories): (request: ForgeRequest) => Promise<Reply> {
  return async () => html(404, "Not found");
}
