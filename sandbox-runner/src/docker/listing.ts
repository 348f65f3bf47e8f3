/** What is in a sandbox's workspace, as `find` in it tells. */
import { isUtf8 } from "node:buffer";
import { RunnerError } from "../errors.ts";
import type { Shell } from "./shell.ts";

export interface Entry {
  /** With what is no UTF-8 replaced. */
  readonly path: string;
  readonly kind: "file" | "folder" | "other" | "bad_name";
  readonly size: number;
  readonly executable: boolean;
}

const MAX_ENTRIES = 200_000;
const MAX_LISTING_BYTES = 64 * 1024 * 1024;
/** Of the entries that are kept. */
const MAX_NAMES_BYTES = 16 * 1024 * 1024;
/** PATH_MAX, with the zero, below a workspace's root. */
const MAX_PATH_BYTES = 4096 - "/workspace/".length;

const NUL = 0;
const SPACE = 0x20;
const OWNER_MAY_EXECUTE = 0o100;

/**
 * Reads the answer to `list`, and keeps the entries that are wanted: a workspace may hold many more.
 * Throws RunnerError `payload_too_large` past 200,000 entries or 64 MiB, and past 16 MiB of names that are kept.
 */
export async function readListing(shell: Shell, wanted: (entry: Entry) => boolean): Promise<Entry[]> {
  const entries: Entry[] = [];
  let count = 0;
  let bytes = 0;
  let names = 0;
  for (;;) {
    const record = await shell.readUntil(NUL, MAX_LISTING_BYTES);
    if (record.byteLength === 0) return entries;
    count += 1;
    bytes += record.byteLength;
    const entry = parse(record);
    const kept = wanted(entry);
    if (kept) names += record.byteLength;
    if (bytes > MAX_LISTING_BYTES || names > MAX_NAMES_BYTES || count > MAX_ENTRIES) {
      throw new RunnerError(
        "payload_too_large",
        `The workspace holds more than ${MAX_ENTRIES} files and folders, or names of more than ${MAX_NAMES_BYTES} bytes.`,
      );
    }
    if (kept) entries.push(entry);
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
  const name = record.subarray(at);
  const path = name.toString("utf8");
  return {
    path,
    kind: !isUtf8(name) || name.byteLength > MAX_PATH_BYTES ? "bad_name" : kindOf(type),
    size: Number(size),
    executable: (Number.parseInt(mode, 8) & OWNER_MAY_EXECUTE) !== 0,
  };
}

function kindOf(type: string): Entry["kind"] {
  if (type === "f") return "file";
  return type === "d" ? "folder" : "other";
}
