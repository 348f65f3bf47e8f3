/** Knows every sandbox there is: who may enter, what each is doing, when it ends, and that it does end. */
import type { ExecEvent, ExecRequest, RunnerProvider, SandboxDescription } from "../../src/sandbox/wire.ts";
import type { Admission } from "./admission.ts";
import type { ChangedFiles, Upload } from "./archive/archive.ts";
import { createIgnoreRules, type IgnoreRules } from "./archive/ignore-rules.ts";
import type { Backend, BackendSandbox } from "./backend.ts";
import { createEndedSandboxes } from "./ended-sandboxes.ts";
import { RunnerError } from "./errors.ts";
import { execEvents } from "./exec-events.ts";
import { randomId } from "./ids.ts";
import type { Log } from "./log.ts";
import type { Metrics, SandboxEnding } from "./metrics.ts";

/** What is under way in a sandbox; nothing else can begin there until it is done. */
export interface Lease<T> {
  readonly work: T;
  /** Aborted when the work has to stop: its caller went away, or the sandbox ended. */
  readonly signal: AbortSignal;
  /** Makes the work stop. */
  abort(): void;
  /** Gives the sandbox back, once nothing of the work is left; to be called in any case. */
  done(): void;
}

export interface Sandboxes {
  /** Throws RunnerError; a sandbox that could not take its upload is destroyed before. */
  create(
    provider: RunnerProvider,
    upload: (signal: AbortSignal) => Promise<Upload>,
    signal: AbortSignal,
  ): Promise<SandboxDescription>;
  /** Adds files; a sandbox that could not take them is destroyed. */
  put(id: string, upload: () => Promise<Upload>, signal: AbortSignal): Promise<void>;
  exec(id: string, request: ExecRequest, signal: AbortSignal): Lease<AsyncGenerator<ExecEvent, void>>;
  changes(id: string, signal: AbortSignal): Promise<Lease<ChangedFiles>>;
  /** Settles once nothing of it runs any more, also when it is not there. */
  destroy(id: string): Promise<void>;
  /** Lets nobody in any more, and ends them all. */
  close(): Promise<void>;
}

export interface SandboxesOptions {
  readonly backends: readonly Backend[];
  readonly admission: Admission;
  readonly ttlSeconds: number;
  readonly heartbeatMs: number;
  readonly metrics: Metrics;
  readonly log: Log;
}

interface Entry {
  readonly id: string;
  readonly backend: Backend;
  readonly inner: BackendSandbox;
  readonly expiresAt: number;
  readonly rules: IgnoreRules;
  /** Aborts when the sandbox ends. */
  readonly ended: AbortController;
  /** Ends it, once; settles when it is gone. */
  readonly end: (ending: SandboxEnding) => Promise<void>;
  busy: boolean;
}

/** A backend that does not manage to end a sandbox in this time keeps no place from others. */
const DESTROY_MS = 30_000;

const SENTENCES: Readonly<Record<SandboxEnding, string>> = {
  destroyed: "The sandbox was destroyed.",
  expired: "The sandbox expired.",
  failed: "The sandbox was destroyed because files could not be written into it.",
  lost: "The sandbox ended by itself, or its engine went away.",
  shutdown: "The runner was shut down.",
};

