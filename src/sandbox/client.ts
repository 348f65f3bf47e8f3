/** The runner's API as the service calls it: signed requests, answers that are checked, failures in sentences. */
import { isAbort, ServiceError } from "../errors.ts";
import { sleep } from "../sleep.ts";
import { CUT, readExecEvents } from "./ndjson.ts";
import { refusal } from "./refusal.ts";
import { SandboxError } from "./sandbox-error.ts";
import { importSecret, SIGNATURE_HEADERS, STREAMED_BODY, signatureHeaders } from "./sign.ts";
import { encodeSignedStream, SIGNED_STREAM_TYPE } from "./signed-stream.ts";
import { chunksOf, streamOf } from "./streams.ts";
import { createWatch, type Watch } from "./watch.ts";
import {
  type ExecEnd,
  type ExecOutput,
  type ExecRequest,
  paths,
  type RunnerHealth,
  type RunnerProvider,
  runnerHealthSchema,
  type SandboxDescription,
  sandboxSchema,
} from "./wire.ts";

/** A tar to upload, made anew for each try. */
export type MakeUpload = () => AsyncGenerator<Uint8Array, void>;

export interface RemoteSandbox {
  readonly description: SandboxDescription;
  put(upload: MakeUpload, signal: AbortSignal): Promise<void>;
  /** Runs one command. Leaving early, or an abort, ends it, and may end the sandbox with it. */
  exec(request: ExecRequest, signal: AbortSignal): AsyncGenerator<ExecOutput, ExecEnd>;
  /** A tar of what commands changed; leaving early cuts it. */
  changes(signal: AbortSignal): AsyncGenerator<Uint8Array, void>;
  /** Best effort, in bounded time: what is left of it ends by its deadline. Never throws. */
  destroy(): Promise<void>;
}

export interface RunnerClient {
  /** Every method throws SandboxError, and the signal's reason once that aborts. */
  create(provider: RunnerProvider, upload: MakeUpload, signal: AbortSignal): Promise<RemoteSandbox>;
  health(signal: AbortSignal): Promise<RunnerHealth>;
}

export interface RunnerClientOptions {
  /** The runner's origin, without a trailing slash. */
  readonly url: string;
  readonly secret: string;
  readonly fetch: typeof fetch;
  /** Milliseconds since the epoch; signatures carry the time. */
  readonly now: () => number;
  readonly userAgent: string;
  /** Milliseconds the runner may say nothing, by default SILENCE_MS. */
  readonly silenceMs?: Partial<typeof SILENCE_MS>;
}

const SILENCE_MS = {
  /** A new sandbox may have to wait in the runner's queue. */
  create: 90_000,
  put: 60_000,
  /** Three heartbeats. */
  exec: 30_000,
  changes: 60_000,
  destroy: 4_000,
  health: 2_000,
};
/** Tries for a place, each of which may wait in the runner's queue, and the longest pause between two, in seconds. */
const CREATE_TRIES = 2;
const LONGEST_PAUSE = 20;
/** Characters of an answer that is JSON. */
const LONGEST_ANSWER = 65_536;

interface Call {
  readonly method: string;
  readonly target: string;
  readonly kind: keyof typeof SILENCE_MS;
  readonly signal: AbortSignal;
  readonly body?: string | MakeUpload;
}

