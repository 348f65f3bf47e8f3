/** git objects in memory: those kept from packs as they are, whole packs and new objects in isomorphic-git over lightning-fs. */
import "./buffer-global.ts";
import LightningFS from "@isomorphic-git/lightning-fs";
import git from "isomorphic-git";
import { ServiceError } from "../errors.ts";
import { hexOf, utf8 } from "./bytes.ts";
import { createMemoryBackend } from "./memory-backend.ts";
import type { KeptObject } from "./pack-scanner.ts";

export type ObjectType = "blob" | "tree" | "commit" | "tag";

export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface CommitInput {
  readonly message: string;
  readonly tree: string;
  readonly parent: string;
  readonly author: Identity;
  readonly date: Date;
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
  addObjects(objects: Iterable<KeptObject>): Promise<ObjectsHandle>;
  /** Indexes a pack that has passed the scanner, and keeps it as it is. */
  addPack(pack: Uint8Array<ArrayBuffer>): Promise<void>;
  writeBlob(bytes: Uint8Array): Promise<string>;
  /** Takes a tree's own bytes, so that entries it did not touch stay exactly as they were. */
  writeTree(raw: Uint8Array): Promise<string>;
  writeCommit(commit: CommitInput): Promise<string>;
  /** A pack of everything written so far. */
  packWritten(): Promise<Uint8Array>;
}

interface Folder {
  readonly gitdir: string;
  /** isomorphic-git keeps pack indexes here; dropping it drops them. */
  readonly cache: object;
}

export function createObjectStore(): ObjectStore {
  const fs = new LightningFS("workspace", {
    backend: createMemoryBackend(),
  } as unknown as LightningFS.Options);
  const folders = new Map<string, Folder>();
  const written: Folder = { gitdir: "/written", cache: {} };
  const newObjects = new Set<string>();
  const plain = new Map<string, KeptObject>();
  let packs = 0;

  async function readFrom(folder: Folder, oid: string): Promise<{ type: string; bytes: Uint8Array }> {
    const { type, object } = await git.readObject({ fs, ...folder, oid, format: "content" });
    return { type: type ?? "unknown", bytes: object as Uint8Array };
  }

  async function write(type: "blob" | "tree", object: Uint8Array): Promise<string> {
    const oid = await git.writeObject({ fs, ...written, type, object, format: "content" });
    newObjects.add(oid);
    return oid;
  }

  return {
    has: (oid) => plain.has(oid) || folders.has(oid) || newObjects.has(oid),

    async read(oid, type) {
      const object = plain.get(oid);
      if (object?.type === type) return object.bytes;
      const folder = newObjects.has(oid) ? written : folders.get(oid);
      if (folder === undefined) throw unreadable(type, oid);
      let found: { type: string; bytes: Uint8Array };
      try {
        found = await readFrom(folder, oid);
      } catch (error) {
        throw unreadable(type, oid, error);
      }
      if (found.type !== type) throw unreadable(type, oid);
      return found.bytes;
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
      const folder: Folder = { gitdir: `/pack${packs++}`, cache: {} };
      const filepath = "objects/pack/fetched.pack";
      await makeFolders(fs, folder.gitdir);
      await fs.promises.writeFile(`${folder.gitdir}/${filepath}`, pack);
      let oids: string[];
      try {
        ({ oids } = await git.indexPack({ fs, ...folder, dir: folder.gitdir, filepath }));
      } catch (error) {
        throw new ServiceError("git_protocol_error", "The git server sent a pack that cannot be read.", {
          cause: error,
        });
      }
      for (const oid of oids) folders.set(oid, folder);
    },

    writeBlob: (bytes) => write("blob", bytes),
    writeTree: (raw) => write("tree", raw),

    async writeCommit({ message, tree, parent, author, date }) {
      const stamp = { ...author, timestamp: Math.floor(date.getTime() / 1000), timezoneOffset: 0 };
      const oid = await git.writeCommit({
        fs,
        ...written,
        commit: { message, tree, parent: [parent], author: stamp, committer: stamp },
      });
      newObjects.add(oid);
      return oid;
    },

    async packWritten() {
      const { packfile } = await git.packObjects({
        fs,
        ...written,
        dir: written.gitdir,
        oids: [...newObjects],
      });
      if (packfile === undefined) throw new Error("packObjects made no pack");
      return packfile;
    },
  };
}

/** An object's id: the SHA-1 of its type, size and content. */
export async function objectId({ type, bytes }: { type: ObjectType; bytes: Uint8Array }): Promise<string> {
  const header = utf8(`${type} ${bytes.byteLength}\0`);
  const whole = new Uint8Array(header.byteLength + bytes.byteLength);
  whole.set(header);
  whole.set(bytes, header.byteLength);
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-1", whole)));
}

async function makeFolders(fs: LightningFS, gitdir: string): Promise<void> {
  for (const folder of [gitdir, `${gitdir}/objects`, `${gitdir}/objects/pack`])
    await fs.promises.mkdir(folder);
}

function unreadable(type: ObjectType, oid: string, cause?: unknown): ServiceError {
  return new ServiceError("git_protocol_error", `The git server did not send ${type} ${oid}.`, { cause });
}
