/** File contents on demand: blobs are fetched when they are first read, in batches, and kept. */
import { ServiceError } from "../errors.ts";
import type { WorkspaceLimits } from "./limits.ts";
import type { ObjectStore, ObjectsHandle } from "./object-store.ts";
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
  /** Bytes it took to fetch. */
  readonly fetched: number;
  /** Bytes it takes to hold. */
  readonly held: number;
  drop(): void;
}

export interface BlobsOptions {
  readonly store: ObjectStore;
  readonly uploadPack: UploadPack;
  readonly limits: WorkspaceLimits;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
}

export function createBlobs({ store, uploadPack, limits, onProgress }: BlobsOptions): Blobs {
  let fetchedBytes = 0;
  /** Oldest first. */
  const held = new Set<ObjectsHandle>();

  function drop(handle: ObjectsHandle): void {
    if (held.delete(handle)) handle.drop();
  }

  /** Lets the oldest go until the bound is kept; the newest stays whatever its size. */
  function hold(handle: ObjectsHandle): void {
    held.add(handle);
    let total = 0;
    for (const { bytes } of held) total += bytes;
    for (const oldest of held) {
      if (total <= limits.heldBytes || oldest === handle) return;
      total -= oldest.bytes;
      drop(oldest);
    }
  }

  async function fetchOne(oids: readonly string[]): Promise<ObjectsHandle> {
    const { byteLength, kept, pack } = await uploadPack.fetchObjects(oids, { limits, onProgress });
    fetchedBytes += byteLength;
    const handle = await store.addObjects(kept);
    hold(handle);
    // A server that sends deltas by id leaves some to be resolved by the indexer.
    if (pack !== undefined) await store.addPack(pack);
    return handle;
  }

  /** Halves a batch that breaks a bound until only the blobs that break it alone are left out. */
  async function fetchSome(
    oids: readonly string[],
    packs: ObjectsHandle[],
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
    const packs: ObjectsHandle[] = [];
    const tooLarge = new Set<string>();
    const before = fetchedBytes;
    for (let at = 0; at < missing.length; at += limits.hydrateBatch) {
      await fetchSome(missing.slice(at, at + limits.hydrateBatch), packs, tooLarge);
    }
    return {
      tooLarge,
      fetched: fetchedBytes - before,
      held: packs.reduce((sum, { bytes }) => sum + bytes, 0),
      drop() {
        for (const pack of packs) drop(pack);
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
