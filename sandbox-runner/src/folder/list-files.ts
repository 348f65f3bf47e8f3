/** Lists the files below a folder as they are, whatever commands made of them. */
import { isUtf8 } from "node:buffer";
import type { Dirent, Stats } from "node:fs";
import { chmod, lstat, readdir } from "node:fs/promises";
import type { ChangesManifest } from "../../../src/sandbox/wire.ts";
import { isDotGit, problemWithPath } from "../archive/path.ts";
import { RunnerError } from "../errors.ts";

export interface ListedFile {
  readonly path: string;
  readonly executable: boolean;
  readonly size: number;
}

export interface Listing {
  readonly files: ListedFile[];
  readonly skipped: ChangesManifest["skipped"];
}

/** Files, folders and all else together; no listing costs more time or memory than that many. */
const MAX_ENTRIES = 1_000_000;
/** As long as a path may be, in bytes (PATH_MAX). */
const MAX_PATH_BYTES = 4_096;
/** The owner's rights to read a folder and to enter it. */
const OPEN = 0o500;
const SLASH = Buffer.from("/");

/**
 * Every regular file, and what is there and is none, in the order of their paths. Nothing is followed, `.git` is left out at any depth, and
 * what cannot be read by its owner is made readable: commands end with such files too. No command may run meanwhile.
 *
 * @throws RunnerError `payload_too_large` when there are more than a million entries.
 */
export async function listFiles(folder: string, signal: AbortSignal): Promise<Listing> {
  const listing: Listing = { files: [], skipped: [] };
  const root = Buffer.from(folder);
  const pending: Buffer[] = [Buffer.alloc(0)];
  let entries = 0;
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    signal.throwIfAborted();
    for (const entry of await entriesOf(absolute(root, parent))) {
      entries += 1;
      if (entries > MAX_ENTRIES) {
        throw new RunnerError(
          "payload_too_large",
          `The workspace holds more than ${MAX_ENTRIES} files and folders.`,
        );
      }
      if (isDotGit(entry.name.toString())) continue;
      const name = parent.byteLength === 0 ? entry.name : Buffer.concat([parent, SLASH, entry.name]);
      const path = name.toString("utf8");
      const tooLong = root.byteLength + 1 + name.byteLength >= MAX_PATH_BYTES;
      if (tooLong || !isUtf8(name) || problemWithPath(path) !== undefined) {
        listing.skipped.push({ path, reason: "bad_name" });
      } else if (entry.isDirectory()) pending.push(name);
      else if (entry.isFile()) listing.files.push(toFile(path, await lstat(absolute(root, name))));
      else listing.skipped.push({ path, reason: "not_a_file" });
    }
  }
  listing.files.sort(byPath);
  listing.skipped.sort(byPath);
  return listing;
}

function byPath(left: { readonly path: string }, right: { readonly path: string }): number {
  if (left.path === right.path) return 0;
  return left.path < right.path ? -1 : 1;
}

function absolute(root: Buffer, name: Buffer): Buffer {
  return name.byteLength === 0 ? root : Buffer.concat([root, SLASH, name]);
}

/** Also of a folder that its owner may not read or enter: entries of the latter kind can be read, but not looked at. */
async function entriesOf(folder: Buffer): Promise<Dirent<Buffer>[]> {
  const stats = await lstat(folder);
  if (stats.isDirectory() && (stats.mode & OPEN) !== OPEN) await chmod(folder, 0o700);
  return await readdir(folder, { withFileTypes: true, encoding: "buffer" });
}

function toFile(path: string, stats: Stats): ListedFile {
  return { path, executable: (stats.mode & 0o100) !== 0, size: stats.size };
}
