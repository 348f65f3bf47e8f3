/** Files on their way into and out of sandboxes. Whatever is one of these has passed the strict reader. */
import type { ChangesManifest } from "../../../src/sandbox/wire.ts";

export interface ArchiveFile {
  /** Relative, slash-separated, without `.`, `..` or empty parts; never below `.git`. */
  readonly path: string;
  readonly executable: boolean;
  /** Bytes. */
  readonly size: number;
  /** Exactly `size` bytes; read to its end before the next file is asked for. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface Upload {
  readonly removed: readonly string[];
  /** Each path once; no path leads through another. Throws RunnerError on what a tar must not hold. */
  readonly files: AsyncIterable<ArchiveFile>;
}

/** What has changed; known as a whole before the first file is read. */
export interface ChangedFiles {
  readonly manifest: ChangesManifest;
  /** The contents of `added` and `modified`. */
  readonly files: AsyncIterable<ArchiveFile>;
}

export interface ArchiveLimits {
  /** Files in one tar. */
  readonly files: number;
  /** Bytes of one file. */
  readonly fileBytes: number;
  /** Bytes of all files together. */
  readonly totalBytes: number;
}
