/** The one way HTTP code waits, so that tests decide when time passes. */

/** Calls `run` once after `milliseconds`, unless the returned function is called first. */
export type StartTimer = (run: () => void, milliseconds: number) => () => void;

export const startTimer: StartTimer = (run, milliseconds) => {
  const id = setTimeout(run, milliseconds);
  return () => clearTimeout(id);
};
