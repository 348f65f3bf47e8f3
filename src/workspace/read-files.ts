/** Reading very many files in the memory of a few: fetch a batch, hand it out, let it go. */
import type { Blobs } from "./blobs.ts";
import type { OverlayEntry } from "./overlay.ts";
import { kindOf } from "./tree-codec.ts";
import type { WorkspaceFile } from "./workspace.ts";

/** Files of one request. Fewer cost round trips, more cost memory, which is not free again at once. */
const BATCH = 500;

/** Regular files of `entries`, in their order. A consumer that leaves early lets go of its batch too. */
export async function* readFiles(
  entries: Iterable<OverlayEntry>,
  blobs: Blobs,
): AsyncGenerator<WorkspaceFile, void> {
  for (const batch of batches(entries, BATCH)) {
    const borrowed = await blobs.borrow(
      batch.flatMap(({ content }) => ("oid" in content ? [content.oid] : [])),
    );
    try {
      for (const { path, mode, content } of batch) {
        const executable = kindOf(mode) === "executable";
        if ("bytes" in content) yield { path, executable, bytes: content.bytes };
        else {
          const tooLarge = borrowed.tooLarge.has(content.oid);
          yield { path, executable, bytes: tooLarge ? undefined : await blobs.read(content.oid) };
        }
      }
    } finally {
      borrowed.drop();
    }
  }
}

function* batches(entries: Iterable<OverlayEntry>, size: number): Generator<readonly OverlayEntry[]> {
  let batch: OverlayEntry[] = [];
  for (const entry of entries) {
    const kind = kindOf(entry.mode);
    if (kind === "symlink" || kind === "submodule") continue;
    batch.push(entry);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
