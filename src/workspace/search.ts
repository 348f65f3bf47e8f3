/** Searching a repository that is not here yet: fetch a batch, look through it, let it go. */
import { RE2JS } from "re2js";
import { ServiceError } from "../errors.ts";
import type { Blobs } from "./blobs.ts";
import { decodeUtf8, isBinary } from "./bytes.ts";
import { createScope } from "./glob.ts";
import type { WorkspaceLimits } from "./limits.ts";
import type { Overlay, OverlayEntry } from "./overlay.ts";
import { kindOf } from "./tree-codec.ts";
import type { SearchMatch, SearchOptions, SearchResult } from "./workspace.ts";

export interface SearchContext {
  readonly overlay: Overlay;
  readonly blobs: Blobs;
  readonly limits: WorkspaceLimits;
  /** Where `options.path` leads, cleaned. */
  readonly folder: string;
}

const DEFAULT_MATCHES = 1000;
const LONGEST_QUERY = 10_000;
const LONGEST_LINE_SHOWN = 400;
/** Batches with a match are kept for the edit that follows, up to this many bytes. */
const KEPT_BYTES = 24 * 1024 * 1024;
/** Never worth fetching for a text search. */
const BINARY_NAME =
  /\.(?:7z|a|avi|avif|bin|bmp|bz2|class|dll|dylib|eot|exe|flac|gif|gz|h5|heic|ico|jar|jpe?g|jp2|mkv|mov|mp[34]|npy|npz|o|ogg|onnx|otf|parquet|pdf|png|psd|pt|pyc|rar|so|sqlite3?|tar|tgz|tiff?|ttf|war|wasm|wav|webm|webp|woff2?|xz|zip|zst)$/i;

/** Finds the column (0-based) of a line's first match, or -1. */
type FindInLine = (line: string) => number;

/**
 * Throws `invalid_pattern` for a query that is empty, too long or not a regular expression, and
 * `too_much_to_read` when the files in scope are more than one search may fetch.
 */
export async function searchFiles(context: SearchContext, options: SearchOptions): Promise<SearchResult> {
  const { overlay, blobs, limits } = context;
  const inScope = createScope(options);
  const find = compileQuery(options);
  const maxMatches = options.maxMatches ?? DEFAULT_MATCHES;
  const matches: SearchMatch[] = [];
  const skipped: { path: string; reason: "binary" | "too_large" }[] = [];
  let fetched = 0;
  let kept = 0;

  /** Looks through one batch; false when there is no need to go on. */
  async function searchBatch(batch: readonly OverlayEntry[]): Promise<boolean> {
    const borrowed = await blobs.borrow(
      batch.flatMap(({ content }) => ("oid" in content ? [content.oid] : [])),
    );
    fetched += borrowed.fetched;
    const before = matches.length;
    for (const { path, content } of batch) {
      if ("oid" in content && borrowed.tooLarge.has(content.oid)) {
        skipped.push({ path, reason: "too_large" });
        continue;
      }
      const bytes = "bytes" in content ? content.bytes : await blobs.read(content.oid);
      if (bytes.byteLength > limits.searchFileBytes) skipped.push({ path, reason: "too_large" });
      else if (isBinary(bytes)) skipped.push({ path, reason: "binary" });
      else
        for (const match of matchesIn(path, bytes, find)) {
          if (matches.length >= maxMatches) return false;
          matches.push(match);
        }
    }
    if (matches.length > before && kept + borrowed.held <= KEPT_BYTES) kept += borrowed.held;
    else borrowed.drop();
    if (fetched > limits.searchBytes) {
      throw new ServiceError(
        "too_much_to_read",
        `The search would read more than ${limits.searchBytes} bytes. Name a folder or a glob to search less.`,
      );
    }
    return true;
  }

  let batch: OverlayEntry[] = [];
  for (const entry of overlay.entries(context.folder)) {
    const kind = kindOf(entry.mode);
    if (kind === "symlink" || kind === "submodule" || !inScope(entry.path)) continue;
    if (BINARY_NAME.test(entry.path)) {
      skipped.push({ path: entry.path, reason: "binary" });
      continue;
    }
    batch.push(entry);
    if (batch.length < limits.hydrateBatch) continue;
    if (!(await searchBatch(batch))) return { matches, truncated: true, skipped };
    batch = [];
  }
  const whole = await searchBatch(batch);
  return { matches, truncated: !whole, skipped };
}

function compileQuery({ query, regex, ignoreCase }: SearchOptions): FindInLine {
  if (query === "" || query.length > LONGEST_QUERY) {
    throw new ServiceError("invalid_pattern", `A search needs 1 to ${LONGEST_QUERY} characters to look for.`);
  }
  if (regex !== true && ignoreCase !== true) return (line) => line.indexOf(query);
  try {
    const source = regex === true ? query : RE2JS.quote(query);
    const compiled = RE2JS.compile(source, ignoreCase === true ? RE2JS.CASE_INSENSITIVE : 0);
    return (line) => {
      const matcher = compiled.matcher(line);
      return matcher.find() ? matcher.start() : -1;
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : "";
    throw new ServiceError(
      "invalid_pattern",
      `${JSON.stringify(query.slice(0, 200))} is not a regular expression (RE2 syntax): ${why}`,
    );
  }
}

/** Files that are text but not UTF-8 are read a byte a character, so ASCII queries still find them. */
function* matchesIn(path: string, bytes: Uint8Array, find: FindInLine): Generator<SearchMatch> {
  const text = decodeUtf8(bytes) ?? new TextDecoder("latin1").decode(bytes);
  let number = 0;
  for (const ended of text.split("\n")) {
    number++;
    const line = ended.endsWith("\r") ? ended.slice(0, -1) : ended;
    const at = find(line);
    if (at >= 0) yield { path, line: number, column: at + 1, text: line.slice(0, LONGEST_LINE_SHOWN) };
  }
}
