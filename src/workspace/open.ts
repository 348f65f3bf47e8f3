/** Opens a repository at a branch and hands out its workspace, and the way to commit and push it. */
import { ServiceError } from "../errors.ts";
import { loadBaseTree } from "./base-tree.ts";
import { createBlobs } from "./blobs.ts";
import { ascii } from "./bytes.ts";
import { encodeCommit, type Identity } from "./commit.ts";
import { writeEditedTree } from "./commit-tree.ts";
import { createWorkspace } from "./create-workspace.ts";
import type { GitConnection, Remote } from "./git-http.ts";
import { DEFAULT_WORKSPACE_LIMITS, type WorkspaceLimits } from "./limits.ts";
import { createObjectStore } from "./object-store.ts";
import { createOverlay } from "./overlay.ts";
import { type PushResult, pushCommit } from "./receive-pack.ts";
import { createUploadPack, type FetchProgress } from "./upload-pack.ts";
import type { Workspace } from "./workspace.ts";

export interface OpenOptions extends GitConnection {
  readonly branch: string;
  readonly limits?: WorkspaceLimits;
  readonly onProgress?: (progress: FetchProgress) => void;
}

export interface CommitOptions {
  readonly message: string;
  readonly author: Identity;
  readonly date: Date;
}

export interface OpenWorkspace {
  readonly workspace: Workspace;
  readonly baseCommit: string;
  readonly fileCount: number;
  /** Calls back with the name, without its folders, of every file of the base commit. */
  eachFileName(visit: (name: string) => void): void;
  /** Bytes of packs received so far. */
  fetchedBytes(): number;
  /** Writes a commit of the edits on top of the base; nothing leaves. Returns its id. */
  commit(options: CommitOptions): Promise<string>;
  /** Creates `branch` at `commit` on a server; never moves a branch that is there. */
  push(remote: Remote, branch: string, commit: string): Promise<PushResult>;
}

/**
 * Two requests: the branch, then its trees without any file's content.
 * Throws `repository_empty`, `branch_not_found`, `pack_too_large`, `tree_too_large`,
 * `git_protocol_error`, and what git-http.ts throws. The connection's signal ends it at any point.
 */
export async function openWorkspace(options: OpenOptions): Promise<OpenWorkspace> {
  const { branch, onProgress, limits = DEFAULT_WORKSPACE_LIMITS, ...connection } = options;
  const uploadPack = createUploadPack(connection);
  const baseCommit = await findBranch(await uploadPack.listRefs([`refs/heads/${branch}`]), branch);
  const { byteLength, kept, pack } = await uploadPack.fetchCommit(baseCommit, { limits, onProgress });
  const store = createObjectStore();
  await store.addObjects(kept);
  if (pack !== undefined) await store.addPack(pack);
  const base = await loadBaseTree(store, treeOf(await store.read(baseCommit, "commit")), limits.treePaths);
  const blobs = createBlobs({ store, uploadPack, limits, onProgress });
  const overlay = createOverlay(base);

  return {
    workspace: createWorkspace({ overlay, blobs, limits }),
    baseCommit,
    fileCount: base.fileCount,
    eachFileName: base.eachName,
    fetchedBytes: () => byteLength + blobs.fetchedBytes,
    async commit({ message, author, date }) {
      const tree = await writeEditedTree(store, base, overlay);
      const commit = encodeCommit({ message, tree, parent: baseCommit, author, date });
      return store.write({ type: "commit", bytes: commit });
    },
    async push(remote, name, commit) {
      const written = await store.packWritten();
      return pushCommit(
        { ...connection, remote },
        { branch: name, commit, expected: undefined, pack: written },
      );
    },
  };
}

function findBranch(refs: readonly { name: string; oid: string }[], branch: string): string {
  const found = refs.find((ref) => ref.name === `refs/heads/${branch}`);
  if (found !== undefined) return found.oid;
  if (refs.length === 0) {
    throw new ServiceError(
      "repository_empty",
      "The repository has no commits yet. Push a first commit, then try again.",
    );
  }
  throw new ServiceError(
    "branch_not_found",
    `The repository has no branch ${JSON.stringify(branch)}. Check base_branch, or leave it out for the default branch.`,
  );
}

/** A commit's first line names its tree (gitformat: commit.c `parse_commit_buffer`). */
function treeOf(commit: Uint8Array): string {
  const line = ascii(commit.subarray(0, 46));
  if (!/^tree [0-9a-f]{40}\n$/.test(line)) {
    throw new ServiceError("git_protocol_error", "The git server sent a commit that cannot be read.");
  }
  return line.slice(5, 45);
}