export function createRunnerClient(options: RunnerClientOptions): RunnerClient {
  const { url, secret, fetch, now, userAgent } = options;
  const silence = { ...SILENCE_MS, ...options.silenceMs };
  let imported: ReturnType<typeof importSecret> | undefined;

  /** An answer with a good status, and the watch to keep over its body; anything else is thrown. */
  async function call(request: Call): Promise<{ response: Response; watch: Watch }> {
    const { method, target, kind, signal } = request;
    signal.throwIfAborted();
    const watch = createWatch(silence[kind], signal);
    let failure: unknown;
    try {
      imported ??= importSecret(secret);
      const key = await imported;
      const sent = typeof request.body === "function" ? STREAMED_BODY : (request.body ?? "");
      const signed = await signatureHeaders(key, { method, target, body: sent }, now());
      const headers: Record<string, string> = { ...signed, "user-agent": userAgent };
      const init: RequestInit & { duplex?: "half" } = { method, headers, signal: watch.signal };
      if (typeof request.body === "function") {
        headers["content-type"] = SIGNED_STREAM_TYPE;
        const tar = remembering(request.body(), (error) => {
          failure = error;
        });
        const signature = signed[SIGNATURE_HEADERS.signature] ?? "";
        init.body = streamOf(encodeSignedStream(key, signature, tar), watch.heard);
        init.duplex = "half";
      } else if (request.body !== undefined) {
        headers["content-type"] = "application/json";
        init.body = request.body;
      }
      const response = await fetch(url + target, init);
      watch.heard();
      if (!response.ok) {
        const text = await readText(response, watch).catch(() => "");
        throw refusal(response.status, text, response.headers.get("retry-after"));
      }
      return { response, watch };
    } catch (error) {
      watch.stop();
      signal.throwIfAborted();
      // What the upload could not read is not the runner's failure.
      if (failure !== undefined && !(error instanceof SandboxError)) throw failure;
      throw explained(error, watch);
    }
  }

  /** An answer that is one JSON value. */
  async function callJson<T>(
    request: Call,
    read: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  ): Promise<T> {
    const { response, watch } = await call(request);
    try {
      const result = read.safeParse(parseJson(await readText(response, watch)));
      if (result.success) return result.data;
      throw new SandboxError("protocol", "The sandbox-runner's answer is not of this version of its API.");
    } catch (error) {
      request.signal.throwIfAborted();
      if (error instanceof SandboxError) throw error;
      // Platforms tell of a connection that broke inside an answer with errors of any kind.
      throw watch.silent ? silenceOf() : unreachable();
    } finally {
      watch.stop();
    }
  }

  async function callForNothing(request: Call): Promise<void> {
    const { response, watch } = await call(request);
    await response.body?.cancel().catch(() => undefined);
    watch.stop();
  }

  /** The chunks of an answer; an end that came too early is `lost`. */
  async function* callForChunks(request: Call): AsyncGenerator<Uint8Array, void> {
    const { response, watch } = await call(request);
    try {
      if (response.body !== null) yield* chunksOf(response.body, watch.heard);
    } catch {
      request.signal.throwIfAborted();
      throw watch.silent ? silenceOf() : new SandboxError("lost", CUT);
    } finally {
      watch.stop();
    }
  }

  function sandboxOf(description: SandboxDescription): RemoteSandbox {
    const { id } = description;
    return {
      description,
      put: (upload, signal) =>
        callForNothing({ method: "POST", target: paths.files(id), kind: "put", body: upload, signal }),
      async *exec(request, signal) {
        const body = JSON.stringify(request);
        const chunks = callForChunks({ method: "POST", target: paths.exec(id), kind: "exec", body, signal });
        for await (const event of readExecEvents(chunks)) {
          if (event.type === "output") yield event;
          else if (event.type === "end") return event;
          else if (event.type === "error") throw refusal(0, JSON.stringify({ error: event }), null);
        }
        throw new SandboxError("lost", CUT);
      },
      changes: (signal) =>
        callForChunks({ method: "GET", target: paths.changes(id), kind: "changes", signal }),
      async destroy() {
        const { signal } = new AbortController();
        try {
          await callForNothing({ method: "DELETE", target: paths.sandbox(id), kind: "destroy", signal });
        } catch (error) {
          if (!(error instanceof SandboxError)) throw error;
        }
      },
    };
  }

  return {
    async create(provider, upload, signal) {
      const target = paths.sandboxes(provider);
      for (let tries = 1; ; tries++) {
        try {
          const request: Call = { method: "POST", target, kind: "create", body: upload, signal };
          return sandboxOf(await callJson(request, sandboxSchema));
        } catch (error) {
          // Nothing was created then; after any other failure something may have been, and ends by itself.
          const full = error instanceof SandboxError && error.problem === "at_capacity";
          if (!full || tries === CREATE_TRIES) throw error;
          await sleep(Math.min(error.retryAfter ?? 1, LONGEST_PAUSE) * 1000, signal);
        }
      }
    },
    health: (signal) =>
      callJson({ method: "GET", target: "/health", kind: "health", signal }, runnerHealthSchema),
  };
}

/** Passes chunks on, and tells of the error that ended them, which fetch would hide. */
async function* remembering(
  chunks: AsyncGenerator<Uint8Array, void>,
  tell: (error: unknown) => void,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* chunks;
  } catch (error) {
    tell(error);
    throw error;
  }
}

async function readText({ body }: Response, watch: Watch): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunksOf(body, watch.heard)) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > LONGEST_ANSWER) break;
  }
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function silenceOf(): SandboxError {
  return new SandboxError("timed_out", "The sandbox-runner did not answer in time.");
}

function unreachable(): SandboxError {
  return new SandboxError("unreachable", "The sandbox-runner cannot be reached.");
}

function explained(error: unknown, watch: Watch): unknown {
  if (error instanceof SandboxError) return error;
  if (watch.silent) return silenceOf();
  const ours = error instanceof ServiceError || error instanceof TypeError || isAbort(error);
  return ours ? unreachable() : error;
}
