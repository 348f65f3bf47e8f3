/** One sandbox on AWS Lambda: its files are kept here, and go along with every command. */
import type { ArchiveLimits } from "../archive/archive.ts";
import { readFiles } from "../archive/read-files.ts";
import type { BackendSandbox, Command, CommandEnd, OutputChunk, SandboxLimits } from "../backend.ts";
import { RunnerError } from "../errors.ts";
import { endingOf, FunctionError } from "./explain.ts";
import { endSchema, errorSchema, type Frame, manifestSchema, parseFrame } from "./invocation.ts";
import { type InvokeOptions, invoke } from "./invoke.ts";
import { MAX_RESPONSE_CONTENT_BYTES } from "./limits.ts";
import { notFrames, readFrames } from "./read-frames.ts";
import { createStoredFiles } from "./stored-files.ts";
import { invokeInTurn } from "./throttled.ts";
import { createChangeTracker } from "./track-changes.ts";

export interface SandboxSettings {
  readonly limits: SandboxLimits;
  readonly archive: ArchiveLimits;
  readonly pids: number;
  readonly openFiles: number;
}

/** `expiresAt` in milliseconds since the epoch. */
export async function createSandbox(
  options: InvokeOptions,
  { limits, archive, pids, openFiles }: SandboxSettings,
  expiresAt: number,
): Promise<BackendSandbox> {
  const stored = await createStoredFiles();
  const tracker = createChangeTracker();
  /** Why the files here are not those that the last command left. */
  let outdated: RunnerError | undefined;
  const ending = new AbortController();
  const ended = Promise.withResolvers<void>();
  const changedBytes = Math.min(archive.totalBytes, MAX_RESPONSE_CONTENT_BYTES - limits.output_bytes);

  const destroy = async (): Promise<void> => {
    clearTimeout(expiry);
    ending.abort(new RunnerError("sandbox_lost", "The sandbox has ended."));
    ended.resolve();
  };
  const expiry = setTimeout(() => void destroy(), expiresAt - Date.now());

  const checkUsable = () => {
    ending.signal.throwIfAborted();
    if (outdated !== undefined) throw outdated;
  };

  /** Keeps what a command changed, if it can be kept: that has nothing to do with how the command ended. */
  const keep = async (frames: FrameRest, data: Uint8Array, signal: AbortSignal): Promise<CommandEnd> => {
    const { added, modified, deleted, skipped } = parseFrame(manifestSchema, data);
    const expected = new Set([...added, ...modified]);
    const files = readFiles(frames.files(), { ...archive, totalBytes: changedBytes }, { expected });
    const gone = [...deleted, ...skipped.map(({ path }) => path)];
    try {
      const replaced = await stored.replace(gone, files, signal);
      tracker.left(skipped, replaced.added);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RunnerError) || error.code !== "payload_too_large") throw error;
      outdated = error;
    }
    return await frames.end();
  };

  async function* run(
    { command, timeoutMs }: Command,
    signal: AbortSignal,
  ): AsyncGenerator<OutputChunk, CommandEnd> {
    let answered = false;
    const invocation = {
      version: 1,
      files: Buffer.from(stored.packed()).toString("base64"),
      command,
      // One more than is passed on, which shows that there was more.
      outputBytes: limits.output_bytes + 1,
      archive,
      changedBytes,
      pids,
      openFiles,
    } as const;
    /** A command's time begins when it runs, and ends with its sandbox: nothing ends it later. */
    const time = () => Math.max(1, Math.min(timeoutMs, expiresAt - Date.now()));
    const invokeNow = () => invoke(options, { ...invocation, timeoutMs: time() }, signal);
    const frames = readFrames(invokeInTurn(invokeNow, timeoutMs, signal));
    const rest = restOf(frames);
    try {
      for (let next = await frames.next(); next.done !== true; next = await frames.next()) {
        answered = true;
        const { kind, data } = next.value;
        if (kind === "stdout" || kind === "stderr") yield { stream: kind, bytes: data };
        else if (kind === "manifest") return await keep(rest, data, signal);
        else if (kind === "error") {
          const { code, message } = parseFrame(errorSchema, data);
          const error = new RunnerError(code, message);
          const end = await rest.end().catch(() => {
            throw error;
          });
          outdated = error;
          return end;
        } else break;
      }
    } catch (error) {
      if (error instanceof FunctionError) return endingOf(error, answered);
      throw error;
    } finally {
      await frames.return();
    }
    throw notFrames();
  }

  return {
    async put(upload, signal) {
      checkUsable();
      const any = AbortSignal.any([signal, ending.signal]);
      tracker.uploaded(await stored.replace(upload.removed, upload.files, any));
    },
    exec(command, signal) {
      checkUsable();
      return run(command, AbortSignal.any([signal, ending.signal]));
    },
    async changes(keepNew) {
      checkUsable();
      const manifest = tracker.manifest(stored.states(), keepNew);
      return { manifest, files: stored.read(new Set([...manifest.added, ...manifest.modified])) };
    },
    refusedHosts: () => [],
    destroy,
    ended: ended.promise,
  };
}

interface FrameRest {
  /** The tar in the next frames. */
  files(): AsyncGenerator<Uint8Array, void>;
  /** Passes over what is left before it. */
  end(): Promise<CommandEnd>;
}

function restOf(frames: AsyncGenerator<Frame, void>): FrameRest {
  let end: Frame | undefined;
  const next = async (): Promise<Uint8Array | undefined> => {
    const { value: frame } = end === undefined ? await frames.next() : { value: end };
    if (frame?.kind === "files") return frame.data;
    if (frame?.kind === "error") {
      const { code, message } = parseFrame(errorSchema, frame.data);
      throw new RunnerError(code, message);
    }
    if (frame?.kind !== "end") throw notFrames();
    end = frame;
    return undefined;
  };
  return {
    async *files() {
      for (let data = await next(); data !== undefined; data = await next()) yield data;
    },
    async end() {
      while ((await next()) !== undefined);
      const parsed = parseFrame(endSchema, end?.data ?? new Uint8Array(0));
      // Lambda says when the function has cleaned up behind the command; one that fails at that is not used again.
      const more = await frames.next().catch((error: unknown) => {
        if (error instanceof FunctionError) return { done: true };
        throw error;
      });
      if (more.done !== true) throw notFrames();
      return parsed;
    },
  };
}
