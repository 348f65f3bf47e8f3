/** The tar that a sandbox's own `tar` unpacks. */
import type { ArchiveFile } from "../archive/archive.ts";
import { encodeEntry, endOfTar } from "../archive/encode-tar.ts";
import { encodeHeader, LONGEST_HEADER_NAME, PAX_TYPE } from "../archive/header.ts";
import { encodePaxPath } from "../archive/pax.ts";
import { padded } from "../archive/read-entries.ts";
import { parentsOf } from "./uploaded.ts";

const FOLDER_TYPE = "5";
const FOLDER_MODE = 0o755;
const PAX_MODE = 0o644;

/**
 * Folders that are not in `folders` come before what is in them: so a link or a file where one has to be is replaced,
 * and never written through. Those that are there do not come: `tar --recursive-unlink` would empty them.
 */
export async function* packFiles(
  files: AsyncIterable<ArchiveFile>,
  folders: Set<string>,
): AsyncGenerator<Uint8Array, void> {
  // `tar -m` sets the time of unpacking.
  const mtime = 0;
  for await (const file of files) {
    for (const folder of parentsOf(file.path)) {
      if (folders.has(folder)) continue;
      folders.add(folder);
      yield* encodeFolder(folder, mtime);
    }
    yield* encodeEntry({ ...file, name: file.path }, mtime);
  }
  yield endOfTar();
}

function* encodeFolder(path: string, mtime: number): Generator<Uint8Array, void> {
  const name = new TextEncoder().encode(`${path}/`);
  if (name.byteLength > LONGEST_HEADER_NAME) {
    const records = encodePaxPath(`${path}/`);
    yield encodeHeader({ name, type: PAX_TYPE, mode: PAX_MODE, size: records.byteLength, mtime });
    yield records;
    yield new Uint8Array(padded(records.byteLength) - records.byteLength);
  }
  yield encodeHeader({ name, type: FOLDER_TYPE, mode: FOLDER_MODE, size: 0, mtime });
}
