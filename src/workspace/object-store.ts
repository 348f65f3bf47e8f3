/**
 * git objects in memory. Those kept from packs and the new ones are held as they are; the pack of a
 * server that sends everything stays packed, in isomorphic-git over lightning-fs.
 */
import "./buffer-global.ts";
import LightningFS from "@isomorphic-git/lightning-fs";
import git from "isomorphic-git";
import { ServiceError } from "../errors.ts";
import { hexOf, utf8 } from "./bytes.ts";
import { createMemoryBackend } from "./memory-backend.ts";
import { writePack } from "./pack-writer.ts";

export type ObjectType = "blob" | "tree" | "commit" | "tag";

export interface GitObject {
  readonly type: ObjectType;
  readonly bytes: Uint8Array;
}

export interface ObjectsHandle {
  /** What they take in memory. */
  readonly bytes: number;
  /** Forgets these objects and frees their memory. */
  drop(): void;
}

export interface ObjectStore {
  has(oid: string): boolean;
  /** The object's content. Throws `git_protocol_error` when it is absent or of another type. */
  read(oid: string, type: ObjectType): Promise<Uint8Array>;
  /** Takes objects in as they are. */
  addObjects(objects: Iterable<GitObject>): Promise<ObjectsHandle>;
  /** Indexes a pack that has passed the scanner, and keeps it as it is. */
  addPack(pack: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Adds an object to those that will be pushed. Returns its id. */
  write(object: GitObject): Promise<string>;
  /** A pack of everything written so far. */
  packWritten(): Promise<Uint8Array>;
}

export function createObjectStore(): ObjectStore {
  const plain = new Map<string, GitObject>();
  const written = new Map<string, GitObject>();
  const packs: PackedObjects[] = [];

  return {
    has: (oid) => plain.has(oid) || written.has(oid) || packs.some((pack) => pack.oids.has(oid)),

    async read(oid, type) {
      const object = plain.get(oid) ?? written.get(oid) ?? (await readPacked(packs, oid));
      if (object?.type !== type) {
        throw new ServiceError("git_protocol_error", `The git server did not send ${type} ${oid}.`);
      }
      return object.bytes;
    },

    async addObjects(objects) {
      const added = [...objects];
      const oids = await Promise.all(added.map(objectId));
      for (const [i, object] of added.entries()) plain.set(oids[i] ?? "", object);
      return {
        bytes: added.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
        drop() {
          for (const oid of oids) plain.delete(oid);
        },
      };
    },

    async addPack(pack) {
      packs.push(await indexPack(pack));
    },

    async write(object) {
      const oid = await objectId(object);
      written.set(oid, object);
      return oid;
    },

    packWritten: () => writePack([...written.values()]),
  };
}

/** An object's id: the SHA-1 of its type, size and content. */
export async function objectId({ type, bytes }: GitObject): Promise<string> {
  const header = utf8(`${type} ${bytes.byteLength}\0`);
  const whole = new Uint8Array(header.byteLength + bytes.byteLength);
  whole.set(header);
  whole.set(bytes, header.byteLength);
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-1", whole)));
}

interface PackedObjects {
  readonly oids: ReadonlySet<string>;
  read(oid: string): Promise<GitObject>;
}

async function readPacked(packs: readonly PackedObjects[], oid: string): Promise<GitObject | undefined> {
  return await packs.find((pack) => pack.oids.has(oid))?.read(oid);
}

async function indexPack(pack: Uint8Array<ArrayBuffer>): Promise<PackedObjects> {
  const fs = new LightningFS("pack", {
    backend: createMemoryBackend(),
  } as unknown as LightningFS.Options);
  const repository = { fs, gitdir: "/", cache: {} };
  const filepath = "objects/pack/fetched.pack";
  for (const folder of ["/objects", "/objects/pack"]) await fs.promises.mkdir(folder);
  await fs.promises.writeFile(`/${filepath}`, pack);
  try {
    const { oids } = await git.indexPack({ ...repository, dir: "/", filepath });
    return {
      oids: new Set(oids),
      async read(oid) {
        const { type, object } = await git.readObject({ ...repository, oid, format: "content" });
        return { type: type as ObjectType, bytes: object as Uint8Array };
      },
    };
  } catch (error) {
    throw new ServiceError("git_protocol_error", "The git server sent a pack that cannot be read.", {
      cause: error,
    });
  }
}
