/** `npm run demo`: a prompt goes in, a pull request on a forge of this machine comes out, and you watch. */
import type { DoneEvent, DoneStatus } from "../../src/run/events.ts";
import { type DemoOptions, HELP, readArgs } from "./args.ts";
import type { Display } from "./display.ts";
import { createPlainDisplay } from "./display-plain.ts";
import { createTerminalDisplay } from "./display-terminal.ts";
import { type DemoRepository, exampleRepository, localRepository, RepositoryMistake } from "./repository.ts";
import { type Stage, setStage } from "./stage.ts";
import { listenForStop, type Stopping, untilStopped } from "./stopping.ts";

const MISTAKE = 2;
/** What the Worker is given of this environment with --llm. */
const MODEL_VARIABLES = [
  "OPENAI_API_KEY",
  "ANTHROPIC_API_KEY",
  "OPENAI_BASE_URL",
  "OPENAI_API_STYLE",
  "ANTHROPIC_BASE_URL",
  "DEFAULT_LLM_PROVIDER",
  "DEFAULT_LLM_MODEL",
];
const EXIT_CODES: Readonly<Record<DoneStatus, number>> = {
  succeeded: 0,
  no_changes: 0,
  failed: 1,
  cancelled: 1,
  limit_reached: 1,
};

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const args = readArgs(argv);
  if (args.kind === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  if (args.kind === "mistake") return complain(args.message, MISTAKE);

  const { options } = args;
  const models = options.llm ? modelEnvironment() : {};
  if (models === undefined) {
    return complain("--llm needs OPENAI_API_KEY or ANTHROPIC_API_KEY in the environment", MISTAKE);
  }
  using stopping = listenForStop(process.stdout);
  let repository: DemoRepository;
  try {
    repository = await (options.repo === undefined ? exampleRepository() : localRepository(options.repo));
  } catch (error) {
    if (error instanceof RepositoryMistake) return complain(error.message, MISTAKE);
    throw error;
  }
  const display = createDisplay();
  process.on("exit", () => display.close());
  display.begin({ repository: repository.description, prompt: options.prompt });
  try {
    return await perform({ ...options, models }, repository, display, stopping);
  } catch (error) {
    display.close();
    const stopped = stopping.exitCode();
    if (stopped === undefined) return complain(error instanceof Error ? error.message : String(error), 1);
    display.note("Stopped; nothing is left running.");
    return stopped;
  }
}

async function perform(
  options: DemoOptions & { readonly models: Readonly<Record<string, string>> },
  repository: DemoRepository,
  display: Display,
  { signal }: Stopping,
): Promise<number> {
  const done = await (async () => {
    const { models, sandbox } = options;
    await using stage = await setStage(repository, display, signal, { variables: models, sandbox });
    const { repoUrl, workerUrl, forge } = stage;
    const ending = await run(stage, options, display, signal);
    const kept = options.keep ? { forgeUrl: forge.url, workerUrl, repoUrl } : undefined;
    display.finish({ done: ending, diff: await diffOf(stage, ending), kept });
    if (options.keep) await untilStopped(signal);
    return ending;
  })();
  display.note("The forge and the Worker have ended; nothing is left behind.");
  if (done.pr_url !== null && !options.keep)
    display.note("Add --keep to open the pull request in a browser.");
  return EXIT_CODES[done.status];
}

/** Undefined without a key: the rules would do the work, which nobody has asked for. */
function modelEnvironment(): Readonly<Record<string, string>> | undefined {
  const given = MODEL_VARIABLES.flatMap((name) => {
    const value = process.env[name] ?? "";
    return value === "" ? [] : [[name, value] as const];
  });
  return given.some(([name]) => name.endsWith("_KEY")) ? Object.fromEntries(given) : undefined;
}

async function run(
  stage: Stage,
  { prompt, llm, sandbox }: DemoOptions,
  display: Display,
  signal: AbortSignal,
): Promise<DoneEvent> {
  // Loaded only now: its schemas would delay the first thing to be seen.
  const { sendPrompt } = await import("./client.ts");
  const inSandbox = sandbox === undefined ? {} : { use_cloud_sandbox: true, sandbox_provider: sandbox };
  const body = { repoUrl: stage.repoUrl, prompt, use_llm: llm, ...inSandbox };
  for await (const event of sendPrompt(stage.workerUrl, body, signal)) {
    display.event(event);
    if (event.type === "done") return event;
  }
  throw new Error("The stream of events ended without a done event.");
}

/** What git says the branch changes, or the patch when there is no branch. */
async function diffOf({ repository }: Stage, { commit, patch }: DoneEvent): Promise<string> {
  if (commit === null) return patch ?? "";
  const range = `${repository.defaultBranch}...${commit}`;
  return await repository.git(
    "diff",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--find-renames",
    range,
    "--",
  );
}

function createDisplay(): Display {
  const { stdout, env } = process;
  const live = stdout.isTTY && env["TERM"] !== "dumb";
  if (!live) return createPlainDisplay((text) => stdout.write(text));
  // https://no-color.org: present and not empty, whatever its value.
  return createTerminalDisplay({ screen: stdout, colours: (env["NO_COLOR"] ?? "") === "", now: Date.now });
}

function complain(message: string, exitCode: number): number {
  process.stderr.write(`demo: ${message}\n`);
  return exitCode;
}
