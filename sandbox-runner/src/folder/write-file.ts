/** Writes the files of an upload into a folder in which hostile commands may have made links. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ArchiveFile } from "../archive/archive.ts";

export interface UploadWriter {
  /** Removes a path and all below it, also when it is not there. */
  remove(path: string): Promise<void>;
  /** Replaces whatever is at the file's path, or in the way to it. The content's SHA-256 in hex. */
  write(file: ArchiveFile, signal: AbortSignal): Promise<string>;
}

/** Never through a link, and never into a file that is there: it may have another name elsewhere. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** For one upload, while no command runs: folders that were looked at are not looked at again. */
export function createUploadWriter(root: string): UploadWriter {
  const folders = new Set<string>();

  /** Makes the folders that lead to a path. */
  const makeFolders = async (path: string): Promise<void> => {
    for (const parent of parentsOf(path)) {
      if (folders.has(parent)) continue;
      const kind = await kindOf(join(root, parent));
      if (kind === "other") await rm(join(root, parent));
      if (kind !== "folder") await mkdir(join(root, parent));
      folders.add(parent);
    }
  };

  const create = async (path: string, executable: boolean): Promise<FileHandle> => {
    const mode = executable ? 0o755 : 0o644;
    try {
      return await open(join(root, path), FLAGS, mode);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      await rm(join(root, path), { recursive: true });
      folders.clear();
      return await open(join(root, path), FLAGS, mode);
    }
  };

  return {
    async remove(path) {
      for (const parent of parentsOf(path)) {
        if ((await kindOf(join(root, parent))) !== "folder") return;
      }
      await rm(join(root, path), { recursive: true, force: true });
      folders.clear();
    },

    async write({ path, executable, content }, signal) {
      await makeFolders(path);
      const file = await create(path, executable);
      try {
        const hash = createHash("sha256");
        for await (const piece of content) {
          signal.throwIfAborted();
          hash.update(piece);
          await file.writeFile(piece);
        }
        return hash.digest("hex");
      } finally {
        await file.close();
      }
    },
  };
}

/** From the outermost to the innermost. */
export function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) parents.push(path.slice(0, at));
  return parents;
}

async function kindOf(path: string): Promise<"folder" | "other" | "nothing"> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (stats === undefined) return "nothing";
  return stats.isDirectory() ? "folder" : "other";
}
