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
import { createOverlay, type SavedEdit } from "./overlay.ts";
import { type PushResult, pushCommit } from "./receive-pack.ts";
import { createUploadPack, type FetchedPack, type FetchProgress } from "./upload-pack.ts";
import type { Workspace } from "./workspace.ts";

export interface OpenOptions extends GitConnection {
  readonly branch: string;
  /** Opens this commit, wherever the branch is by now; its id must have come from the same server. */
  readonly commit?: string;
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
  /** Every path whose edit changed since this was last called, as it is now. */
  takeEdits(): readonly SavedEdit[];
  /** Puts back edits of an earlier opening of the same commit; `takeEdits` does not report them. */
  restoreEdits(edits: readonly SavedEdit[]): void;
  /**
   * Creates `branch` at `commit` on a server, and never moves one that is there; with `expected`,
   * moves the branch on from that commit, and only from that.
   */
  push(remote: Remote, branch: string, commit: string, expected?: string): Promise<PushResult>;
}

/**
 * Two requests: the branch, then its trees without any file's content; one when the commit is given.
 * Throws `repository_empty`, `branch_not_found`, `pack_too_large`, `tree_too_large`,
 * `git_protocol_error`, and what git-http.ts throws. The connection's signal ends it at any point.
 */
export async function openWorkspace(options: OpenOptions): Promise<OpenWorkspace> {
  const { branch, commit: pinned, onProgress, limits = DEFAULT_WORKSPACE_LIMITS, ...connection } = options;
  const uploadPack = createUploadPack(connection);
  const baseCommit =
    pinned ?? (await findBranch(await uploadPack.listRefs([`refs/heads/${branch}`]), branch));
  const fetching = uploadPack.fetchCommit(baseCommit, { limits, onProgress });
  const { byteLength, kept, pack } = await (pinned === undefined ? fetching : stillThere(fetching, pinned));
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
    takeEdits: overlay.takeChanged,
    restoreEdits: overlay.restore,
    async push(remote, name, commit, expected) {
      const pack = await store.packWritten();
      return pushCommit({ ...connection, remote }, { branch: name, commit, expected, pack });
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

/**
 * Version 2 gives out any commit it has. Version 0 gives out what is advertised, and more only
 * where the server allows it (uploadpack.allowReachableSHA1InWant).
 */
async function stillThere(fetching: Promise<FetchedPack>, commit: string): Promise<FetchedPack> {
  try {
    return await fetching;
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "git_protocol_error") throw error;
    throw new ServiceError(
      "git_protocol_error",
      `The git server no longer gives out commit ${commit.slice(0, 10)}, which the run started from. Start the run again.`,
      { retryable: true, cause: error },
    );
  }
}

/** A commit's first line names its tree (gitformat: commit.c `parse_commit_buffer`). */
function treeOf(commit: Uint8Array): string {
  const line = ascii(commit.subarray(0, 46));
  if (!/^tree [0-9a-f]{40}\n$/.test(line)) {
    throw new ServiceError("git_protocol_error", "The git server sent a commit that cannot be read.");
  }
  return line.slice(5, 45);
}
