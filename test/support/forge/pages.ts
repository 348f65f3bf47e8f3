/** Pages for people: a repository, a branch's files, a commit, a pull request with its diff. */

import { isBranchName } from "./branches.ts";
import { diffHtml } from "./diff-html.ts";
import { type ForgeRequest, html, type Reply, text } from "./http.ts";
import { encodePath, escapeHtml, page } from "./layout.ts";
import { markdown } from "./markdown.ts";
import { currentTips, label, type Pull, readingBoth } from "./pulls.ts";
import { fullNameOf, permissionOf, type Repo, type Repositories } from "./repositories.ts";

/** Entries shown of a branch: a page is for looking, the clone has them all. */
const MAX_ENTRIES = 1000;

/** Bytes of diff shown. */
const MAX_DIFF = 512 * 1024;

/** Options for every diff shown: no colour codes, no programs a repository could name, renames found. */
const DIFF = ["--no-color", "--no-ext-diff", "--no-textconv", "--find-renames"] as const;

export function createPages(repositories: Repositories): (request: ForgeRequest) => Promise<Reply> {
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") return text(405, "Method Not Allowed\n");
    if (request.path === "/") return html(200, homePage(repositories.all().filter((repo) => !repo.private)));
    const [, owner = "", name = "", tail = ""] = /^\/([^/]+)\/([^/]+)(\/.*)?$/.exec(request.path) ?? [];
    const found = repositories.find(owner, name);
    if (found === undefined || permissionOf(found.repo, request.identity) === undefined) return notFound();
    const { repo } = found;
    if (found.renamed) return text(301, "", { location: `/${fullNameOf(repo)}${tail}` });
    if (tail === "" || tail === "/") return html(200, await repositoryPage(repo));

    const [, number, kind] = /^\/pull\/(\d+)(\.diff|\.patch)?$/.exec(tail) ?? [];
    const pull = repo.pulls.find((candidate) => candidate.number === Number(number));
    if (pull !== undefined) {
      return kind === undefined ? html(200, await pullPage(pull)) : text(200, await rawDiff(pull, kind));
    }
    const branch = /^\/tree\/(.+)$/.exec(tail)?.[1];
    if (branch !== undefined) return await treePage(repo, decodeURIComponent(branch));
    const commit = /^\/commit\/([0-9a-f]{7,64})$/.exec(tail)?.[1];
    return commit === undefined ? notFound() : await commitPage(repo, commit);
  };
}

function notFound(): Reply {
  return html(404, page("Not found", "<h1>Not found</h1><p>There is no such page on this forge.</p>"));
}

function homePage(repos: readonly Repo[]): string {
  return page("Repositories", `<h1>Repositories</h1>${rows(repos.map((repo) => repoLink(repo)))}`);
}

async function repositoryPage(repo: Repo): Promise<string> {
  const format = "--format=%(refname:short)%09%(objectname:short)%09%(contents:subject)";
  const listed = await repo.git(["for-each-ref", "--sort=-committerdate", format, "refs/heads/"]);
  const branches = listed.split("\n").filter((line) => line.length > 0);
  const branchRows = branches.map((line) => {
    const [branch = "", commit = "", subject = ""] = line.split("\t");
    return `${branchLink(repo, branch)} <span class="muted"><code>${commit}</code> ${escapeHtml(subject)}</span>`;
  });
  const pulls = repo.pulls.toReversed().map((pull) => `${badge(pull)} ${pullLink(pull)}`);
  const parent = repo.parent === undefined ? "" : ` · forked from ${repoLink(repo.parent)}`;
  const archived = repo.archived ? " · archived" : "";
  return page(
    fullNameOf(repo),
    `<h1>${repoLink(repo)}</h1>
<p class="meta">default branch ${branchLink(repo, repo.defaultBranch)}${parent}${archived}</p>
<h2>Pull requests</h2>${rows(pulls)}
<h2>Branches</h2>${rows(branchRows)}`,
  );
}

async function treePage(repo: Repo, branch: string): Promise<Reply> {
  const ref = `refs/heads/${branch}`;
  if (!isBranchName(branch)) return notFound();
  const listed = await repo.tryGit(["ls-tree", "-r", "-z", "--name-only", ref]);
  if (listed.code !== 0) return notFound();
  const last = await repo.git(["log", "-1", "--format=%H%x09%s", ref, "--"]);
  const [commit = "", subject = ""] = last.split("\t");
  const paths = listed.stdout.split("\0").filter((path) => path.length > 0);
  const shown = paths.slice(0, MAX_ENTRIES).map((path) => `<code>${escapeHtml(path)}</code>`);
  const more = paths.length - shown.length;
  const rest = more > 0 ? [`<span class="muted">… and ${more} more</span>`] : [];
  const main = `<p class="meta">${repoLink(repo)}</p>
<h1>${escapeHtml(branch)}</h1>
<p class="meta">${commitLink(repo, commit)} ${escapeHtml(subject)} · ${paths.length} files</p>
${rows([...shown, ...rest])}`;
  return html(200, page(`${branch} · ${fullNameOf(repo)}`, main));
}

