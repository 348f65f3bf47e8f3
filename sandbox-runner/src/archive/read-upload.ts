/** Reads what a caller puts into a sandbox (`upload.json`, then files), trusting none of it. */
import { FILES_PREFIX, UPLOAD_ENTRY, uploadSchema } from "../../../src/sandbox/wire.ts";
import type { ArchiveLimits, Upload } from "./archive.ts";
import { problemWithPath } from "./path.ts";
import { decodeName } from "./pax.ts";
import { readEntries, type TarEntry } from "./read-entries.ts";
import { filesOf } from "./read-files.ts";
import { quoted, refused, tooLarge } from "./refuse.ts";

/** Of `upload.json`, in bytes; it is read as a whole. */
const LONGEST_MANIFEST = 4_194_304;

/** Reads as far as the first file; throws RunnerError `invalid_archive` or `payload_too_large`, as `files` does. */
export async function readUpload(bytes: AsyncIterable<Uint8Array>, limits: ArchiveLimits): Promise<Upload> {
  const entries = readEntries(bytes);
  try {
    const first = await entries.next();
    if (first.done === true || first.value.name !== UPLOAD_ENTRY)
      throw refused(`The archive does not begin with ${UPLOAD_ENTRY}.`);
    const removed = await readRemoved(first.value);
    return { removed, files: filesOf(entries, limits, { prefix: FILES_PREFIX }) };
  } catch (error) {
    await entries.return();
    throw error;
  }
}

async function readRemoved(entry: TarEntry): Promise<readonly string[]> {
  if (entry.size > LONGEST_MANIFEST)
    throw tooLarge(`${UPLOAD_ENTRY} has ${entry.size} bytes; the limit is ${LONGEST_MANIFEST}.`);
  const bytes = new Uint8Array(entry.size);
  let at = 0;
  for await (const slice of entry.content) {
    bytes.set(slice, at);
    at += slice.byteLength;
  }
  const upload = uploadSchema.safeParse(parseJson(bytes));
  if (!upload.success) {
    const [issue] = upload.error.issues;
    throw refused(`${UPLOAD_ENTRY} is not valid: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}.`);
  }
  for (const path of upload.data.removed) {
    const problem = problemWithPath(path);
    if (problem !== undefined) throw refused(`In ${UPLOAD_ENTRY}, ${quoted(path)} ${problem}.`);
  }
  return upload.data.removed;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeName(bytes) ?? "");
  } catch {
    throw refused(`${UPLOAD_ENTRY} is not JSON.`);
  }
}
