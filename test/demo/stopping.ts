/** Turns the signals that end a program into one AbortSignal, so that everything started can be ended in order. */

/** Exit codes by signal: 128 and its number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof EXIT_CODES;
const SIGNALS = Object.keys(EXIT_CODES) as Signal[];
/** How long ending in order may take; then the process ends, and its exit listeners clear up. */
const GRACE_MS = 5000;
/** As if SIGPIPE had ended the program: the reader of its output is gone. */
const BROKEN_PIPE = 141;

export interface Stopping extends Disposable {
  /** Aborts with the first of the signals, or when nobody reads the output any more. */
  readonly signal: AbortSignal;
  /** What a program ended this way exits with; undefined while nothing has ended it. */
  exitCode(): number | undefined;
}

/**
 * Listens until disposed of. Signals after the first change nothing: `npm run` passes Ctrl-C on to a
 * program that has had it from the terminal already.
 */
export function listenForStop(output: NodeJS.WritableStream): Stopping {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const stop = (code: number) => {
    if (exitCode !== undefined) return;
    exitCode = code;
    setTimeout(() => process.exit(code), GRACE_MS).unref();
    controller.abort();
  };
  const listeners = SIGNALS.map((name) => [name, () => stop(EXIT_CODES[name])] as const);
  const onOutputError = () => stop(BROKEN_PIPE);
  for (const [name, listener] of listeners) process.on(name, listener);
  output.on("error", onOutputError);
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    [Symbol.dispose]: () => {
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}

/**
 * Runs `work` and takes away the signal listeners its first, synchronous part has added. Miniflare's
 * end the process inside the listener, before anything else can be ended in order.
 */
export function withoutForeignListeners<T>(work: () => Promise<T>): Promise<T> {
  const before = new Set(SIGNALS.flatMap((name) => process.listeners(name)));
  const result = work();
  for (const name of SIGNALS) {
    for (const listener of process.listeners(name)) {
      if (!before.has(listener)) process.off(name, listener);
    }
  }
  return result;
}

/** Settles when the signal aborts, and keeps the program alive until then. */
export function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const awake = setInterval(() => undefined, 2 ** 30);
    signal.addEventListener(
      "abort",
      () => {
        clearInterval(awake);
        resolve();
      },
      { once: true },
    );
  });
}