async function commitPage(repo: Repo, name: string): Promise<Reply> {
  const shown = await repo.tryGit(["show", "--format=%H%n%an%n%aI%n%B%x00", ...DIFF, name, "--"]);
  const [head = "", diff = ""] = shown.stdout.split("\0");
  const [commit = "", author = "", date = "", ...message] = head.split("\n");
  if (shown.code !== 0) return notFound();
  const [subject = "", ...body] = message.join("\n").trim().split("\n");
  const main = `<p class="meta">${repoLink(repo)}</p>
<h1>${escapeHtml(subject)}</h1>
<p class="meta"><code>${commit}</code> by ${escapeHtml(author)}, ${escapeHtml(date)}</p>
<pre>${escapeHtml(body.join("\n").trim())}</pre>
${shownDiff(diff)}`;
  return html(200, page(subject, main));
}

async function pullPage(pull: Pull): Promise<string> {
  const { base, head } = pull;
  const from = `<code>${escapeHtml(label(head, pull.headBranch))}</code>`;
  const to = `<code>${escapeHtml(label(base, pull.baseBranch))}</code>`;
  const at = await currentTips(pull);
  const range = `${at.base}..${at.head}`;
  const env = readingBoth(base, head);
  const [diff, log] = await Promise.all([
    rawDiff(pull, ".diff"),
    base.git(["log", "--reverse", "--max-count=250", "--format=%H%x09%s", range, "--"], { env }),
  ]);
  const commits = log
    .split("\n")
    .filter((line) => line.length > 0)
    .map((line) => {
      const [commit = "", subject = ""] = line.split("\t");
      return `${commitLink(head, commit)} ${escapeHtml(subject)}`;
    });
  const body =
    pull.body === null || pull.body.trim() === ""
      ? '<p class="muted">No description.</p>'
      : markdown(pull.body);
  const main = `<p class="meta">${repoLink(base)}</p>
<h1>${escapeHtml(pull.title)} <span class="muted">#${pull.number}</span></h1>
<p class="meta">${badge(pull)} <b>${escapeHtml(pull.author)}</b> wants to merge ${from} into ${to}</p>
<section class="box"><div class="prose">${body}</div></section>
<h2>Commits</h2>${rows(commits)}
<h2>Changes</h2>${shownDiff(diff)}`;
  return page(`${pull.title} · Pull request #${pull.number} · ${fullNameOf(base)}`, main);
}

/** What the head branch brings since it left the base branch: a diff, or mailbox patches. */
async function rawDiff(pull: Pull, kind: string): Promise<string> {
  const { base: from, head: to } = await currentTips(pull);
  const env = readingBoth(pull.base, pull.head);
  const args =
    kind === ".patch" ? ["format-patch", "--stdout", `${from}..${to}`] : ["diff", ...DIFF, `${from}...${to}`];
  return `${await pull.base.git(args, { env })}\n`;
}

function shownDiff(diff: string): string {
  if (diff.length <= MAX_DIFF) return diffHtml(diff);
  return `${diffHtml(diff.slice(0, MAX_DIFF))}<p class="muted">The rest of the diff is not shown.</p>`;
}

function badge(pull: Pull): string {
  const state = pull.state === "open" && pull.draft ? "draft" : pull.state;
  return `<span class="badge ${state}">${state}</span>`;
}

function rows(items: readonly string[]): string {
  if (items.length === 0) return '<p class="muted">None.</p>';
  return `<div class="box"><ul class="rows">${items.map((item) => `<li>${item}</li>`).join("\n")}</ul></div>`;
}

function repoLink(repo: Repo): string {
  return `<a href="/${fullNameOf(repo)}">${escapeHtml(fullNameOf(repo))}</a>`;
}

function branchLink(repo: Repo, branch: string): string {
  return `<a href="/${fullNameOf(repo)}/tree/${encodePath(branch)}">${escapeHtml(branch)}</a>`;
}

function pullLink(pull: Pull): string {
  const text = `${escapeHtml(pull.title)} <span class="muted">#${pull.number}</span>`;
  return `<a href="/${fullNameOf(pull.base)}/pull/${pull.number}">${text}</a>`;
}

function commitLink(repo: Repo, commit: string): string {
  return `<a href="/${fullNameOf(repo)}/commit/${commit}"><code>${commit.slice(0, 7)}</code></a>`;
}
