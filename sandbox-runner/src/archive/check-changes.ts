/** What commands may have changed at most for it to be handed out. */
import { RunnerError } from "../errors.ts";
import type { ArchiveLimits } from "./archive.ts";

/** `size` is in bytes. Throws RunnerError `payload_too_large`. */
export function checkChanges(
  files: readonly { readonly size: number }[],
  skipped: number,
  limits: ArchiveLimits,
): void {
  if (files.length + skipped > limits.files) {
    throw new RunnerError(
      "payload_too_large",
      `Commands changed ${files.length + skipped} files; at most ${limits.files} are handed out.`,
    );
  }
  if (files.reduce((bytes, { size }) => bytes + size, 0) > limits.totalBytes) {
    throw new RunnerError(
      "payload_too_large",
      `The files that commands changed are larger than ${limits.totalBytes} bytes together.`,
    );
  }
}
