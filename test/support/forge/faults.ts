/** Ways the local forge can be made to misbehave, each at an exact place of a chosen request. */
import { setTimeout as sleep } from "node:timers/promises";
import { collect, json, type Reply, type ReplyHeaders, text } from "./http.ts";
import { type LogEntry, matches, type RequestMatch } from "./log.ts";

/** An answer given instead of doing the work. A body of `{…}` is sent as JSON; there is a default for each status. */
interface AnswerFault {
  readonly status: number;
  readonly headers?: ReplyHeaders;
  readonly body?: string | Uint8Array | Readonly<Record<string, unknown>>;
}

/** What happens to a request. Faults that match the same request are applied in the order they were added. */
export type FaultAction =
  | AnswerFault
  /** A redirect instead of doing the work; 302 unless told. */
  | { readonly redirect: string; readonly status?: 301 | 302 | 303 | 307 | 308 }
  /** Waits before doing the work. */
  | { readonly delayMs: number }
  /** Sends the answer's body at this pace. */
  | { readonly slowBytesPerSecond: number }
  /** Sends the headers and this much of the body, then ends the connection. A shorter body goes out whole. */
  | { readonly cutAfterBytes: number }
  /** Does the work to the end, then ends the connection without a byte of an answer. */
  | { readonly dropReply: true }
  /**
   * Stops until the promise settles: before the work (`request`, the default), after the work is all
   * done but before a byte of the answer (`reply`), or in the middle of the body.
   */
  | { readonly hold: Promise<unknown>; readonly at?: "request" | "reply" | { readonly afterBytes: number } };

export interface FaultOptions {
  /** `nth`: the first matching request to hit, counted from 1 since the fault was added. */
  readonly match: RequestMatch & { readonly nth?: number };
  /** How many requests to hit: one when `nth` is given, otherwise all. */
  readonly times?: number;
  readonly action: FaultAction;
}

export interface Fault {
  /** Requests hit so far. */
  readonly hits: number;
  /**
   * Settles when the fault takes effect for the `count`th time (default 1): for a `hold` that is when
   * the request stands still at the chosen point.
   */
  reached(count?: number): Promise<void>;
  remove(): void;
}

export interface Faults {
  add(options: FaultOptions): Fault;
  clear(): void;
}

/** The faults of one request, in the places the server asks for them. */
export interface FaultPlan {
  /** Delays and holds before the work, then the answer to give instead of doing it, if any. */
  before(signal: AbortSignal): Promise<Reply | undefined>;
  /** What to send of the answer; undefined drops it. */
  after(reply: Reply, signal: AbortSignal): Promise<FaultyReply | undefined>;
}

interface FaultyReply extends Reply {
  /** True when the connection has to end with the body, whatever it promised. */
  readonly cut: () => boolean;
}

interface Active {
  readonly action: FaultAction;
  readonly take: (request: Taken) => boolean;
  readonly reach: () => void;
}

type Taken = Pick<LogEntry, "method" | "path" | "kind" | "service">;

export function createFaults(): Faults & { plan(request: Taken): FaultPlan } {
  const active = new Set<Active>();
  return {
    add: (options) => {
      const fault = createFault(options);
      active.add(fault);
      return {
        get hits() {
          return fault.hits();
        },
        reached: fault.reached,
        remove: () => {
          active.delete(fault);
        },
      };
    },
    clear: () => active.clear(),
    plan: (request) =>
      planFor(
        [...active].filter((fault) => fault.take(request)),
        request.kind === "rest",
      ),
  };
}

function createFault({ match, times, action }: FaultOptions) {
  const first = match.nth ?? 1;
  const count = times ?? (match.nth === undefined ? Number.POSITIVE_INFINITY : 1);
  let seen = 0;
  let hits = 0;
  let effects = 0;
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  return {
    action,
    hits: () => hits,
    take: (request: Taken) => {
      if (!matches(match, request)) return false;
      seen += 1;
      if (seen < first || seen >= first + count) return false;
      hits += 1;
      return true;
    },
    reach: () => {
      effects += 1;
      for (const waiter of waiting) if (waiter.count <= effects) waiter.resolve();
      waiting = waiting.filter((waiter) => waiter.count > effects);
    },
    reached: (count = 1) =>
      new Promise<void>((resolve) => {
        if (count <= effects) resolve();
        else waiting.push({ count, resolve });
      }),
  };
}

