/** Waiting that ends at once when the run does. */

/**
 * Resolves after at least `milliseconds`, or rejects with the signal's reason as soon as it is
 * aborted; no timer or listener is left behind either way.
 */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(
      () => {
        signal.removeEventListener("abort", stop);
        resolve();
      },
      // Timers count from a clock read earlier, and may fire up to 1 ms early by Date.now().
      Math.ceil(milliseconds) + 1,
    );
    signal.addEventListener("abort", stop, { once: true });
  });
}
