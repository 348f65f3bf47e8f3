/** Uploads into a sandbox: a tar through a waiting shell, and notes of what went in. */
import { createHash } from "node:crypto";
import type { ArchiveFile, Upload } from "../archive/archive.ts";
import { RunnerError } from "../errors.ts";
import { readListing } from "./listing.ts";
import { packFiles } from "./pack.ts";
import type { Shell } from "./shell.ts";
import type { Uploaded, UploadedFile } from "./uploaded.ts";

const NUL = 0;

/**
 * Uses the shell up. `fresh` says that the workspace is as it was when the sandbox started; `most` is how many files and
 * folders it may hold. Throws RunnerError; the workspace is then in an unknown state.
 */
export async function putFiles(
  shell: Shell,
  upload: Upload,
  uploaded: Uploaded,
  fresh: boolean,
  most: number,
): Promise<void> {
  const folders = new Set<string>();
  if (!fresh) {
    await shell.send("unlock");
    await shell.send("remove", pathList(upload.removed));
    uploaded.remove(upload.removed);
    await shell.send("list");
    for (const { path } of await readListing(shell, most, ({ kind }) => kind === "folder")) folders.add(path);
  }
  await shell.send("put");
  const written = new Map<string, UploadedFile>();
  const sending = (async () => {
    try {
      for await (const bytes of packFiles(hashed(upload.files, written), folders)) await shell.write(bytes);
    } finally {
      // Also of an upload that breaks off: `tar` would wait for the rest of it.
      shell.end();
    }
  })();
  // Reads meanwhile: a tar that complains must not be stopped by nobody listening.
  const unpacking = shell.readUntil(NUL, 0);
  const failed = (await Promise.allSettled([sending, unpacking])).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw explain(failed.reason, shell.complaint());
  uploaded.add(written);
}

/** Each path with a zero after it, and so that none is taken for a flag or for standard input. */
export function pathList(paths: readonly string[]): Uint8Array {
  return Buffer.from(paths.map((path) => `./${path}\0`).join(""));
}

/** What GNU tar says when bytes, or files, are too many, and the shell when the kernel has no memory for them. */
const FULL = /No space left on device|Wrote only|Killed/;

function explain(error: unknown, complaint: string): unknown {
  if (!FULL.test(complaint)) return error;
  return new RunnerError("payload_too_large", "The files do not fit into the sandbox's workspace.", {
    cause: error,
  });
}

/** The same files; what they are is noted once they have been read. */
async function* hashed(
  files: AsyncIterable<ArchiveFile>,
  written: Map<string, UploadedFile>,
): AsyncGenerator<ArchiveFile, void> {
  for await (const file of files) {
    const hash = createHash("sha256");
    const content = async function* () {
      for await (const bytes of file.content) {
        hash.update(bytes);
        yield bytes;
      }
    };
    yield { ...file, content: content() };
    written.set(file.path, { size: file.size, executable: file.executable, hash: hash.digest("hex") });
  }
}
