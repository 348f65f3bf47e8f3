/** GitHub's REST API, the part the service uses: routing, who may ask, rate limit headers. */
import { collect, type ForgeRequest, json, type Reply } from "./http.ts";
import { createRateLimits } from "./rate-limits.ts";
import { permissionOf, type Repo } from "./repositories.ts";
import { pullRoutes } from "./rest-pulls.ts";
import { repositoryRoutes } from "./rest-repositories.ts";
import { problem, type RestParts } from "./rest-route.ts";
import { ownUserShape, type Site } from "./shapes.ts";

/** Where the API is below the site's address, as on GitHub Enterprise Server. */
export const REST_ROOT = "/api/v3";

/** Longest request body read, in bytes. */
const MAX_BODY = 1024 * 1024;

export function createRest(parts: RestParts): (request: ForgeRequest) => Promise<Reply> {
  const { repositories, accounts } = parts;
  const routes = [...repositoryRoutes(parts), ...pullRoutes(parts)];
  const limits = createRateLimits();
  const site: Site = {
    get url() {
      return parts.url();
    },
    get apiUrl() {
      return parts.url() + REST_ROOT;
    },
    idOf: accounts.idOf,
  };

  async function answer(request: ForgeRequest, path: string): Promise<Reply> {
    const { identity, method } = request;
    if (identity.kind === "invalid") return problem(401, "Bad credentials");
    if (path === "/rate_limit" && method === "GET") return json(200, limits.overview(identity));
    if (path === "/user" && method === "GET") {
      if (identity.kind === "none") return problem(401, "Requires authentication");
      const own = repositories.all().filter((repo) => repo.owner === identity.login && !repo.private);
      return json(200, ownUserShape(site, identity.login, own.length));
    }
    const target = locate(path);
    if (target === undefined) return problem(404, "Not Found");
    const { found, tail } = target;
    if (permissionOf(found.repo, identity) === undefined) return problem(404, "Not Found");
    if (found.renamed) return moved(request, found.repo, tail);
    const route = routes.find((candidate) => candidate.method === method && candidate.pattern.test(tail));
    if (route === undefined) return problem(404, "Not Found");
    const input = await inputOf(request);
    if (typeof input === "string") return problem(400, input);
    const captured = route.pattern.exec(tail)?.slice(1) ?? [];
    return await route.answer({
      site,
      repo: found.repo,
      identity,
      query: request.query,
      input,
      parameters: captured.map(decodeURIComponent),
      url: parts.url() + request.path,
    });
  }

  /** `/repos/owner/name…` or `/repositories/id…`, where redirects of renamed repositories lead. */
  function locate(path: string) {
    const [, owner, name, tail] = /^\/repos\/([^/]+)\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    if (owner !== undefined && name !== undefined) {
      const found = repositories.find(decodeURIComponent(owner), decodeURIComponent(name));
      return found === undefined ? undefined : { found, tail: tail ?? "" };
    }
    const [, id, rest] = /^\/repositories\/(\d+)(\/.*)?$/.exec(path) ?? [];
    const repo = repositories.byId(Number(id));
    return repo === undefined ? undefined : { found: { repo, renamed: false }, tail: rest ?? "" };
  }

  /** Redirects by id. 307 keeps the method and body of a write; GitHub answers reads with 301. */
  function moved(request: ForgeRequest, repo: Repo, tail: string): Reply {
    const query = request.query.size > 0 ? `?${request.query}` : "";
    const url = `${site.apiUrl}/repositories/${repo.id}${tail}${query}`;
    const status = request.method === "GET" ? 301 : 307;
    const message = status === 301 ? "Moved Permanently" : "Temporary Redirect";
    const documentation_url = "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api";
    return json(status, { message, url, documentation_url }, { location: url });
  }

  return async (request) => {
    // GitHub refuses requests that do not say who made them; fetch in Workers sends no such header by itself.
    if (request.header("user-agent") === undefined) {
      return problem(
        403,
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent header",
      );
    }
    const path = request.path.slice(REST_ROOT.length);
    const limit = limits.take(request.identity, path === "/rate_limit");
    const reply = await answer(request, path);
    return { ...reply, headers: { ...common(), ...limit, ...reply.headers } };
  };
}

let requests = 0;

function common(): Record<string, string> {
  requests += 1;
  return {
    server: "github.com",
    "x-github-media-type": "github.v3; format=json",
    "x-github-request-id":
      `${process.pid.toString(16)}:${requests.toString(16).padStart(6, "0")}`.toUpperCase(),
  };
}

/** The body as an object, or GitHub's complaint about it. */
async function inputOf(request: ForgeRequest): Promise<Readonly<Record<string, unknown>> | string> {
  if (request.method === "GET" || request.method === "HEAD") return {};
  const bytes = await collect(upTo(request.open(), MAX_BODY));
  if (bytes.byteLength === 0) return {};
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? { ...value } : "Body should be a JSON object";
  } catch {
    return "Problems parsing JSON";
  }
}

async function* upTo(body: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let left = most;
  for await (const chunk of body) {
    left -= chunk.byteLength;
    if (left < 0) return;
    yield chunk;
  }
}
