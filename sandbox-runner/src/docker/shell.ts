/** A waiting shell in a sandbox, on one connection to the engine. */
import { once } from "node:events";
import type { Socket } from "node:net";
import type Docker from "dockerode";
import type { OutputChunk } from "../backend.ts";
import { RunnerError } from "../errors.ts";
import { call } from "./engine.ts";
import { readFrames } from "./frames.ts";
import { SHELL_SCRIPT } from "./scripts.ts";

/** What is kept of standard error, to say why a job failed. */
const MAX_STDERR_BYTES = 2000;
/** The engine sets the exit code just after the output has ended; on a busy machine that takes its time. */
const EXIT_CODE_TRIES = 500;
const EXIT_CODE_PAUSE_MS = 10;

export interface Shell {
  /** Processes of the sandbox the kernel had killed for want of memory when the shell started. */
  readonly oomKills: number;
  /** Starts a job, with what it reads. */
  send(job: string, payload?: Uint8Array): Promise<void>;
  /** More for the job; settles when the next may come. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends the job's input, and with it the shell once the job is done. */
  end(): void;
  /** Bytes of standard output up to and without the next `delimiter`; throws past `limit`. */
  readUntil(delimiter: number, limit: number): Promise<Buffer>;
  /** Up to `size` bytes of standard output, as they come; throws when it ends before. */
  read(size: number): AsyncGenerator<Uint8Array, void>;
  /** All output there is, as it comes. */
  output(): AsyncGenerator<OutputChunk, void>;
  /** Once the output has ended; null when the engine cannot tell any more. */
  exitCode(): Promise<number | null>;
  /** Hangs up; whatever waits on the shell fails or ends. */
  destroy(): void;
  /** The last of what was written to standard error, for messages. */
  complaint(): string;
}

/** For a shell to say hello. */
const HELLO_MS = 10_000;

/** `user` is `uid:gid`. With `clean`, whatever else runs as it is ended first. Throws RunnerError. */
export async function startShell(
  container: Docker.Container,
  user: string,
  clean: boolean,
  signal?: AbortSignal,
): Promise<Shell> {
  const exec = await call(signal, (abortSignal) =>
    container.exec({
      Cmd: ["/bin/sh", "-c", SHELL_SCRIPT, "sh", clean ? "clean" : "add"],
      User: user,
      WorkingDir: "/",
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      abortSignal,
    }),
  );
  const socket = await call(
    signal,
    async () => (await exec.start({ hijack: true, stdin: true })) as unknown as Socket,
    (late) => late.destroy(),
  );
  const shell = speak(exec, socket);
  const limit = AbortSignal.timeout(HELLO_MS);
  const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  const hangUp = () => socket.destroy();
  either.addEventListener("abort", hangUp, { once: true });
  try {
    const oomKills = Number((await shell.readUntil(NEWLINE, MAX_HELLO_BYTES)).toString());
    either.throwIfAborted();
    return { ...shell, oomKills };
  } catch (error) {
    socket.destroy();
    signal?.throwIfAborted();
    throw error;
  } finally {
    either.removeEventListener("abort", hangUp);
  }
}

const NEWLINE = 10;
const MAX_HELLO_BYTES = 100;

function speak(exec: Docker.Exec, socket: Socket): Omit<Shell, "oomKills"> {
  const frames = readFrames(socket);
  let stderr = Buffer.alloc(0);
  let pending: Uint8Array | undefined;
  socket.on("error", () => socket.destroy());

  const complaint = () => stderr.toString().trim().split("\n").slice(0, 3).join("; ");
  const lost = () => {
    const said = complaint();
    return new RunnerError(
      "sandbox_lost",
      `The sandbox ended under its work${said === "" ? "" : `: ${said}`}.`,
    );
  };
  const nextFrame = async (): Promise<OutputChunk | undefined> => {
    try {
      const next = await frames.next();
      return next.done === true ? undefined : next.value;
    } catch {
      return undefined;
    }
  };
  /** The next piece of standard output, or undefined at its end. */
  const nextBytes = async (): Promise<Uint8Array | undefined> => {
    if (pending !== undefined) {
      const bytes = pending;
      pending = undefined;
      return bytes;
    }
    for (;;) {
      const frame = await nextFrame();
      if (frame === undefined || frame.stream === "stdout") return frame?.bytes;
      if (stderr.length < MAX_STDERR_BYTES) stderr = Buffer.concat([stderr, frame.bytes]);
    }
  };
  const write = async (bytes: Uint8Array) => {
    if (socket.destroyed) throw lost();
    if (socket.write(bytes)) return;
    const waiting = new AbortController();
    const { signal } = waiting;
    // An error of the connection ends the waiting as well; what it says is of no use to a caller.
    await Promise.race([once(socket, "drain", { signal }), once(socket, "close", { signal })])
      .catch(() => undefined)
      .finally(() => waiting.abort());
    if (socket.destroyed) throw lost();
  };

  return {
    async send(job, payload) {
      await write(Buffer.from(`${job} ${payload?.byteLength ?? 0}\n`));
      if (payload !== undefined) await write(payload);
    },
    write,
    end: () => socket.end(),
    async readUntil(delimiter, limit) {
      const parts: Uint8Array[] = [];
      let size = 0;
      for (;;) {
        const bytes = await nextBytes();
        if (bytes === undefined) throw lost();
        const at = bytes.indexOf(delimiter);
        parts.push(at < 0 ? bytes : bytes.subarray(0, at));
        size += parts.at(-1)?.byteLength ?? 0;
        if (size > limit) throw new RunnerError("payload_too_large", "The sandbox's answer is too long.");
        if (at < 0) continue;
        if (at + 1 < bytes.byteLength) pending = bytes.subarray(at + 1);
        return Buffer.concat(parts);
      }
    },
    async *read(size) {
      let left = size;
      while (left > 0) {
        const bytes = await nextBytes();
        if (bytes === undefined) throw lost();
        if (bytes.byteLength > left) pending = bytes.subarray(left);
        const piece = bytes.subarray(0, left);
        left -= piece.byteLength;
        yield piece;
      }
    },
    async *output() {
      if (pending !== undefined) yield { stream: "stdout", bytes: pending };
      pending = undefined;
      for (;;) {
        const frame = await nextFrame();
        if (frame === undefined) return;
        yield frame;
      }
    },
    async exitCode() {
      for (let tries = 0; tries < EXIT_CODE_TRIES; tries += 1) {
        const state = await call(undefined, (abortSignal) => exec.inspect({ abortSignal })).catch(
          () => undefined,
        );
        if (state === undefined) return null;
        if (!state.Running) return state.ExitCode;
        await new Promise((resolve) => setTimeout(resolve, EXIT_CODE_PAUSE_MS));
      }
      return null;
    },
    destroy: () => {
      socket.destroy();
    },
    complaint,
  };
}
