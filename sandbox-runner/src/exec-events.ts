/** Turns what a command writes into events: text that is cut nowhere inside a character, bounded, never silent for long. */
import type { ExecEnd, ExecEvent, ExecOutput } from "../../src/sandbox/wire.ts";
import type { CommandEnd, OutputChunk } from "./backend.ts";
import { RunnerError } from "./errors.ts";

export interface ExecOptions {
  /** Bytes of both streams together that are passed on. */
  readonly outputBytes: number;
  /** Silence after which a heartbeat is sent. */
  readonly heartbeatMs: number;
  /** Hosts that were refused meanwhile; asked once, at the end. */
  readonly refusedHosts: () => readonly string[];
  /** True once the sandbox has ended: then whatever the command throws means that. */
  readonly isLost: () => boolean;
}

const LOST: CommandEnd = { ending: "sandbox_lost", exitCode: null, signal: null };
const TOO_MUCH_OUTPUT: CommandEnd = { ending: "output_limit", exitCode: null, signal: null };

/** A command that wrote this many times what is passed on is ended: it only costs. */
const OUTPUT_LIMIT_FACTOR = 64;

/**
 * The events of a command, with its end as the last. Asks the command for more only when it is asked itself, so a
 * slow reader slows the command down; leaving early ends the command. What the command throws goes through, unless
 * the sandbox is lost.
 */
export async function* execEvents(
  command: AsyncGenerator<OutputChunk, CommandEnd>,
  { outputBytes, heartbeatMs, refusedHosts, isLost }: ExecOptions,
): AsyncGenerator<ExecEvent, void> {
  const startedAt = performance.now();
  const text = createTextStreams(outputBytes);
  let written = 0;
  let saidAt = startedAt;
  const end = ({ ending, exitCode, signal }: CommandEnd): ExecEnd => ({
    type: "end",
    ending,
    exit_code: exitCode,
    signal,
    truncated: text.truncated(),
    duration_ms: Math.round(performance.now() - startedAt),
    refused_hosts: [...refusedHosts()],
  });
  try {
    for (;;) {
      const next = command.next();
      // Whoever leaves during a heartbeat leaves this behind.
      next.catch(() => undefined);
      for (;;) {
        const left = saidAt + heartbeatMs - performance.now();
        if (left > 0 && !(await isSilent(next, left))) break;
        yield { type: "heartbeat" };
        saidAt = performance.now();
      }
      const result = await next;
      if (result.done === true) {
        yield* text.rest();
        yield end(result.value);
        return;
      }
      written += result.value.bytes.byteLength;
      for (const output of text.take(result.value)) {
        yield output;
        saidAt = performance.now();
      }
      if (written > outputBytes * OUTPUT_LIMIT_FACTOR) {
        await command.return(TOO_MUCH_OUTPUT);
        yield end(TOO_MUCH_OUTPUT);
        return;
      }
    }
  } catch (error) {
    const saysSo = error instanceof RunnerError && error.code === "sandbox_lost";
    if (!saysSo && !isLost()) throw error;
    yield end(LOST);
  } finally {
    await command.return(LOST);
  }
}

/** True when `next` does not settle for so long. */
async function isSilent(next: Promise<unknown>, milliseconds: number): Promise<boolean> {
  const silence = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => silence.resolve(true), milliseconds);
  try {
    const settled = next.then(
      () => false,
      () => false,
    );
    return await Promise.race([settled, silence.promise]);
  } finally {
    clearTimeout(timer);
  }
}

interface TextStreams {
  /** The text a chunk completes; none once the limit is reached. */
  take(chunk: OutputChunk): Iterable<ExecOutput>;
  /** What is left at the end: beginnings of characters, replaced. */
  rest(): Iterable<ExecOutput>;
  truncated(): boolean;
}

function createTextStreams(limit: number): TextStreams {
  const decoders = {
    stdout: new TextDecoder("utf-8", { ignoreBOM: true }),
    stderr: new TextDecoder("utf-8", { ignoreBOM: true }),
  };
  let left = limit;
  let truncated = false;
  const output = function* (stream: ExecOutput["stream"], data: string): Iterable<ExecOutput> {
    if (data !== "") yield { type: "output", stream, data };
  };
  return {
    *take({ stream, bytes }) {
      if (bytes.byteLength > left) truncated = true;
      const passed = bytes.subarray(0, left);
      left -= passed.byteLength;
      if (passed.byteLength > 0) yield* output(stream, decoders[stream].decode(passed, { stream: true }));
    },
    *rest() {
      // Past the limit an unfinished character is one that was cut here.
      if (truncated) return;
      for (const stream of ["stdout", "stderr"] as const) yield* output(stream, decoders[stream].decode());
    },
    truncated: () => truncated,
  };
}
