/** The frames of an event stream (HTML Living Standard, "Server-sent events"), as text. */
export const SSE_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
} as const;

/** Proxies cut streams that are idle for about two minutes; a comment keeps them open. */
export const PING_FRAME = ": ping\n\n";

/** Opens every stream: a client that lost it waits 3 s before it reconnects. */
export const RETRY_FRAME = "retry: 3000\n\n";

/**
 * An unnamed frame, so that `EventSource.onmessage` gets every type. `json` is an event as it was stored,
 * which makes every reader's bytes the same; JSON has no raw line breaks.
 */
export function encodeFrame(seq: number, json: string): string {
  return `id: ${seq}\ndata: ${json}\n\n`;
}

/** The last frame for a reader that fell `behind` events back; `lastEventId` is the newest it was sent. */
export function cutOffComment(behind: number, lastEventId: number): string {
  return `: cut off: this reader fell ${behind} events behind; resume with Last-Event-ID: ${lastEventId}\n\n`;
}
