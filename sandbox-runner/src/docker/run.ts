/** One command in a sandbox, from its start to the last process it left behind. */
import { constants } from "node:os";
import type { Command, CommandEnd, OutputChunk } from "../backend.ts";
import { networkCommand } from "../network/network-command.ts";
import type { Shells } from "./shells.ts";

/** A sandbox that cannot end its processes in this time is ended as a whole. */
const CLEAN_MS = 250;
/** As shells report it: 128 and the signal's number. */
const SIGNAL_BASE = 128;
const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

const LOST: CommandEnd = { ending: "sandbox_lost", exitCode: null, signal: null };

/**
 * Runs a command and ends what it leaves running. `giveUp` ends the sandbox; it is called when that is the only
 * way to end a command.
 */
export async function* runCommand(
  shells: Shells,
  { command, timeoutMs, network }: Command,
  giveUp: () => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<OutputChunk, CommandEnd> {
  const shell = await shells.take(signal);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    if (stopped !== undefined) return;
    // The connection first: the engine's own calls wait for one that nobody reads.
    shell.destroy();
    shells.renew(AbortSignal.timeout(CLEAN_MS));
    stopped = shells.peek().then(() => {}, giveUp);
  };
  const timer = setTimeout(stop, timeoutMs);
  signal.addEventListener("abort", stop, { once: true });
  let finished = false;
  try {
    // Whoever left before the shell was there is not heard of by the listener.
    signal.throwIfAborted();
    await shell.send("run", Buffer.from(network ? networkCommand(command) : command));
    yield* shell.output();
    signal.throwIfAborted();
    if (stopped === undefined) {
      const exitCode = await shell.exitCode();
      if (stopped === undefined) {
        finished = true;
        clearTimeout(timer);
        if (exitCode === null) {
          await giveUp();
          return LOST;
        }
        shells.renewSoon(giveUp);
        return exitCode === 0 ? exited(0) : await explain(exitCode, shell.oomKills, shells);
      }
    }
    signal.throwIfAborted();
    return { ending: "timed_out", exitCode: null, signal: null };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    if (!finished && stopped === undefined) stop();
    await stopped;
  }
}

/** The next shell knows whether the kernel has killed for want of memory meanwhile. */
async function explain(exitCode: number, oomKills: number, shells: Shells): Promise<CommandEnd> {
  const next = await shells.peek().catch(() => undefined);
  if (next === undefined) return LOST;
  if (next.oomKills > oomKills) return { ending: "out_of_memory", exitCode, signal: null };
  const signal = SIGNAL_NAMES.get(exitCode - SIGNAL_BASE);
  return signal === undefined ? exited(exitCode) : { ending: "signaled", exitCode, signal };
}

function exited(exitCode: number): CommandEnd {
  return { ending: "exited", exitCode, signal: null };
}