function planFor(faults: readonly Active[], rest: boolean): FaultPlan {
  return {
    before: async (signal) => {
      for (const { action, reach } of faults) {
        if ("delayMs" in action) {
          reach();
          await sleep(action.delayMs, undefined, { signal });
        } else if ("hold" in action && (action.at ?? "request") === "request") {
          reach();
          await settled(action.hold, signal);
        } else if ("redirect" in action) {
          reach();
          return text(action.status ?? 302, "", { location: action.redirect });
        } else if ("status" in action && action.status !== undefined) {
          reach();
          return answer(action, rest);
        }
      }
      return undefined;
    },
    after: async (reply, signal) => {
      let body = reply.body;
      let cut = false;
      for (const { action, reach } of faults) {
        if ("dropReply" in action) {
          await collect(body);
          reach();
          return undefined;
        }
        if ("slowBytesPerSecond" in action) {
          reach();
          body = slowly(chunks(body), action.slowBytesPerSecond, signal);
        } else if ("cutAfterBytes" in action) {
          body = upTo(chunks(body), action.cutAfterBytes, async () => {
            cut = true;
            reach();
          });
        } else if ("hold" in action && action.at === "reply") {
          body = await collect(body);
          reach();
          await settled(action.hold, signal);
        } else if ("hold" in action && typeof action.at === "object") {
          const held = async () => {
            reach();
            await settled(action.hold, signal);
          };
          body = pausing(chunks(body), action.at.afterBytes, held);
        }
      }
      return { ...reply, body, cut: () => cut };
    },
  };
}

function answer(fault: AnswerFault, rest: boolean): Reply {
  const { status, headers = {}, body } = fault;
  if (typeof body === "string" || body instanceof Uint8Array) {
    const reply = text(status, "", headers);
    return { ...reply, body };
  }
  if (body !== undefined) return json(status, body, headers);
  const message = `The local forge was told to answer ${status}.`;
  const bare = status === 204 || status === 304;
  if (!rest || bare) return text(status, bare ? "" : `${message}\n`, headers);
  return json(
    status,
    { message, documentation_url: "https://docs.github.com/rest", status: `${status}` },
    headers,
  );
}

/** Waits for a promise however it ends, or throws when the signal aborts first. */
async function settled(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([promise.catch(() => undefined), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function* chunks(body: Reply["body"]): AsyncGenerator<Uint8Array> {
  if (typeof body === "string") yield Buffer.from(body);
  else if (body instanceof Uint8Array) yield body;
  else yield* body;
}

const SLICES_PER_SECOND = 50;

async function* slowly(
  body: AsyncIterable<Uint8Array>,
  bytesPerSecond: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const size = Math.max(1, Math.floor(bytesPerSecond / SLICES_PER_SECOND));
  for await (const chunk of body) {
    for (let at = 0; at < chunk.byteLength; at += size) {
      const slice = chunk.subarray(at, at + size);
      await sleep((slice.byteLength * 1000) / bytesPerSecond, undefined, { signal });
      yield slice;
    }
  }
}

/** The first bytes of a body; `onCut` is called when there would be more. */
async function* upTo(
  body: AsyncIterable<Uint8Array>,
  bytes: number,
  onCut: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of body) {
    if (chunk.byteLength <= left) {
      left -= chunk.byteLength;
      yield chunk;
      continue;
    }
    if (left > 0) yield chunk.subarray(0, left);
    await onCut();
    return;
  }
}

/** The whole body, with one call of `pause` once this many bytes are out (at its end when it is shorter). */
async function* pausing(
  body: AsyncIterable<Uint8Array>,
  bytes: number,
  pause: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  let left = bytes;
  let paused = false;
  for await (const chunk of body) {
    if (paused || chunk.byteLength < left) {
      left -= chunk.byteLength;
      yield chunk;
      continue;
    }
    if (left > 0) yield chunk.subarray(0, left);
    paused = true;
    await pause();
    if (left < chunk.byteLength) yield chunk.subarray(left);
  }
  if (!paused) await pause();
}
