/** GitHub's JSON for users, repositories and branches, with every field its OpenAPI document requires. */
import type { Identity } from "./accounts.ts";
import { fullNameOf, mayWrite, permissionOf, type Repo, sourceOf } from "./repositories.ts";

/** Where the two sites are, and how logins are numbered. */
export interface Site {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly apiUrl: string;
  idOf(login: string): number;
}

type Json = Record<string, unknown>;

/** GraphQL-style id, as GitHub's `node_id`: base64 of a type and a number. */
export function nodeId(type: string, id: number | string): string {
  return Buffer.from(`0${type.length}:${type}${id}`).toString("base64");
}

/** Schema `simple-user`. */
export function userShape(site: Site, login: string): Json {
  const api = `${site.apiUrl}/users/${login}`;
  const id = site.idOf(login);
  return {
    login,
    id,
    node_id: nodeId("User", id),
    avatar_url: `${site.url}/avatars/u/${id}`,
    gravatar_id: "",
    url: api,
    html_url: `${site.url}/${login}`,
    followers_url: `${api}/followers`,
    following_url: `${api}/following{/other_user}`,
    gists_url: `${api}/gists{/gist_id}`,
    starred_url: `${api}/starred{/owner}{/repo}`,
    subscriptions_url: `${api}/subscriptions`,
    organizations_url: `${api}/orgs`,
    repos_url: `${api}/repos`,
    events_url: `${api}/events{/privacy}`,
    received_events_url: `${api}/received_events`,
    type: "User",
    user_view_type: "public",
    site_admin: false,
  };
}

/** Schema `public-user`: what `GET /user` answers to a token without the `user` scope. */
export function ownUserShape(site: Site, login: string, repositories: number): Json {
  return {
    ...userShape(site, login),
    name: null,
    company: null,
    blog: "",
    location: null,
    email: null,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: repositories,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: "2024-01-01T00:00:00Z",
    updated_at: "2024-01-01T00:00:00Z",
  };
}

/** Addresses below a repository's API address: plain ones, and URI templates (RFC 6570). */
const LINKS = {
  archive: "/{archive_format}{/ref}",
  assignees: "/assignees{/user}",
  blobs: "/git/blobs{/sha}",
  branches: "/branches{/branch}",
  collaborators: "/collaborators{/collaborator}",
  comments: "/comments{/number}",
  commits: "/commits{/sha}",
  compare: "/compare/{base}...{head}",
  contents: "/contents/{+path}",
  contributors: "/contributors",
  deployments: "/deployments",
  downloads: "/downloads",
  events: "/events",
  forks: "/forks",
  git_commits: "/git/commits{/sha}",
  git_refs: "/git/refs{/sha}",
  git_tags: "/git/tags{/sha}",
  hooks: "/hooks",
  issue_comment: "/issues/comments{/number}",
  issue_events: "/issues/events{/number}",
  issues: "/issues{/number}",
  keys: "/keys{/key_id}",
  labels: "/labels{/name}",
  languages: "/languages",
  merges: "/merges",
  milestones: "/milestones{/number}",
  notifications: "/notifications{?since,all,participating}",
  pulls: "/pulls{/number}",
  releases: "/releases{/id}",
  stargazers: "/stargazers",
  statuses: "/statuses/{sha}",
  subscribers: "/subscribers",
  subscription: "/subscription",
  tags: "/tags",
  teams: "/teams",
  trees: "/git/trees{/sha}",
} as const;

