/** A sandbox-runner on this machine, and a small client that signs its requests. */
import { packTar, unpackTar } from "modern-tar";
import type { Backend } from "../../sandbox-runner/src/backend.ts";
import { listen } from "../../sandbox-runner/src/listen.ts";
import { createLog } from "../../sandbox-runner/src/log.ts";
import { createRunner } from "../../sandbox-runner/src/runner.ts";
import { readSettings, type ServiceSettings, type Settings } from "../../sandbox-runner/src/settings.ts";
import { importSecret, STREAMED_BODY, signatureHeaders } from "../../src/sandbox/sign.ts";
import { encodeSignedStream, SIGNED_STREAM_TYPE } from "../../src/sandbox/signed-stream.ts";
import {
  type ChangesManifest,
  type ExecEvent,
  type ExecRequest,
  paths,
  type RunnerProvider,
  type SandboxDescription,
} from "../../src/sandbox/wire.ts";

/** Not secret: for tests only. */
export const RUNNER_SECRET = "0123456789abcdef0123456789abcdef";

/** As from an environment that sets only these. */
export function runnerSettings(environment: Record<string, string> = {}): Settings {
  return readSettings({ SANDBOX_RUNNER_SECRET: RUNNER_SECRET, ...environment });
}

export interface StartedRunner extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  readonly secret: string;
  /** The log's lines so far. */
  readonly log: readonly Record<string, unknown>[];
  /** Ends the runner and its backends, as SIGTERM does; disposing does so too. */
  close(): Promise<void>;
}

export interface StartRunnerOptions {
  /** They are closed with the runner. */
  readonly backends: readonly Backend[];
  readonly settings?: Partial<ServiceSettings>;
  readonly heartbeatMs?: number;
  /** Milliseconds since the epoch; a second ago, unless told. */
  readonly startedAt?: number;
}

export async function startRunner({
  backends,
  settings,
  ...rest
}: StartRunnerOptions): Promise<StartedRunner> {
  const service = { ...runnerSettings().service, ...settings };
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ write: (line) => void lines.push(JSON.parse(line)) });
  const runner = await createRunner({
    settings: service,
    backends,
    log,
    startedAt: Date.now() - 1000,
    ...rest,
  });
  const server = await listen(runner, "127.0.0.1", 0);
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= runner.close().then(() => server.close());
    return closed;
  };
  return { url: server.url, secret: service.secret, log: lines, close, [Symbol.asyncDispose]: close };
}

/** Content by path; `*` after the path makes the file executable. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface ReadChanges extends ChangesManifest {
  /** Texts of what was added and modified, by path, with `*` as in Files. */
  readonly contents: Readonly<Record<string, string>>;
}