export function createSandboxes(options: SandboxesOptions): Sandboxes {
  const { admission, ttlSeconds, heartbeatMs, metrics, log } = options;
  const backends = new Map(options.backends.map((backend) => [backend.provider, backend]));
  const entries = new Map<string, Entry>();
  const ended = createEndedSandboxes();
  /** Those that are being destroyed. */
  const ending = new Map<string, Promise<void>>();
  let closed = false;

  const add = (
    id: string,
    backend: Backend,
    inner: BackendSandbox,
    expiresAt: number,
    leave: () => void,
  ): Entry => {
    let gone: Promise<void> | undefined;
    const controller = new AbortController();
    const destroy = async (): Promise<void> => {
      await settledWithin(DESTROY_MS, inner.destroy()).catch((error: unknown) =>
        log.error({ sandbox: id, provider: backend.provider, error }, "a sandbox was not destroyed"),
      );
      leave();
    };
    const end = (how: SandboxEnding): Promise<void> => {
      if (gone !== undefined) return gone;
      clearTimeout(timer);
      entries.delete(id);
      ended.add(id, SENTENCES[how], Date.now());
      controller.abort(new RunnerError("sandbox_lost", SENTENCES[how]));
      metrics.sandboxEnded(backend.provider, how);
      log.info({ sandbox: id, provider: backend.provider, ending: how }, "sandbox ended");
      gone = destroy().finally(() => ending.delete(id));
      ending.set(id, gone);
      return gone;
    };
    const timer = setTimeout(() => void end("expired"), expiresAt - Date.now());
    void inner.ended.then(() => end("lost"));
    const rules = createIgnoreRules();
    const entry: Entry = { id, backend, inner, expiresAt, rules, ended: controller, end, busy: false };
    entries.set(id, entry);
    metrics.sandboxCreated(backend.provider);
    return entry;
  };

  /** Takes a sandbox for one piece of work. */
  const take = (id: string): Entry => {
    const entry = entries.get(id);
    if (entry === undefined) {
      const sentence = ended.sentenceOf(id, Date.now());
      if (sentence !== undefined) throw new RunnerError("sandbox_lost", sentence);
      throw new RunnerError("not_found", `There is no sandbox '${id}'.`);
    }
    if (entry.busy) throw new RunnerError("sandbox_in_use", "Something is under way in this sandbox.");
    entry.busy = true;
    return entry;
  };

  const lease = <T>(entry: Entry, signal: AbortSignal, work: (signal: AbortSignal) => T): Lease<T> => {
    const own = new AbortController();
    let returned = false;
    const any = AbortSignal.any([own.signal, signal, entry.ended.signal]);
    return {
      work: work(any),
      signal: any,
      abort: () => own.abort(),
      done() {
        if (!returned) entry.busy = false;
        returned = true;
      },
    };
  };

  /** Writes an upload; what a sandbox holds after this failed is not known, so it is destroyed. */
  const fill = async (
    entry: Entry,
    open: (signal: AbortSignal) => Promise<Upload>,
    signal: AbortSignal,
  ): Promise<void> => {
    const any = AbortSignal.any([signal, entry.ended.signal]);
    try {
      await entry.inner.put(entry.rules.watch(await open(any)), any);
      any.throwIfAborted();
    } catch (error) {
      const lost: unknown = entry.ended.signal.aborted ? entry.ended.signal.reason : error;
      await entry.end("failed");
      throw lost;
    }
  };

  const run = (entry: Entry, request: ExecRequest, signal: AbortSignal): AsyncGenerator<ExecEvent, void> => {
    const { backend, inner, ended: over } = entry;
    const { limits, network } = backend;
    const seconds = Math.min(request.timeout_seconds ?? limits.timeout_seconds, limits.timeout_seconds);
    const command = {
      command: request.command,
      timeoutMs: seconds * 1000,
      network: network === "always" || (network === "setup" && request.phase === "setup"),
    };
    return execEvents(inner.exec(command, signal), {
      outputBytes: limits.output_bytes,
      heartbeatMs,
      refusedHosts: () => inner.refusedHosts(),
      isLost: () => over.signal.aborted,
    });
  };

  return {
    async create(provider, upload, signal) {
      const backend = backends.get(provider);
      if (backend === undefined) {
        const there = [...backends.keys()].join(", ");
        const message = `This runner is not set up for '${provider}' (SANDBOX_BACKENDS), but for: ${there}. Send sandbox_provider, or set the service's DEFAULT_SANDBOX_PROVIDER.`;
        throw new RunnerError("provider_unavailable", message);
      }
      const leave = await admission.enter(signal);
      const id = randomId();
      const expiresAt = Date.now() + ttlSeconds * 1000;
      const inner = await backend.create({ id, expiresAt }, signal).catch((error: unknown) => {
        leave();
        throw error;
      });
      const entry = add(id, backend, inner, expiresAt, leave);
      if (closed) await entry.end("shutdown");
      await fill(entry, upload, signal);
      return describe(entry);
    },

    async put(id, upload, signal) {
      const entry = take(id);
      try {
        await fill(entry, upload, signal);
      } finally {
        entry.busy = false;
      }
    },

    exec(id, request, signal) {
      const entry = take(id);
      return lease(entry, signal, (any) => run(entry, request, any));
    },

    async changes(id, signal) {
      const entry = take(id);
      const { work, ...rest } = lease(entry, signal, (any) =>
        entry.inner.changes((path) => !entry.rules.ignored(path), any),
      );
      try {
        return { work: await work, ...rest };
      } catch (error) {
        rest.done();
        throw entry.ended.signal.aborted ? entry.ended.signal.reason : error;
      }
    },

    async destroy(id) {
      await (entries.get(id)?.end("destroyed") ?? ending.get(id));
    },

    async close() {
      closed = true;
      admission.close();
      await Promise.all([...entries.values()].map((entry) => entry.end("shutdown")));
      await Promise.all(ending.values());
    },
  };
}

function describe({ id, backend, expiresAt }: Entry): SandboxDescription {
  const { provider, limits, network } = backend;
  return { id, provider, expires_at: new Date(expiresAt).toISOString(), limits, network };
}

async function settledWithin(milliseconds: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`not within ${milliseconds / 1000} seconds`)),
    milliseconds,
  );
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
