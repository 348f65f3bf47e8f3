/** Sees to it that no path of an archive comes twice, or leads through another as if that were a folder. */
import { entryRefused, tooLarge } from "./refuse.ts";

/** Characters: names are all that is kept of an archive while it goes by. */
const LONGEST_NAMES = 16_777_216;

/**
 * Takes one path after the other; each folder counts once, and there may be as many as `most`. Throws RunnerError.
 * Paths are compared byte by byte: `a` and `A` are two files, as they are in the sandbox.
 */
export function createPlaces(most: number): (path: string) => void {
  const files = new Set<string>();
  const folders = new Set<string>();
  let names = 0;
  return (path) => {
    if (files.has(path)) throw entryRefused(path, "is there twice");
    if (folders.has(path)) throw entryRefused(path, "is a file and a folder at once");
    names += path.length;
    if (names > LONGEST_NAMES)
      throw tooLarge(`The archive's names are longer than ${LONGEST_NAMES} characters.`);
    files.add(path);
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (files.has(folder)) throw entryRefused(folder, "is a file and a folder at once");
      if (folders.has(folder)) break;
      folders.add(folder);
      if (folders.size > most) throw tooLarge(`The archive holds more than ${most} folders.`);
    }
  };
}
