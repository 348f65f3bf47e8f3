/** Docker backends on the engine that tests use, and short ways to say what happens in their sandboxes. */
import { randomUUID } from "node:crypto";
import pino from "pino";
import type { ArchiveFile } from "../../../../sandbox-runner/src/archive/archive.ts";
import type { Backend, BackendSandbox, CommandEnd } from "../../../../sandbox-runner/src/backend.ts";
import { createDockerBackend } from "../../../../sandbox-runner/src/docker/backend.ts";
import { connectEngine } from "../../../../sandbox-runner/src/docker/engine.ts";
import type { DockerSettings } from "../../../../sandbox-runner/src/docker/settings.ts";
import type { ChangesManifest } from "../../../../src/sandbox/wire.ts";

export const HAS_ENGINE = process.env["DOCKER_HOST"] !== undefined;
export const TEST_IMAGE = process.env["SANDBOX_TEST_IMAGE"] ?? "tiny-backspace-sandbox:test";

const MB = 1024 * 1024;
const LIFETIME_SECONDS = 300;

export function testSettings(changes: Partial<DockerSettings> = {}): DockerSettings {
  return {
    image: TEST_IMAGE,
    runner: `docker-tests-${randomUUID()}`,
    limits: { timeout_seconds: 60, memory_limit_mb: 256, cpu_limit: 2, output_bytes: 64 * MB },
    network: "none",
    lifetimeSeconds: LIFETIME_SECONDS,
    warmPoolSize: 0,
    pids: 128,
    openFiles: 512,
    workspaceMb: 64,
    workspaceFiles: 20_000,
    changes: { files: 1000, fileBytes: MB, totalBytes: 10 * MB },
    ...changes,
  };
}

export interface TestBackend extends AsyncDisposable {
  readonly settings: DockerSettings;
  readonly backend: Backend;
  create(lifetimeMs?: number): Promise<BackendSandbox>;
}

export function startBackend(changes: Partial<DockerSettings> = {}, docker = connectEngine()): TestBackend {
  const settings = testSettings(changes);
  const backend = createDockerBackend(settings, { docker, log: pino({ level: "silent" }) });
  return {
    settings,
    backend,
    create: (lifetimeMs = LIFETIME_SECONDS * 1000) =>
      backend.create({ id: randomUUID(), expiresAt: Date.now() + lifetimeMs }, never()),
    [Symbol.asyncDispose]: () => backend.close(),
  };
}

/** A signal that never aborts. */
export function never(): AbortSignal {
  return new AbortController().signal;
}

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly end: CommandEnd;
}

export async function run(
  sandbox: BackendSandbox,
  command: string,
  { timeoutMs = 30_000, signal = never() }: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<Ran> {
  const output = { stdout: "", stderr: "" };
  const running = sandbox.exec({ command, timeoutMs, network: false }, signal);
  for (;;) {
    const step = await running.next();
    if (step.done === true) return { ...output, end: step.value };
    output[step.value.stream] += Buffer.from(step.value.bytes).toString("latin1");
  }
}

export const exited = (exitCode: number): CommandEnd => ({ ending: "exited", exitCode, signal: null });
export const signaled = (signal: string, exitCode: number): CommandEnd => ({
  ending: "signaled",
  exitCode,
  signal,
});
export const TIMED_OUT: CommandEnd = { ending: "timed_out", exitCode: null, signal: null };
export const LOST: CommandEnd = { ending: "sandbox_lost", exitCode: null, signal: null };

/** Contents by path; a path that ends in `*` is executable, and has no such ending there. */
export type Files = Readonly<Record<string, string>>;

export async function put(
  sandbox: BackendSandbox,
  files: Files,
  removed: readonly string[] = [],
): Promise<void> {
  await sandbox.put({ removed, files: archiveFiles(files) }, never());
}

async function* archiveFiles(files: Files): AsyncGenerator<ArchiveFile, void> {
  for (const [name, text] of Object.entries(files)) {
    const bytes = Buffer.from(text);
    const content = (async function* () {
      yield bytes;
    })();
    yield {
      path: name.replace(/\*$/, ""),
      executable: name.endsWith("*"),
      size: bytes.byteLength,
      content,
    };
  }
}

export interface Changed {
  readonly manifest: ChangesManifest;
  readonly files: Files;
}

export async function changes(
  sandbox: BackendSandbox,
  keep: (path: string) => boolean = () => true,
): Promise<Changed> {
  const { manifest, files } = await sandbox.changes(keep, never());
  const contents: Record<string, string> = {};
  for await (const { path, executable, content } of files) {
    const parts: Uint8Array[] = [];
    for await (const bytes of content) parts.push(bytes);
    contents[executable ? `${path}*` : path] = Buffer.concat(parts).toString();
  }
  return { manifest, files: contents };
}

export const NOTHING: ChangesManifest = { added: [], modified: [], deleted: [], skipped: [] };