export interface RunnerClient {
  /** Signed; `target` is path and query. A body that is not a string is sent as an upload. */
  send(
    method: string,
    target: string,
    options?: {
      readonly body?: string | AsyncIterable<Uint8Array>;
      readonly signal?: AbortSignal;
      /** Milliseconds since the epoch. */
      readonly now?: number;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<Response>;
  /** These throw what the runner answers instead, as text. */
  create(provider: RunnerProvider, files?: Files): Promise<SandboxDescription>;
  put(id: string, files: Files, removed?: readonly string[]): Promise<void>;
  /** As they arrive; leaving early goes away in the middle. */
  stream(id: string, request: string | ExecRequestInput): AsyncGenerator<ExecEvent, void>;
  exec(id: string, request: string | ExecRequestInput): Promise<ExecResult>;
  changes(id: string): Promise<ReadChanges>;
  destroy(id: string): Promise<void>;
}

type ExecRequestInput = Partial<ExecRequest> & Pick<ExecRequest, "command">;

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The last event. */
  readonly end: Extract<ExecEvent, { type: "end" | "error" }>;
}

export function runnerClient({ url, secret }: Pick<StartedRunner, "url" | "secret">): RunnerClient {
  const send: RunnerClient["send"] = async (method, target, options = {}) => {
    const { body = "", signal, now = Date.now(), headers } = options;
    const key = await importSecret(secret);
    const signed = typeof body === "string" ? body : STREAMED_BODY;
    const signature = await signatureHeaders(key, { method, target, body: signed }, now);
    const upload =
      typeof body === "string"
        ? undefined
        : ReadableStream.from(encodeSignedStream(key, signature["x-sandbox-signature"] ?? "", body));
    return fetch(`${url}${target}`, {
      method,
      headers: {
        ...signature,
        ...(upload === undefined ? {} : { "content-type": SIGNED_STREAM_TYPE }),
        ...headers,
      },
      ...(upload === undefined ? {} : { duplex: "half" }),
      ...(upload !== undefined || body !== "" ? { body: upload ?? (body as string) } : {}),
      signal: signal ?? null,
    });
  };
  const expectOk = async (response: Response): Promise<Response> => {
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return response;
  };

  async function* stream(id: string, request: string | ExecRequestInput): AsyncGenerator<ExecEvent, void> {
    const body = JSON.stringify(typeof request === "string" ? { command: request } : request);
    const leaving = new AbortController();
    const response = await expectOk(await send("POST", paths.exec(id), { body, signal: leaving.signal }));
    try {
      let rest = "";
      for await (const text of (response.body ?? new ReadableStream()).pipeThrough(
        new TextDecoderStream(),
      ) as ReadableStream<string>) {
        const lines = `${rest}${text}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) yield JSON.parse(line);
      }
    } finally {
      leaving.abort();
    }
  }

  return {
    send,
    stream,
    async create(provider, files = {}) {
      const response = await send("POST", paths.sandboxes(provider), { body: uploadTar(files) });
      return (await expectOk(response)).json() as Promise<SandboxDescription>;
    },
    async put(id, files, removed = []) {
      await expectOk(await send("POST", paths.files(id), { body: uploadTar(files, removed) }));
    },
    async exec(id, request) {
      const said = { stdout: "", stderr: "" };
      let last: ExecEvent | undefined;
      for await (const event of stream(id, request)) {
        last = event;
        if (event.type === "output") said[event.stream] += event.data;
      }
      if (last?.type !== "end" && last?.type !== "error") throw new Error("The stream has no end.");
      return { ...said, end: last };
    },
    async changes(id) {
      const response = await expectOk(await send("GET", paths.changes(id)));
      const entries = await unpackTar(new Uint8Array(await response.arrayBuffer()), { strict: true });
      const last = entries.pop();
      if (last?.header.name !== "changes.json") throw new Error("The changes were cut short.");
      const contents = entries.map(({ header, data }) => {
        const executable = ((header.mode ?? 0) & 0o100) !== 0;
        const name = `${header.name.replace(/^files\//, "")}${executable ? "*" : ""}`;
        return [name, new TextDecoder().decode(data)] as const;
      });
      const manifest = JSON.parse(new TextDecoder().decode(last.data)) as ChangesManifest;
      return { ...manifest, contents: Object.fromEntries(contents) };
    },
    async destroy(id) {
      await expectOk(await send("DELETE", paths.sandbox(id)));
    },
  };
}

/** A whole upload in one piece, as another implementation writes tars. */
export async function* uploadTar(
  files: Files,
  removed: readonly string[] = [],
): AsyncGenerator<Uint8Array, void> {
  const encoder = new TextEncoder();
  const entry = (name: string, content: string | Uint8Array, mode: number) => {
    const body = typeof content === "string" ? encoder.encode(content) : content;
    return { header: { name, size: body.byteLength, mode, mtime: new Date(0) }, body };
  };
  yield await packTar([
    entry("upload.json", JSON.stringify({ removed }), 0o644),
    ...Object.entries(files).map(([name, content]) =>
      entry(`files/${name.replace(/\*$/, "")}`, content, name.endsWith("*") ? 0o755 : 0o644),
    ),
  ]);
}
