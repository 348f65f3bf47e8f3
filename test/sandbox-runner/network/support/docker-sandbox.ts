/** A sandbox on the real engine, with a network whose names all lead to loopback. */
import { join } from "node:path";
import type { BackendSandbox, CommandEnd } from "../../../../sandbox-runner/src/backend.ts";
import { createDockerBackend } from "../../../../sandbox-runner/src/docker/backend.ts";
import { connectEngine } from "../../../../sandbox-runner/src/docker/engine.ts";
import { createNetwork, type NetworkOptions } from "../../../../sandbox-runner/src/network/create-network.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";
import { TEST_IMAGE, testSettings } from "../../docker/support/backend.ts";
import { SILENT } from "./silent.ts";

export interface Ran extends CommandEnd {
  /** Both streams, as they came. */
  readonly output: string;
  readonly refused: readonly string[];
}

export interface DockerSandbox {
  /** `network` says whether allow-listed hosts may be reached meanwhile; `onOutput` is told each piece at once. */
  run(command: string, network?: boolean, onOutput?: (text: string) => void): Promise<Ran>;
  /** Adds files to the workspace. */
  put(files: Readonly<Record<string, string>>): Promise<void>;
}

export interface DockerSandboxes extends AsyncDisposable {
  /** The folder that holds the sandboxes' own. */
  readonly folder: string;
  create(): Promise<DockerSandbox>;
}

const LIFETIME_MS = 120_000;

export async function startSandboxes(
  allow: readonly string[],
  options: Partial<NetworkOptions> & { readonly image?: string; readonly mode?: "none" | "setup" } = {},
): Promise<DockerSandboxes> {
  const temporary = await temporaryFolder();
  const { image = TEST_IMAGE, mode = "setup" } = options;
  const network = await createNetwork({
    folder: temporary.path,
    allow,
    allowPrivate: allow,
    resolve: async () => ["127.0.0.1"],
    ...options,
  });
  const backend = createDockerBackend(
    testSettings({ network: mode, image, limits: { ...testSettings().limits, memory_limit_mb: 512 } }),
    { docker: connectEngine(), log: SILENT, ...(mode === "none" ? {} : { network }) },
  );
  const { signal } = new AbortController();
  let count = 0;
  return {
    folder: join(temporary.path, "proxies"),
    async create() {
      count += 1;
      const expiresAt = Date.now() + LIFETIME_MS;
      const sandbox = await backend.create({ id: `network-test-${count}`, expiresAt }, signal);
      return {
        run: (command, on = false, onOutput = () => {}) => run(sandbox, command, on, onOutput),
        put: (files) => sandbox.put({ removed: [], files: archived(files) }, signal),
      };
    },
    async [Symbol.asyncDispose]() {
      await backend.close();
      await network.close();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

async function run(
  sandbox: BackendSandbox,
  command: string,
  network: boolean,
  onOutput: (text: string) => void,
): Promise<Ran> {
  const running = sandbox.exec({ command, timeoutMs: 100_000, network }, new AbortController().signal);
  let output = "";
  for (;;) {
    const step = await running.next();
    if (step.done === true) return { ...step.value, output, refused: sandbox.refusedHosts() };
    const text = Buffer.from(step.value.bytes).toString();
    output += text;
    onOutput(text);
  }
}

async function* archived(files: Readonly<Record<string, string>>) {
  for (const [path, text] of Object.entries(files)) {
    const bytes = Buffer.from(text);
    const content = async function* () {
      yield bytes;
    };
    yield { path, executable: false, size: bytes.length, content: content() };
  }
}
