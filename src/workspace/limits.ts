/** The bounds that keep a hostile or huge repository inside a 128 MB isolate. */

const MiB = 1024 * 1024;

export interface WorkspaceLimits {
  /** Bytes of one pack on the wire. */
  readonly packBytes: number;
  /** Objects one pack may declare. */
  readonly packObjects: number;
  /** Bytes one object may inflate to; also the largest file an agent can read or write. */
  readonly objectBytes: number;
  /** Bytes all of a pack's objects may inflate to. */
  readonly inflatedBytes: number;
  /** Bytes that resolving a pack's deltas may yield; these stay in memory while it is indexed. */
  readonly deltaBytes: number;
  /** Bytes of one pack's objects that stay in memory: all trees, or the files of one request. */
  readonly keptBytes: number;
  /** Bytes of file contents held at a time; the longest unused go first and are fetched again if read. */
  readonly heldBytes: number;
  /** Deltas on deltas; git itself stops at 50 (4,095 at most). */
  readonly deltaDepth: number;
  /** Paths in the tree, counted with repetition, before the walk is refused. */
  readonly treePaths: number;
  /** Files larger than this are not fetched for a search. */
  readonly searchFileBytes: number;
  /** Bytes of packs that one search may fetch. */
  readonly searchBytes: number;
  /** Blobs asked for in one request (50 bytes each). */
  readonly hydrateBatch: number;
  /** Bytes of all edits together. */
  readonly editBytes: number;
}

export const DEFAULT_WORKSPACE_LIMITS: WorkspaceLimits = {
  packBytes: 32 * MiB,
  packObjects: 400_000,
  objectBytes: 8 * MiB,
  inflatedBytes: 192 * MiB,
  deltaBytes: 32 * MiB,
  keptBytes: 32 * MiB,
  heldBytes: 40 * MiB,
  deltaDepth: 250,
  treePaths: 400_000,
  searchFileBytes: 1 * MiB,
  searchBytes: 128 * MiB,
  hydrateBatch: 1000,
  editBytes: 16 * MiB,
};
