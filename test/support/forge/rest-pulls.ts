/** REST calls about pull requests: opening, finding, reading and changing them. */
import type { Identity } from "./accounts.ts";
import { json, type Reply } from "./http.ts";
import { pullShape, simplePullShape } from "./pull-shapes.ts";
import { compare, currentTips, label, type Pull, tips } from "./pulls.ts";
import { mayWrite, permissionOf, type Repo, type Repositories, sourceOf } from "./repositories.ts";
import {
  archived,
  type Invalid,
  invalid,
  paged,
  problem,
  type RepositoryCall,
  type RepositoryRoute,
  type RestParts,
  requiresAuthentication,
} from "./rest-route.ts";
import type { Site } from "./shapes.ts";

const CREATE = "/pulls/pulls#create-a-pull-request";
const UPDATE = "/pulls/pulls#update-a-pull-request";

/** Characters, GitHub's limits for what a pull request says. */
const MAX_TITLE = 256;
const MAX_BODY = 65_536;

export function pullRoutes({ repositories }: RestParts): readonly RepositoryRoute[] {
  let pulls = 0;

  async function open({ site, repo, identity, input }: RepositoryCall): Promise<Reply> {
    if (identity.kind !== "user") return requiresAuthentication();
    const refused = archived(repo);
    if (refused !== undefined) return refused;
    const { title, head, base, body, draft } = input;
    for (const [field, value] of Object.entries({ head, base })) {
      if (typeof value !== "string")
        return problem(422, `Invalid request.\n\n"${field}" wasn't supplied.`, CREATE);
    }
    if (typeof head !== "string" || typeof base !== "string") return problem(422, "Invalid request.", CREATE);
    const words = wordProblems({ title: title ?? "", body });
    if (words.length > 0) return invalid(words, CREATE);

    const end = headOf(repositories, repo, head, input["head_repo"]);
    if (end === undefined) return invalid([badField("head")], CREATE);
    if (!mayWrite(permissionOf(end.repo, identity))) {
      return problem(403, "Resource not accessible by personal access token", CREATE);
    }
    const now = await tips(repo, base, end.repo, end.branch);
    const missing = [
      ...(now.head === undefined ? [badField("head")] : []),
      ...(now.base === undefined ? [badField("base")] : []),
    ];
    if (now.head === undefined || now.base === undefined) return invalid(missing, CREATE);

    const same = repo === end.repo;
    const [from, to] = same ? [base, end.branch] : [label(repo, base), label(end.repo, end.branch)];
    const at = { base: now.base, head: now.head };
    const facts = await compare(repo, end.repo, at);
    if (!facts.related)
      return invalid([custom(`The ${to} branch has no history in common with ${from}`)], CREATE);
    if (facts.commits === 0) return invalid([custom(`No commits between ${from} and ${to}`)], CREATE);
    if (draft === true && !repo.allowDrafts) {
      return problem(422, "Draft pull requests are not supported in this repository.", CREATE);
    }
    // Looked up after everything that waits: of two equal requests at once, one is refused.
    const twin = repo.pulls.find(
      (pull) => pull.state === "open" && between(pull, base, end.repo, end.branch),
    );
    if (twin !== undefined) {
      return invalid([custom(`A pull request already exists for ${label(end.repo, end.branch)}.`)], CREATE);
    }

    pulls += 1;
    const time = new Date();
    const pull: Pull = {
      id: pulls,
      number: repo.pulls.length + 1,
      base: repo,
      baseBranch: base,
      head: end.repo,
      headBranch: end.branch,
      author: identity.login,
      title: String(title),
      body: typeof body === "string" ? body : null,
      draft: draft === true,
      state: "open",
      maintainerCanModify: !same && input["maintainer_can_modify"] !== false,
      createdAt: time,
      updatedAt: time,
      closedAt: null,
      seen: at,
    };
    repo.pulls.push(pull);
    const shape = pullShape(site, pull, at, facts, identity);
    return json(201, shape, {
      location: `${site.apiUrl}/repos/${repo.owner}/${repo.name}/pulls/${pull.number}`,
    });
  }

  async function list(call: RepositoryCall): Promise<Reply> {
    const { repo, query } = call;
    const state = query.get("state") ?? "open";
    const base = query.get("base");
    // Without an owner GitHub does not filter by head at all.
    const head = query.get("head")?.includes(":") === true ? query.get("head") : null;
    const found = repo.pulls.filter(
      (pull) =>
        (state === "all" || pull.state === state) &&
        (base === null || pull.baseBranch === base) &&
        (head === null || sameLabel(label(pull.head, pull.headBranch), head)),
    );
    const oldestFirst = query.get("direction") === "asc";
    return await paged(call, oldestFirst ? found : found.reverse(), async (pull) =>
      simplePullShape(call.site, pull, await currentTips(pull), call.identity),
    );
  }

  async function read({ site, repo, identity, parameters }: RepositoryCall): Promise<Reply> {
    const pull = numbered(repo, parameters);
    if (pull === undefined) return problem(404, "Not Found", "/pulls/pulls#get-a-pull-request");
    return json(200, await describe(site, pull, identity));
  }

  async function change({ site, repo, identity, input, parameters }: RepositoryCall): Promise<Reply> {
    if (identity.kind !== "user") return requiresAuthentication();
    const pull = numbered(repo, parameters);
    if (pull === undefined) return problem(404, "Not Found", UPDATE);
    const refused = archived(repo);
    if (refused !== undefined) return refused;
    if (pull.author !== identity.login && !mayWrite(permissionOf(repo, identity))) {
      return problem(403, "Resource not accessible by personal access token", UPDATE);
    }
    const { title, body, state, base } = input;
    const words = wordProblems({ title: title ?? pull.title, body });
    if (words.length > 0) return invalid(words, UPDATE);
    if (state !== undefined && state !== "open" && state !== "closed")
      return invalid([badField("state")], UPDATE);
    if (base !== undefined) {
      const known = typeof base === "string" && (await tips(repo, base, repo, base)).base !== undefined;
      if (!known) return invalid([badField("base")], UPDATE);
      pull.baseBranch = base;
    }
    if (typeof title === "string") pull.title = title;
    if (typeof body === "string" || body === null) pull.body = body;
    if (typeof input["maintainer_can_modify"] === "boolean") {
      pull.maintainerCanModify = input["maintainer_can_modify"];
    }
    if (state !== undefined && state !== pull.state) {
      pull.state = state;
      pull.closedAt = state === "closed" ? new Date() : null;
    }
    pull.updatedAt = new Date();
    return json(200, await describe(site, pull, identity));
  }

  return [
    { method: "POST", pattern: /^\/pulls$/, answer: open },
    { method: "GET", pattern: /^\/pulls$/, answer: list },
    { method: "GET", pattern: /^\/pulls\/(\d+)$/, answer: read },
    { method: "PATCH", pattern: /^\/pulls\/(\d+)$/, answer: change },
  ];
}

