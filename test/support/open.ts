/** Opens workspaces on the local forge the way the service does. */
import { createEgress } from "../../src/egress.ts";
import type { WorkspaceLimits } from "../../src/workspace/limits.ts";
import { type OpenWorkspace, openWorkspace } from "../../src/workspace/open.ts";
import type { FetchProgress } from "../../src/workspace/upload-pack.ts";
import type { ForgeRepository } from "./forge/server.ts";

export const TOKEN = "tok_0123456789abcdef";
export const TOKENS = { [TOKEN]: { login: "octo" } } as const;
export const AUTHORIZATION = `Basic ${btoa(`x-access-token:${TOKEN}`)}`;
export const AUTHOR = { name: "Tiny Backspace", email: "tiny@example.com" };
export const DATE = new Date("2026-01-02T03:04:05Z");

export interface OpenExtras {
  readonly branch?: string;
  readonly commit?: string;
  readonly limits?: WorkspaceLimits;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
}

export function open(repository: ForgeRepository, extras: OpenExtras = {}): Promise<OpenWorkspace> {
  const { branch = repository.defaultBranch, signal = new AbortController().signal, ...rest } = extras;
  return openWorkspace({
    remote: remoteOf(repository),
    branch,
    signal,
    fetch: createEgress({ origins: [repository.cloneUrl] }),
    ...rest,
  });
}

export function remoteOf(repository: ForgeRepository): { url: string; authorization: string } {
  return { url: repository.cloneUrl, authorization: AUTHORIZATION };
}

/** Commits the edits, pushes them to `branch`, and returns the commit. */
export async function publish(
  opened: OpenWorkspace,
  repository: ForgeRepository,
  branch = "change",
): Promise<string> {
  const commit = await opened.commit({ message: "Change\n", author: AUTHOR, date: DATE });
  const result = await opened.push(remoteOf(repository), branch, commit);
  if (result !== "pushed") throw new Error(`not pushed: ${result}`);
  return commit;
}
