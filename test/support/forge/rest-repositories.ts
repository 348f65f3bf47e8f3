/** REST calls about a repository itself: reading it, its branches, forking it and updating a fork. */

import { isBranchName } from "./branches.ts";
import { json, type Reply } from "./http.ts";
import { mayWrite, permissionOf } from "./repositories.ts";
import {
  problem,
  type RepositoryCall,
  type RepositoryRoute,
  type RestParts,
  requiresAuthentication,
} from "./rest-route.ts";
import { branchShape, fullRepositoryShape } from "./shapes.ts";

export function repositoryRoutes({ forks }: RestParts): readonly RepositoryRoute[] {
  async function fork({ site, repo, identity, input }: RepositoryCall): Promise<Reply> {
    if (identity.kind !== "user") return requiresAuthentication();
    if (!repo.allowForking)
      return problem(403, "Forking is disabled for this repository.", "/repos/forks#create-a-fork");
    if (repo.sizeKb === 0) {
      return problem(
        403,
        "The repository exists, but it contains no Git content. Empty repositories cannot be forked.",
      );
    }
    const name = typeof input["name"] === "string" ? { name: input["name"] } : {};
    const defaultBranchOnly = input["default_branch_only"] === true;
    const made = await forks.fork(repo, identity.login, { ...name, defaultBranchOnly });
    return json(202, fullRepositoryShape(site, made, identity));
  }

  async function mergeUpstream({ repo, identity, input }: RepositoryCall): Promise<Reply> {
    const anchor = "/branches/branches#sync-a-fork-branch-with-the-upstream-repository";
    if (identity.kind !== "user") return requiresAuthentication();
    if (!mayWrite(permissionOf(repo, identity))) {
      return problem(403, "Resource not accessible by personal access token", anchor);
    }
    const branch = input["branch"];
    if (typeof branch !== "string" || !isBranchName(branch)) {
      return problem(422, 'Invalid request.\n\n"branch" wasn\'t supplied.', anchor);
    }
    if (repo.parent === undefined) return problem(422, "This repository is not a fork.", anchor);
    const upstream = `${repo.parent.owner}:${branch}`;
    const outcome = await forks.sync(repo, repo.parent, branch);
    switch (outcome) {
      case "conflict":
        return problem(409, "There are merge conflicts between the two branches.", anchor);
      case "no_upstream_branch":
        return problem(422, `The upstream repository has no branch ${branch}.`, anchor);
      case "none":
        return json(200, {
          message: `This branch is not behind the upstream ${upstream}.`,
          merge_type: outcome,
          base_branch: upstream,
        });
      case "fast-forward":
      case "merge": {
        repo.touch();
        const done = outcome === "merge" ? "merged" : "fast-forwarded";
        const message = `Successfully fetched and ${done} from upstream ${upstream}.`;
        return json(200, { message, merge_type: outcome, base_branch: upstream });
      }
    }
  }

  async function branch({ site, repo, parameters }: RepositoryCall): Promise<Reply> {
    const [name = ""] = parameters;
    const shape = isBranchName(name) ? await branchShape(site, repo, name) : undefined;
    return shape === undefined
      ? problem(404, "Branch not found", "/branches/branches#get-a-branch")
      : json(200, shape);
  }

  return [
    {
      method: "GET",
      pattern: /^$/,
      answer: async ({ site, repo, identity }) => json(200, fullRepositoryShape(site, repo, identity)),
    },
    { method: "POST", pattern: /^\/forks$/, answer: fork },
    { method: "POST", pattern: /^\/merge-upstream$/, answer: mergeUpstream },
    { method: "GET", pattern: /^\/branches\/(.+)$/, answer: branch },
  ];
}