async function describe(site: Site, pull: Pull, viewer: Identity): Promise<unknown> {
  const at = await currentTips(pull);
  return pullShape(site, pull, at, await compare(pull.base, pull.head, at), viewer);
}

function numbered(repo: Repo, [number]: readonly string[]): Pull | undefined {
  return repo.pulls.find((pull) => pull.number === Number(number));
}

/** `branch` in the repository itself, or `login:branch` in that login's repository of the same network. */
function headOf(
  repositories: Repositories,
  base: Repo,
  head: string,
  headRepo: unknown,
): { readonly repo: Repo; readonly branch: string } | undefined {
  const colon = head.indexOf(":");
  if (colon < 0) return { repo: base, branch: head };
  const [login, branch] = [head.slice(0, colon).toLowerCase(), head.slice(colon + 1)];
  const named = typeof headRepo === "string" ? headRepo.split("/").at(-1) : undefined;
  const candidates = repositories
    .all()
    .filter((repo) => repo.owner.toLowerCase() === login && sourceOf(repo) === sourceOf(base))
    .filter((repo) => named === undefined || repo.name === named);
  const repo = candidates.find((candidate) => candidate === base) ?? candidates[0];
  return repo === undefined ? undefined : { repo, branch };
}

function between(pull: Pull, baseBranch: string, head: Repo, headBranch: string): boolean {
  return pull.baseBranch === baseBranch && pull.head === head && pull.headBranch === headBranch;
}

/** Logins compare without case, branches with. */
function sameLabel(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => {
    const colon = text.indexOf(":");
    return text.slice(0, colon).toLowerCase() + text.slice(colon);
  });
  return a === b;
}

function wordProblems({ title, body }: { readonly title: unknown; readonly body: unknown }): Invalid[] {
  const problems: Invalid[] = [];
  if (typeof title !== "string" || title.trim() === "") {
    problems.push({ resource: "Issue", code: "missing_field", field: "title" });
  } else if ([...title].length > MAX_TITLE) {
    problems.push(tooLong("title", MAX_TITLE));
  }
  if (typeof body === "string" && [...body].length > MAX_BODY) problems.push(tooLong("body", MAX_BODY));
  return problems;
}

function tooLong(field: string, most: number): Invalid {
  return {
    resource: "Issue",
    code: "custom",
    field,
    message: `${field} is too long (maximum is ${most} characters)`,
  };
}

function badField(field: string): Invalid {
  return { resource: "PullRequest", field, code: "invalid" };
}

function custom(message: string): Invalid {
  return { resource: "PullRequest", code: "custom", message };
}
