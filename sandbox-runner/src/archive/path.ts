/** The one check for every path in an archive: inside the workspace, out of `.git`, and possible on Linux. */

/** PATH_MAX, less room for the path of the workspace itself. */
const LONGEST_PATH_BYTES = 4000;
/** NAME_MAX. */
const LONGEST_NAME_BYTES = 255;

const encoder = new TextEncoder();

/**
 * Why files must not have this path, to follow on its name; undefined when they may. Repositories hold names with
 * newlines, control characters and backslashes, and those survive: here they are characters like any other.
 */
export function problemWithPath(path: string): string | undefined {
  if (path === "") return "has no path";
  if (path.includes("\0")) return "has a NUL in its path";
  if (!path.isWellFormed()) return "has a path that is not valid Unicode";
  if (path.startsWith("/")) return "has an absolute path";
  if (encoder.encode(path).byteLength > LONGEST_PATH_BYTES)
    return `has a path longer than ${LONGEST_PATH_BYTES} bytes`;
  for (const name of path.split("/")) {
    if (name === "") return "has an empty name in its path";
    if (name === "." || name === "..") return `has a "${name}" in its path`;
    if (encoder.encode(name).byteLength > LONGEST_NAME_BYTES)
      return `has a name longer than ${LONGEST_NAME_BYTES} bytes in its path`;
    if (isDotGit(name)) return "leads into git's own folder";
  }
  return undefined;
}

/** Code points that HFS+ ignores in names (git's `next_hfs_char`). */
const HFS_IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/**
 * `.git` as Linux, NTFS (case, trailing dots and spaces, streams, short name) or HFS+ would resolve it, by git's
 * own rules: what comes out of a sandbox may be written to such a disk later.
 */
export function isDotGit(name: string): boolean {
  const visible = name.replace(HFS_IGNORED, "");
  const stem = (visible.split(":")[0] ?? "").replace(/[ .]+$/, "").toLowerCase();
  return stem === ".git" || /^git~[0-9]+$/.test(stem);
}
