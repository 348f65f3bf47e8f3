/** The strict reader of files in a tar: from callers, and from sandboxes, which are no less hostile. */
import type { ArchiveFile, ArchiveLimits } from "./archive.ts";
import { problemWithPath } from "./path.ts";
import { createPlaces } from "./places.ts";
import { readEntries, type TarEntry } from "./read-entries.ts";
import { entryRefused, quoted, refused, tooLarge } from "./refuse.ts";

export interface ReadOptions {
  /** What every name begins with, `files/` for one; taken off. None when left out. */
  readonly prefix?: string;
  /** The paths that were asked for: all must be there, and no other. */
  readonly expected?: ReadonlySet<string>;
}

/** Streams: a file's content is read from `bytes` as it is asked for. Throws RunnerError on what must not be there. */
export function readFiles(
  bytes: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
  options: ReadOptions = {},
): AsyncGenerator<ArchiveFile, void> {
  return filesOf(readEntries(bytes), limits, options);
}

/** The same for entries of which some have been read already. */
export async function* filesOf(
  entries: AsyncIterable<TarEntry>,
  limits: ArchiveLimits,
  { prefix = "", expected }: ReadOptions,
): AsyncGenerator<ArchiveFile, void> {
  const place = createPlaces(limits.files);
  let count = 0;
  let total = 0;
  for await (const { name, executable, size, content } of entries) {
    if (!name.startsWith(prefix)) throw entryRefused(name, `is not below ${quoted(prefix)}`);
    const path = name.slice(prefix.length);
    const problem = problemWithPath(path);
    if (problem !== undefined) throw entryRefused(name, problem);
    if (expected?.has(path) === false) throw entryRefused(name, "was not asked for");
    count += 1;
    if (count > limits.files) throw tooLarge(`The archive holds more than ${limits.files} files.`);
    place(path);
    if (size > limits.fileBytes)
      throw tooLarge(
        `The archive's entry ${quoted(name)} has ${size} bytes; the limit is ${limits.fileBytes}.`,
      );
    total += size;
    if (total > limits.totalBytes)
      throw tooLarge(`The archive's files have more than ${limits.totalBytes} bytes together.`);
    yield { path, executable, size, content };
  }
  if (expected !== undefined && count < expected.size)
    throw refused(`The archive holds ${count} files of ${expected.size} that were asked for.`);
}
