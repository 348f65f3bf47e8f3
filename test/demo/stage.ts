/** Everything the service needs around it, on this machine: a forge with one repository, and the Worker in workerd. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ForgeRepository, LocalForge } from "../support/forge/server.ts";
import type { DemoSandbox } from "./args.ts";
import { build, whyBuild } from "./build.ts";
import type { Display } from "./display.ts";
import { type DemoRepository, OWNER } from "./repository.ts";
import { withoutForeignListeners } from "./stopping.ts";

export interface Stage extends AsyncDisposable {
  readonly forge: LocalForge;
  readonly repository: ForgeRepository;
  readonly workerUrl: string;
  readonly repoUrl: string;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface StageOptions {
  /** For the Worker. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly sandbox?: DemoSandbox | undefined;
}

/** Builds what is not built and starts it all. What was started is ended when a later part fails or the signal aborts. */
export async function setStage(
  demo: DemoRepository,
  display: Display,
  signal: AbortSignal,
  { variables = {}, sandbox }: StageOptions = {},
): Promise<Stage> {
  await using started = new AsyncDisposableStack();

  const reason = await whyBuild(ROOT);
  if (reason !== undefined) {
    display.starting(`Worker bundle dist/worker.js (${reason})`);
    await build(ROOT, signal);
  }

  display.starting(`local forge with ${demo.fullName}`);
  // Half of the time to start workerd is spent on loading this module.
  const loadingWorker = import("../support/worker.ts");
  loadingWorker.catch(() => undefined);
  const { startForge } = await import("../support/forge/server.ts");
  const root = await mkdtemp(join(tmpdir(), "tiny-backspace-demo-"));
  // For when the process ends without having time to wait.
  const removeNow = () => rmSync(root, { recursive: true, force: true });
  process.on("exit", removeNow);
  started.defer(async () => {
    await rm(root, { recursive: true, force: true });
    process.off("exit", removeNow);
  });
  const token = randomBytes(20).toString("hex");
  const forge = started.use(await startForge({ root, tokens: { [token]: { login: OWNER } } }));
  const repository = await forge.addRepository(demo.fullName, demo.options);
  signal.throwIfAborted();

  let runnerEnv = {};
  if (sandbox !== undefined) {
    display.starting(`sandbox-runner (${sandbox})`);
    const { startDemoRunner } = await import("./sandbox.ts");
    const runner = await startDemoRunner(sandbox, signal);
    started.defer(async () => void (await runner.stop()));
    runnerEnv = runner.variables;
    signal.throwIfAborted();
  }

  display.starting("Worker in workerd");
  const { startWorker } = await loadingWorker;
  const forgeEnv = { GITHUB_TOKEN: token, GITHUB_SERVER_URL: forge.url, GITHUB_API_URL: forge.apiUrl };
  const env = { ...variables, ...runnerEnv, ...forgeEnv };
  const worker = await withoutForeignListeners(() => startWorker({ env }));
  started.defer(() => worker.stop());
  signal.throwIfAborted();

  display.started();
  const all = started.move();
  return {
    forge,
    repository,
    workerUrl: worker.url,
    repoUrl: `${forge.url}/${demo.fullName}`,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
