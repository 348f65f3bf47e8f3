/** File contents on demand: blobs are fetched when they are first read, in batches, and kept. */
import { ServiceError } from "../errors.ts";
import type { WorkspaceLimits } from "./limits.ts";
import type { ObjectStore, PackHandle } from "./object-store.ts";
import type { FetchProgress, UploadPack } from "./upload-pack.ts";

export interface Blobs {
  /**
   * Fetches what is missing of these, in requests of up to `hydrateBatch`. Blobs over the bounds
   * are left out and returned; finding them costs a request for each halving of their batch.
   */
  ensure(oids: Iterable<string>): Promise<ReadonlySet<string>>;
  /** As `ensure`, with what was fetched so that it can be let go again. */
  borrow(oids: Iterable<string>): Promise<Borrowed>;
  /** One blob's bytes; fetched when missing. Throws `object_too_large`, `pack_too_large`. */
  read(oid: string): Promise<Uint8Array>;
  /** Pack bytes fetched so far. */
  readonly fetchedBytes: number;
}

export interface Borrowed {
  readonly tooLarge: ReadonlySet<string>;
  readonly bytes: number;
  drop(): Promise<void>;
}

export interface BlobsOptions {
  readonly store: ObjectStore;
  readonly uploadPack: UploadPack;
  readonly limits: WorkspaceLimits;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
}

export function createBlobs({ store, uploadPack, limits, onProgress }: BlobsOptions): Blobs {
  let fetchedBytes = 0;

  async function fetchOne(oids: readonly string[]): Promise<PackHandle> {
    const { byteLength, pack } = await uploadPack.fetchObjects(oids, { limits, onProgress });
    fetchedBytes += byteLength;
    if (pack === undefined)
      throw new ServiceError("git_protocol_error", "The git server sent no file contents.");
    return store.addPack(pack);
  }

  /** Halves a batch that breaks a bound until only the blobs that break it alone are left out. */
  async function fetchSome(
    oids: readonly string[],
    packs: PackHandle[],
    tooLarge: Set<string>,
  ): Promise<void> {
    try {
      packs.push(await fetchOne(oids));
    } catch (error) {
      if (!isOverBound(error)) throw error;
      const [only] = oids;
      if (oids.length === 1 && only !== undefined) {
        tooLarge.add(only);
        return;
      }
      const half = Math.ceil(oids.length / 2);
      await fetchSome(oids.slice(0, half), packs, tooLarge);
      await fetchSome(oids.slice(half), packs, tooLarge);
    }
  }

  async function borrow(oids: Iterable<string>): Promise<Borrowed> {
    const missing = [...new Set(oids)].filter((oid) => !store.has(oid));
    const packs: PackHandle[] = [];
    const tooLarge = new Set<string>();
    const before = fetchedBytes;
    for (let at = 0; at < missing.length; at += limits.hydrateBatch) {
      await fetchSome(missing.slice(at, at + limits.hydrateBatch), packs, tooLarge);
    }
    return {
      tooLarge,
      bytes: fetchedBytes - before,
      async drop() {
        for (const pack of packs) await pack.drop();
      },
    };
  }

  return {
    borrow,
    async ensure(oids) {
      return (await borrow(oids)).tooLarge;
    },
    async read(oid) {
      if (!store.has(oid)) await fetchOne([oid]);
      return store.read(oid, "blob");
    },
    get fetchedBytes() {
      return fetchedBytes;
    },
  };
}

export function isOverBound(error: unknown): error is ServiceError {
  return (
    error instanceof ServiceError && (error.code === "object_too_large" || error.code === "pack_too_large")
  );
}
