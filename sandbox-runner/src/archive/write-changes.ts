/** Writes the tar in which changed files go back to the caller. */
import { CHANGES_ENTRY, FILES_PREFIX } from "../../../src/sandbox/wire.ts";
import type { ChangedFiles } from "./archive.ts";
import { encodeEntry, endOfTar } from "./encode-tar.ts";

/** Files, then `changes.json`: that it is there says that all files are. Throws when they are not those it names. */
export async function* writeChanges({ manifest, files }: ChangedFiles): AsyncGenerator<Uint8Array, void> {
  const missing = new Set([...manifest.added, ...manifest.modified]);
  for await (const file of files) {
    if (!missing.delete(file.path)) throw new Error("A changed file is not in the list of changes.");
    yield* encodeEntry({ ...file, name: FILES_PREFIX + file.path }, 0);
  }
  if (missing.size > 0) throw new Error("A file in the list of changes is missing.");
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  yield* encodeEntry(
    { name: CHANGES_ENTRY, executable: false, size: bytes.byteLength, content: once(bytes) },
    0,
  );
  yield endOfTar();
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}
