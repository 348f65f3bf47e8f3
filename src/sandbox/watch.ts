/** Ends a request whose other side says nothing any more, and tells that from the caller's own abort. */

export interface Watch {
  /** Aborts with the caller's signal, after silence, and on `stop`. */
  readonly signal: AbortSignal;
  /** Something was said: the silence begins anew. */
  heard(): void;
  /** True when silence was what ended it. */
  readonly silent: boolean;
  /** Cuts the request if it is still open; no timer is left behind. */
  stop(): void;
}

export function createWatch(silenceMs: number, caller: AbortSignal): Watch {
  const own = new AbortController();
  let silent = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silent = true;
      own.abort(new DOMException("Nothing was heard for too long.", "TimeoutError"));
    }, silenceMs);
  };
  arm();
  return {
    signal: AbortSignal.any([caller, own.signal]),
    heard: () => {
      if (!own.signal.aborted) arm();
    },
    get silent() {
      return silent && !caller.aborted;
    },
    stop() {
      clearTimeout(timer);
      if (!own.signal.aborted) own.abort(new DOMException("Not needed any more.", "AbortError"));
    },
  };
}
