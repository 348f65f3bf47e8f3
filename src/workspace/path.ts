/** The one check for every path that is written: inside the tree, out of `.git`, and what it looks like. */
import { ServiceError } from "../errors.ts";

const LONGEST_PATH = 4096;
const LONGEST_NAME_BYTES = 255;

/**
 * Returns normally when `path` may be written; throws `path_refused`, which names the path and the
 * reason, when not. The `.git` rules are git's own for NTFS and HFS+ (`verify_dotfile`,
 * `is_ntfs_dotgit`, `is_hfs_dotgit`): a clone on such a disk must not be tricked either.
 */
export function checkWritePath(path: string): void {
  const problem = problemWith(path);
  if (problem !== undefined) {
    throw new ServiceError("path_refused", `The path ${JSON.stringify(path.slice(0, 200))} ${problem}.`);
  }
}

function problemWith(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path.length > LONGEST_PATH) return `is longer than ${LONGEST_PATH} characters`;
  if (path.startsWith("/") || /^[a-z]:/i.test(path))
    return "is absolute; give one relative to the repository's root";
  if (path.includes("\\")) return "has a backslash; separate folders with /";
  if (CONTROL.test(path)) return "has a control character";
  if (INVISIBLE.test(path)) return "has an invisible or direction-changing character";
  if (!path.isWellFormed()) return "is not valid Unicode";
  if (path.endsWith("/")) return "ends with a slash; name a file";
  for (const name of path.split("/")) {
    if (name === "") return "has an empty folder name";
    if (name === "." || name === "..") return `has a "${name}" in it`;
    if (new TextEncoder().encode(name).byteLength > LONGEST_NAME_BYTES) {
      return `has a name longer than ${LONGEST_NAME_BYTES} bytes`;
    }
    if (isDotGit(name)) return "leads into git's own folder";
    if (name === "__proto__") return 'has a "__proto__" in it';
  }
  return undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** Bidirectional controls, and the code points that HFS+ ignores in names (git's utf8.c). */
const INVISIBLE = /[\u200c-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u061c\u200b\u00ad]/;

/** `.git` as NTFS would resolve it: case, trailing dots and spaces, streams, and its short name. */
export function isDotGit(name: string): boolean {
  const stem = (name.split(":")[0] ?? "").replace(/[ .]+$/, "").toLowerCase();
  return stem === ".git" || /^git~[0-9]+$/.test(stem);
}
