/** The records of a pax extended header (POSIX.1-2001): `length key=value\n`, in UTF-8. */
import { refused } from "./refuse.ts";

/** The longest path, some times over. */
export const LONGEST_PAX_BYTES = 32_768;

/** What says nothing about where a file is and what is in it; left out of what is written. */
const HARMLESS = new Set(["atime", "ctime", "mtime", "uid", "gid", "uname", "gname", "comment"]);

/** The path, if there is one. Takes no record that changes what else a header says: sizes, links, sparse maps. */
export function readPaxPath(bytes: Uint8Array): string | undefined {
  let path: string | undefined;
  let at = 0;
  while (at < bytes.byteLength) {
    const space = bytes.indexOf(0x20, at);
    const digits = String.fromCharCode(...bytes.subarray(at, Math.max(at, Math.min(space, at + 6))));
    const end = /^[1-9][0-9]*$/.test(digits) ? at + Number(digits) : at;
    if (end <= space + 1 || end > bytes.byteLength || bytes[end - 1] !== 0x0a || end === at)
      throw refused("The archive is broken: a pax header has a record of the wrong length.");
    const record = bytes.subarray(space + 1, end - 1);
    const equals = record.indexOf(0x3d);
    const key = equals < 0 ? "" : (decodeName(record.subarray(0, equals)) ?? "");
    if (key === "path") {
      if (path !== undefined) throw refused("The archive is broken: a pax header has two paths.");
      path = decodeName(record.subarray(equals + 1));
      if (path === undefined)
        throw refused("The archive has a path that is not valid UTF-8 in a pax header.");
    } else if (!HARMLESS.has(key)) {
      throw refused(
        `The archive has a pax header with ${JSON.stringify(key.slice(0, 100))}, which is not taken here.`,
      );
    }
    at = end;
  }
  return path;
}

/** One record that gives a path of any length. */
export function encodePaxPath(path: string): Uint8Array {
  const record = new TextEncoder().encode(` path=${path}\n`);
  let length = record.byteLength;
  // The length counts its own digits.
  while (length !== record.byteLength + String(length).length)
    length = record.byteLength + String(length).length;
  const digits = new TextEncoder().encode(String(length));
  const out = new Uint8Array(length);
  out.set(digits);
  out.set(record, digits.byteLength);
  return out;
}

/** Undefined for what is not valid UTF-8. */
export function decodeName(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
