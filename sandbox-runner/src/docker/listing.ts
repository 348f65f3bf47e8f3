/** What is in a sandbox's workspace, as `find` in it tells. */
import { isUtf8 } from "node:buffer";
import { isDotGit, problemWithPath } from "../archive/path.ts";
import { RunnerError } from "../errors.ts";
import type { Shell } from "./shell.ts";

export interface Entry {
  /** With what is no UTF-8 replaced. */
  readonly path: string;
  readonly kind: "file" | "folder" | "other" | "bad_name";
  readonly size: number;
  readonly executable: boolean;
}

/** Of a whole listing, for each entry there may be; what package managers install has paths of about 100. */
const BYTES_AN_ENTRY = 320;
/** Of the entries that are kept. */
const MAX_NAMES_BYTES = 16 * 1024 * 1024;

const NUL = 0;
const SPACE = 0x20;
const OWNER_MAY_EXECUTE = 0o100;

/**
 * Reads the answer to `list`, and keeps the entries that are wanted: a workspace may hold many more. None is in a folder
 * that some disk takes for `.git`, and no folder has a bad name. Throws RunnerError `payload_too_large` when there are
 * more than `most` entries, or such long names that 320 bytes for each would not do, and past 16 MiB of what is kept.
 */
export async function readListing(
  shell: Shell,
  most: number,
  wanted: (entry: Entry) => boolean,
): Promise<Entry[]> {
  const longest = most * BYTES_AN_ENTRY;
  const entries: Entry[] = [];
  let count = 0;
  let bytes = 0;
  let names = 0;
  for (;;) {
    const record = await shell.readUntil(NUL, longest);
    if (record.byteLength === 0) return entries;
    count += 1;
    bytes += record.byteLength;
    const parsed = parse(record);
    const entry = wanted(parsed) ? checked(parsed, record) : undefined;
    if (entry !== undefined) names += record.byteLength;
    if (count > most || bytes > longest || names > MAX_NAMES_BYTES) {
      throw new RunnerError(
        "payload_too_large",
        `The workspace holds more than ${most} files and folders, or too many with long names.`,
      );
    }
    if (entry !== undefined) entries.push(entry);
  }
}

/** `type size mode path`, as SHELL_SCRIPT has `find` print it. */
function parse(record: Buffer): Entry {
  const fields: string[] = [];
  let at = 0;
  while (fields.length < 3) {
    const end = record.indexOf(SPACE, at);
    if (end < 0) throw new RunnerError("internal", "The workspace's listing cannot be read.");
    fields.push(record.toString("latin1", at, end));
    at = end + 1;
  }
  const [type = "", size = "", mode = ""] = fields;
  return {
    path: record.toString("utf8", at),
    kind: kindOf(type),
    size: Number(size),
    executable: (Number.parseInt(mode, 8) & OWNER_MAY_EXECUTE) !== 0,
  };
}

/** Undefined for what is not to be seen. */
function checked(entry: Entry, record: Buffer): Entry | undefined {
  if (entry.path.split("/").some(isDotGit)) return undefined;
  if (isUtf8(record) && problemWithPath(entry.path) === undefined) return entry;
  return entry.kind === "folder" ? undefined : { ...entry, kind: "bad_name" };
}

function kindOf(type: string): Entry["kind"] {
  if (type === "f") return "file";
  return type === "d" ? "folder" : "other";
}
