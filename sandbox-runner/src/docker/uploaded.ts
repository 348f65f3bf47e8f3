/** What was uploaded into a sandbox, to tell later what commands changed. */

/** A file as it was uploaded. */
export interface UploadedFile {
  readonly size: number;
  readonly executable: boolean;
  /** SHA-256, in hex. */
  readonly hash: string;
}

export interface Uploaded extends Iterable<[string, UploadedFile]> {
  has(path: string): boolean;
  get(path: string): UploadedFile | undefined;
  /** Forgets paths, and all that is below them. */
  remove(paths: readonly string[]): void;
  /** What a file was written through, or over, is no file any more. */
  add(files: ReadonlyMap<string, UploadedFile>): void;
}

export function createUploaded(): Uploaded {
  const all = new Map<string, UploadedFile>();
  const forgetBelow = (gone: { has(path: string): boolean }) => {
    for (const path of all.keys()) if (parentsOf(path).some((parent) => gone.has(parent))) all.delete(path);
  };
  return {
    has: (path) => all.has(path),
    get: (path) => all.get(path),
    remove(paths) {
      for (const path of paths) all.delete(path);
      forgetBelow(new Set(paths));
    },
    add(files) {
      forgetBelow(files);
      for (const [path, file] of files) {
        for (const parent of parentsOf(path)) all.delete(parent);
        all.set(path, file);
      }
    },
    [Symbol.iterator]: () => all.entries(),
  };
}

/** `a/b/c` → `a`, `a/b`. */
export function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) parents.push(path.slice(0, at));
  return parents;
}
