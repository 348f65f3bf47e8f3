/** What commands may have changed at most for it to be handed out. */
import { type ChangesManifest, MAX_CHANGES_BYTES } from "../../../src/sandbox/wire.ts";
import { RunnerError } from "../errors.ts";
import type { ArchiveLimits } from "./archive.ts";

/** `files` are those that `manifest` says are handed out; `size` is in bytes. Throws RunnerError `payload_too_large`. */
export function checkChanges(
  manifest: ChangesManifest,
  files: readonly { readonly size: number }[],
  limits: ArchiveLimits,
): void {
  const count = files.length + manifest.skipped.length;
  if (count > limits.files)
    throw tooLarge(`Commands changed ${count} files; at most ${limits.files} are handed out.`);
  if (files.reduce((bytes, { size }) => bytes + size, 0) > limits.totalBytes) {
    throw tooLarge(`The files that commands changed are larger than ${limits.totalBytes} bytes together.`);
  }
  checkNames(manifest);
}

/** Name by name: a byte of a name takes up to six in JSON, so the whole could be more than there is memory for. */
function checkNames(manifest: ChangesManifest): void {
  let bytes = JSON.stringify({ added: [], modified: [], deleted: [], skipped: [] }).length;
  for (const list of [manifest.added, manifest.modified, manifest.deleted, manifest.skipped]) {
    for (const item of list) {
      bytes += Buffer.byteLength(JSON.stringify(item)) + ",".length;
      if (bytes > MAX_CHANGES_BYTES)
        throw tooLarge(`The list of what commands changed is longer than ${MAX_CHANGES_BYTES} bytes.`);
    }
  }
}

function tooLarge(message: string): RunnerError {
  return new RunnerError("payload_too_large", message);
}