/** Schema `repository`; `permissions` only for somebody, as on GitHub. */
export function repositoryShape(site: Site, repo: Repo, viewer: Identity): Json {
  const fullName = fullNameOf(repo);
  const api = `${site.apiUrl}/repos/${fullName}`;
  const page = `${site.url}/${fullName}`;
  const host = new URL(site.url).host;
  const open = repo.pulls.filter((pull) => pull.state === "open").length;
  const permission = permissionOf(repo, viewer);
  const write = mayWrite(permission);
  const permissions = {
    admin: permission === "admin",
    maintain: permission === "admin",
    push: write,
    triage: write,
    pull: permission !== undefined,
  };
  return {
    id: repo.id,
    node_id: nodeId("Repository", repo.id),
    name: repo.name,
    full_name: fullName,
    private: repo.private,
    owner: userShape(site, repo.owner),
    html_url: page,
    description: null,
    fork: repo.parent !== undefined,
    url: api,
    ...Object.fromEntries(Object.entries(LINKS).map(([name, path]) => [`${name}_url`, api + path])),
    created_at: instant(repo.createdAt),
    updated_at: instant(repo.pushedAt),
    pushed_at: instant(repo.pushedAt),
    git_url: `git://${host}/${fullName}.git`,
    ssh_url: `git@${host}:${fullName}.git`,
    clone_url: `${page}.git`,
    svn_url: page,
    mirror_url: null,
    homepage: null,
    size: repo.sizeKb,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    archived: repo.archived,
    disabled: false,
    open_issues_count: open,
    license: null,
    allow_forking: repo.allowForking,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repo.private ? "private" : "public",
    forks: 0,
    open_issues: open,
    watchers: 0,
    default_branch: repo.defaultBranch,
    ...(viewer.kind === "user" ? { permissions } : {}),
  };
}

/** Schema `full-repository`. */
export function fullRepositoryShape(site: Site, repo: Repo, viewer: Identity): Json {
  const family =
    repo.parent === undefined
      ? {}
      : {
          parent: repositoryShape(site, repo.parent, viewer),
          source: repositoryShape(site, sourceOf(repo), viewer),
        };
  return {
    ...repositoryShape(site, repo, viewer),
    temp_clone_token: null,
    network_count: 0,
    subscribers_count: 0,
    ...family,
  };
}

/** Schema `branch-with-protection`, or undefined when the branch is not there. One git process. */
export async function branchShape(site: Site, repo: Repo, branch: string): Promise<Json | undefined> {
  const format = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B";
  const shown = await repo.tryGit(["log", "-1", `--format=${format}`, `refs/heads/${branch}`, "--"]);
  if (shown.code !== 0) return undefined;
  const [sha = "", tree = "", parents = "", an, ae, ad, cn, ce, cd, message = ""] = shown.stdout.split("\0");
  const api = `${site.apiUrl}/repos/${fullNameOf(repo)}`;
  const page = `${site.url}/${fullNameOf(repo)}`;
  const self = `${api}/branches/${encodeURIComponent(branch)}`;
  return {
    name: branch,
    commit: {
      sha,
      node_id: nodeId("Commit", sha),
      commit: {
        author: { name: an, email: ae, date: ad },
        committer: { name: cn, email: ce, date: cd },
        message: message.trimEnd(),
        tree: { sha: tree, url: `${api}/git/trees/${tree}` },
        url: `${api}/git/commits/${sha}`,
        comment_count: 0,
        verification: {
          verified: false,
          reason: "unsigned",
          signature: null,
          payload: null,
          verified_at: null,
        },
      },
      url: `${api}/commits/${sha}`,
      html_url: `${page}/commit/${sha}`,
      comments_url: `${api}/commits/${sha}/comments`,
      author: null,
      committer: null,
      parents: parents
        .split(" ")
        .filter((parent) => parent.length > 0)
        .map((parent) => ({
          sha: parent,
          url: `${api}/commits/${parent}`,
          html_url: `${page}/commit/${parent}`,
        })),
    },
    _links: { self, html: `${page}/tree/${branch}` },
    protected: false,
    protection: {
      enabled: false,
      required_status_checks: { enforcement_level: "off", contexts: [], checks: [] },
    },
    protection_url: `${self}/protection`,
  };
}

/** ISO 8601 to the second, as GitHub writes times. */
export function instant(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
