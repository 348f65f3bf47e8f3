/** A sandbox on the local Lambda, and what its tests ask of it. */
import { createLambdaBackend, type LambdaSettings } from "../../../sandbox-runner/src/aws/backend.ts";
import type { Backend, BackendSandbox, CommandEnd } from "../../../sandbox-runner/src/backend.ts";
import type { ChangesManifest } from "../../../src/sandbox/wire.ts";
import type { LambdaEndpoint } from "../../support/lambda/endpoint.ts";
import { runnerSettings } from "../../support/sandbox-runner.ts";
import { archiveFiles, contentOf } from "../archive/helpers.ts";

export const NEVER = new AbortController().signal;

/** The runner's own credentials: for tests only, and no others are looked for. */
export function setCredentials(): void {
  process.env["AWS_ACCESS_KEY_ID"] = "AKIACANARYOFTHERUNNER";
  process.env["AWS_SECRET_ACCESS_KEY"] = "canary-secret-of-the-runner";
  process.env["AWS_EC2_METADATA_DISABLED"] = "true";
  process.env["AWS_CONFIG_FILE"] = "/dev/null";
  process.env["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null";
}

export function lambdaBackend(url: string, settings: Partial<LambdaSettings> = {}): Promise<Backend> {
  return createLambdaBackend({
    ...runnerSettings().common,
    region: "eu-central-1",
    functionName: "sandbox",
    endpoint: url,
    ...settings,
  });
}

export interface Ran extends CommandEnd {
  readonly stdout: string;
  readonly stderr: string;
}

export interface TestSandbox {
  readonly inner: BackendSandbox;
  /** Texts by path; `*` after the path makes a file executable. */
  put(files: Readonly<Record<string, string | Uint8Array>>, removed?: readonly string[]): Promise<void>;
  exec(command: string, timeoutMs?: number): Promise<Ran>;
  /** Contents are texts, by path as in `put`. */
  changes(
    keep?: (path: string) => boolean,
  ): Promise<ChangesManifest & { readonly contents: Record<string, string> }>;
}

let sandboxes = 0;

export async function createTestSandbox(backend: Backend): Promise<TestSandbox> {
  sandboxes += 1;
  const id = `sandbox${`${sandboxes}`.padStart(25, "0")}`;
  const inner = await backend.create({ id, expiresAt: Date.now() + 600_000 }, NEVER);
  return {
    inner,
    async put(files, removed = []) {
      const all = Object.entries(files).map(([name, content]) => ({
        path: name.replace(/\*$/, ""),
        executable: name.endsWith("*"),
        content: Buffer.from(content),
      }));
      await inner.put({ removed, files: archiveFiles(all) }, NEVER);
    },
    exec: (command, timeoutMs = 60_000) => collectRun(inner, command, timeoutMs),
    async changes(keep = () => true) {
      const { manifest, files } = await inner.changes(keep, NEVER);
      const contents: Record<string, string> = {};
      for await (const { path, executable, content } of files)
        contents[executable ? `${path}*` : path] = (await contentOf(content)).toString();
      return { ...manifest, contents };
    },
  };
}

export async function collectRun(
  sandbox: BackendSandbox,
  command: string,
  timeoutMs = 60_000,
  signal = NEVER,
): Promise<Ran> {
  const output = { stdout: "", stderr: "" };
  const run = sandbox.exec({ command, timeoutMs, network: false }, signal);
  for (;;) {
    const step = await run.next();
    if (step.done === true) return { ...step.value, ...output };
    output[step.value.stream] += Buffer.from(step.value.bytes).toString("latin1");
  }
}

/** The environment that ran a sandbox's last command: the newest one. */
export function lastEnvironment({ environments }: LambdaEndpoint) {
  const environment = environments.at(-1);
  if (environment === undefined) throw new Error("Nothing has run yet.");
  return environment;
}
