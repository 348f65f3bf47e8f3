/** Whether sandboxes can work on this engine, in words for its operator. */
import type Docker from "dockerode";
import type { BackendSandbox } from "../backend.ts";
import { RunnerError } from "../errors.ts";
import { call, statusCode } from "./engine.ts";
import type { DockerSettings } from "./settings.ts";

const COMMAND_MS = 10_000;
/** Whose GNU options the scripts in a sandbox use. */
const TOOLS = "tar find xargs timeout sleep sha256sum head cat rm chmod";
const LOOK = `for tool in ${TOOLS}; do
  case $("$tool" --version 2>/dev/null) in *GNU*) ;; *) echo "$tool"; exit 1 ;; esac
done`;

/** Looks at the engine's image and runtimes. Throws RunnerError. */
export async function checkEngine(
  docker: Docker,
  settings: DockerSettings,
  signal: AbortSignal,
): Promise<void> {
  const image = await call(signal, () => docker.getImage(settings.image).inspect()).catch((error) => {
    if (error instanceof RunnerError && statusCode(error.cause) === 404)
      throw unusable(`The Docker engine has no image "${settings.image}".`);
    throw error;
  });
  if (Object.keys(image.Config.Volumes ?? {}).length > 0)
    throw unusable(`The image "${settings.image}" declares volumes, which sandboxes do not have.`);
  if (settings.runtime === undefined) return;
  const info = await call(signal, () => docker.info());
  if (!(settings.runtime in (info.Runtimes ?? {})))
    throw unusable(`The Docker engine has no runtime "${settings.runtime}".`);
}

/** Runs a command that finds what every sandbox needs. Throws RunnerError. */
export async function checkSandbox(
  sandbox: BackendSandbox,
  image: string,
  signal: AbortSignal,
): Promise<void> {
  const run = sandbox.exec({ command: LOOK, timeoutMs: COMMAND_MS, network: false }, signal);
  let said = "";
  let step = await run.next();
  while (step.done !== true) {
    said += Buffer.from(step.value.bytes).toString();
    step = await run.next();
  }
  const { ending, exitCode } = step.value;
  if (ending === "exited" && exitCode === 0) return;
  if (ending === "exited" && exitCode === 1)
    throw unusable(`The image "${image}" has no GNU ${said.trim()}; an image based on Debian has.`);
  throw unusable(`A command in a sandbox of the image "${image}" did not end as it should (${ending}).`);
}

function unusable(message: string): RunnerError {
  return new RunnerError("provider_unavailable", message);
}
