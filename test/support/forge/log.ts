/** What was asked of the local forge, so that tests can say which requests a piece of work costs. */
import type { GitService, RequestKind } from "./http.ts";

/** One request. Filled in while it is answered, so it is never behind what the client has seen. */
export interface LogEntry {
  /** Milliseconds since the epoch, at arrival. */
  readonly time: number;
  readonly method: string;
  readonly path: string;
  /** Without the question mark; empty when there is none. */
  readonly query: string;
  readonly kind: RequestKind;
  readonly service: GitService | undefined;
  /** Nobody, the token's login, or a credential that is not good. Never the credential. */
  readonly authorization: "none" | "invalid" | (string & {});
  /** 0 until the answer's headers are out. */
  status: number;
  /** Bytes of the request's body read so far. */
  bytesIn: number;
  /** Bytes of the answer's body written so far. */
  bytesOut: number;
  /** `cut`: the connection ended before the answer did, whoever ended it. */
  state: "open" | "sent" | "cut";
  /** Settles when the state is no longer `open`. */
  readonly ended: Promise<void>;
}

/** Picks requests; what is absent matches everything. */
export interface RequestMatch {
  readonly method?: string;
  /** The whole path without the query, or a pattern to find in it. */
  readonly path?: string | RegExp;
  readonly kind?: RequestKind;
  readonly service?: GitService;
}

export interface RequestLog extends Iterable<LogEntry> {
  /** Every request since the start or the last `clear()`, in order of arrival. */
  readonly entries: readonly LogEntry[];
  where(match: RequestMatch): readonly LogEntry[];
  /** `METHOD /path?query status` of each, for asserting a whole conversation at once. */
  lines(match?: RequestMatch): readonly string[];
  clear(): void;
}

export function createLog(): RequestLog & { add(entry: LogEntry): void } {
  let entries: LogEntry[] = [];
  const where = (match: RequestMatch) => entries.filter((entry) => matches(match, entry));
  return {
    get entries() {
      return entries;
    },
    where,
    lines: (match = {}) => where(match).map(lineOf),
    clear: () => {
      entries = [];
    },
    add: (entry) => {
      entries.push(entry);
    },
    [Symbol.iterator]: () => entries[Symbol.iterator](),
  };
}

function lineOf({ method, path, query, status }: LogEntry): string {
  return `${method} ${path}${query === "" ? "" : `?${query}`} ${status}`;
}

/** True when a request is one of those the match picks. */
export function matches(
  match: RequestMatch,
  request: Pick<LogEntry, "method" | "path" | "kind" | "service">,
): boolean {
  return (
    (match.method === undefined || match.method === request.method) &&
    (match.kind === undefined || match.kind === request.kind) &&
    (match.service === undefined || match.service === request.service) &&
    (match.path === undefined ||
      (typeof match.path === "string" ? match.path === request.path : request.path.search(match.path) >= 0))
  );
}
