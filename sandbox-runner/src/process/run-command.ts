/** One command from its start until nothing it started is left. */
import { constants } from "node:os";
import type { Command, CommandEnd, OutputChunk } from "../backend.ts";
import type { Launch, Place } from "./launch.ts";
import { mergeOutput } from "./merge-output.ts";

/** As shells report it: 128 and the signal's number. */
const SIGNAL_BASE = 128;
const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

export async function* runCommand(
  launch: Launch,
  place: Place,
  { command, timeoutMs }: Command,
  signal: AbortSignal,
): AsyncGenerator<OutputChunk, CommandEnd> {
  signal.throwIfAborted();
  const { stdout, stderr, kill, exited } = launch(command, place);
  let stoppedBy: "timed_out" | "sandbox_lost" | undefined;
  const stop = (why: "timed_out" | "sandbox_lost") => {
    stoppedBy ??= why;
    kill();
  };
  const onAbort = () => stop("sandbox_lost");
  const timer = setTimeout(() => stop("timed_out"), timeoutMs);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    yield* mergeOutput(stdout, stderr);
    // A command may close its outputs and go on.
    const exit = await exited;
    if (stoppedBy !== undefined) return { ending: stoppedBy, exitCode: null, signal: null };
    return exit.signal === null ? ended(exit.code ?? 0) : signaled(exit.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    kill();
    // What is in a pipe that nobody reads any more would keep a process from being waited for.
    stdout.destroy();
    stderr.destroy();
    await exited;
  }
}

function ended(code: number): CommandEnd {
  const signal = SIGNAL_NAMES.get(code - SIGNAL_BASE);
  if (signal === undefined) return { ending: "exited", exitCode: code, signal: null };
  return { ending: "signaled", exitCode: code, signal };
}

function signaled(signal: NodeJS.Signals): CommandEnd {
  return { ending: "signaled", exitCode: SIGNAL_BASE + constants.signals[signal], signal };
}
