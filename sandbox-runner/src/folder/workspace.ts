/** A workspace in a folder of this machine: uploads go in, and what commands changed since then comes out. */
import { join } from "node:path";
import type { ArchiveFile, ArchiveLimits, ChangedFiles, Upload } from "../archive/archive.ts";
import { checkChanges } from "../archive/check-changes.ts";
import { type ListedFile, listFiles } from "./list-files.ts";
import { hashFile, readExactly } from "./read-file.ts";
import { createUploadWriter, parentsOf } from "./write-file.ts";

export interface FolderWorkspace {
  /**
   * Removes what the upload names, then writes its files; whatever is in the way of one is replaced, and links
   * that commands made are never followed. No command may run meanwhile.
   */
  put(upload: Upload, signal: AbortSignal): Promise<void>;
  /**
   * What is different from the uploads. `keep` says of a file that was not uploaded whether it counts. No command
   * may run until the last file has been read.
   *
   * @throws RunnerError `payload_too_large` past the limits.
   */
  changes(keep: (path: string) => boolean, signal: AbortSignal): Promise<ChangedFiles>;
}

/** As it was uploaded. */
interface UploadedFile {
  readonly size: number;
  /** SHA-256, hex. */
  readonly hash: string;
  readonly executable: boolean;
}

type Change = "added" | "modified" | "same" | "too_large";

/** `folder` is there already, and is used for nothing else. `limits` are for what comes out. */
export function createFolderWorkspace(folder: string, limits: ArchiveLimits): FolderWorkspace {
  const uploaded = new Map<string, UploadedFile>();

  const changeOf = async (
    file: ListedFile,
    keep: (path: string) => boolean,
    signal: AbortSignal,
  ): Promise<Change> => {
    const before = uploaded.get(file.path);
    if (before === undefined && !keep(file.path)) return "same";
    const large = file.size > limits.fileBytes;
    if (before === undefined) return large ? "too_large" : "added";
    if (before.size !== file.size) return large ? "too_large" : "modified";
    if (before.executable !== file.executable) return "modified";
    const hash = await hashFile(join(folder, file.path), file.size, signal);
    return before.hash === hash ? "same" : "modified";
  };

  return {
    async put(upload, signal) {
      const writer = createUploadWriter(folder);
      for (const path of upload.removed) {
        signal.throwIfAborted();
        await writer.remove(path);
      }
      forget(uploaded, new Set(upload.removed));
      const written = new Map<string, UploadedFile>();
      for await (const file of upload.files) {
        signal.throwIfAborted();
        const { path, size, executable } = file;
        written.set(path, { size, executable, hash: await writer.write(file, signal) });
      }
      replaceBy(uploaded, written);
    },

    async changes(keep, signal) {
      const { files, skipped } = await listFiles(folder, signal);
      const changed: Record<"added" | "modified", ListedFile[]> = { added: [], modified: [] };
      const there = new Set(skipped.map(({ path }) => path));
      for (const file of files) {
        there.add(file.path);
        const change = await changeOf(file, keep, signal);
        if (change === "too_large") skipped.push({ path: file.path, reason: "too_large" });
        else if (change !== "same") changed[change].push(file);
      }
      const out = [...changed.added, ...changed.modified];
      const counted = skipped.filter(({ path }) => uploaded.has(path) || keep(path));
      const manifest = {
        added: changed.added.map(({ path }) => path),
        modified: changed.modified.map(({ path }) => path),
        deleted: [...uploaded.keys()].filter((path) => !there.has(path)),
        skipped: counted,
      };
      checkChanges(manifest, out, limits);
      return { manifest, files: read(folder, out, signal) };
    },
  };
}

/** Forgets paths, and all that is below them. */
function forget(uploaded: Map<string, UploadedFile>, paths: ReadonlySet<string>): void {
  if (paths.size === 0) return;
  for (const path of uploaded.keys()) {
    if (paths.has(path) || parentsOf(path).some((parent) => paths.has(parent))) uploaded.delete(path);
  }
}

/** What a file was written through, or over, is no file any more. */
function replaceBy(uploaded: Map<string, UploadedFile>, written: ReadonlyMap<string, UploadedFile>): void {
  for (const path of uploaded.keys()) {
    if (parentsOf(path).some((parent) => written.has(parent))) uploaded.delete(path);
  }
  for (const [path, file] of written) {
    for (const parent of parentsOf(path)) uploaded.delete(parent);
    uploaded.set(path, file);
  }
}

async function* read(
  folder: string,
  files: readonly ListedFile[],
  signal: AbortSignal,
): AsyncGenerator<ArchiveFile, void> {
  for (const { path, executable, size } of files) {
    signal.throwIfAborted();
    yield { path, executable, size, content: readExactly(join(folder, path), size, signal) };
  }
}
