/** Which files an upload does away with: those it removes, and those in the way of the files it brings. */

export interface Replacement {
  /** For each file it brings. */
  add(path: string): void;
  /** Whether a file that was there before is there no more. */
  replaces(path: string): boolean;
}

/** `removed` names files, and folders with all that is in them. */
export function createReplacement(removed: Iterable<string>): Replacement {
  const gone = new Set(removed);
  const folders = new Set<string>();
  return {
    add(path) {
      gone.add(path);
      for (const parent of parentsOf(path)) folders.add(parent);
    },
    replaces: (path) =>
      gone.has(path) || folders.has(path) || parentsOf(path).some((parent) => gone.has(parent)),
  };
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) parents.push(path.slice(0, at));
  return parents;
}
