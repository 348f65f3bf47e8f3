/** The job as isomorphic-git's documentation does it, in workerd: clone with checkout, edit, add, commit, push. */
import "../src/workspace/buffer-global.ts";
import LightningFS from "@isomorphic-git/lightning-fs";
import git from "isomorphic-git";
import http from "isomorphic-git/http/web";
import { createCheckoutBackend } from "./checkout-backend.ts";
import type { Job } from "./contender.ts";

export interface IsomorphicRequest {
  readonly job: Job;
  readonly branch: string;
}

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method !== "POST") return new Response("ready");
    const { job, branch } = (await request.json()) as IsomorphicRequest;
    try {
      return Response.json({ pr_url: await carryOut(job, branch) });
    } catch (error) {
      return new Response(error instanceof Error ? error.stack : String(error), { status: 500 });
    }
  },
};

async function carryOut(job: Job, branch: string): Promise<string> {
  const { default_branch: base } = await callRest<{ default_branch: string }>(job, "GET", "");
  const fs = new LightningFS("clone", { backend: createCheckoutBackend() } as unknown as LightningFS.Options);
  const repository = { fs, dir: "/work", cache: {} };
  // Sent with the first request, which saves the one that is answered 401.
  const headers = { authorization: `Basic ${btoa(`x-access-token:${job.token}`)}` };
  await git.clone({
    ...repository,
    http,
    headers,
    url: job.cloneUrl,
    depth: 1,
    singleBranch: true,
    noTags: true,
  });

  const { path, from, to } = job.edit;
  const text = await fs.promises.readFile(`/work/${path}`, { encoding: "utf8" });
  await fs.promises.writeFile(`/work/${path}`, String(text).replaceAll(from, to));
  await git.add({ ...repository, filepath: path });
  const title = `Replace ${from} in ${path}`;
  await git.commit({
    ...repository,
    message: title,
    author: { name: "Bench", email: "bench@localhost.invalid" },
  });
  await git.push({
    ...repository,
    http,
    headers,
    remote: "origin",
    ref: base,
    remoteRef: `refs/heads/${branch}`,
  });
  const pull = await callRest<{ html_url: string }>(job, "POST", "/pulls", {
    title,
    head: branch,
    base,
    body: "",
  });
  return pull.html_url;
}

async function callRest<T>(job: Job, method: string, path: string, input?: unknown): Promise<T> {
  const response = await fetch(`${job.apiUrl}/repos/${job.fullName}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${job.token}`,
      accept: "application/vnd.github+json",
      "user-agent": "bench",
    },
    ...(input === undefined ? {} : { body: JSON.stringify(input) }),
  });
  if (!response.ok)
    throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
