/** Reads the demo's command line, so that every mistake in it is named before anything starts. */
import { parseArgs } from "node:util";

export interface DemoOptions {
  readonly prompt: string;
  /** A local git repository, as given; the example repository when absent. */
  readonly repo: string | undefined;
  /** Forge and Worker stay up until Ctrl-C. */
  readonly keep: boolean;
  /** A model does the work. */
  readonly llm: boolean;
  /** Where the change is tried out; nowhere when undefined. */
  readonly sandbox: DemoSandbox | undefined;
}

export const DEMO_SANDBOXES = ["docker", "process"] as const;
export type DemoSandbox = (typeof DEMO_SANDBOXES)[number];

export type DemoArgs =
  | { readonly kind: "run"; readonly options: DemoOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

const DEFAULT_PROMPT = "Add error handling";

export const HELP = `Usage: npm run demo -- [options] ["prompt"]

Sends a prompt to the service and shows what comes back, up to the pull request's diff. The
Worker runs in workerd, the pull request goes to a local forge: no token, no key, no Docker and
no network are needed (but for --llm and --sandbox), and nothing stays behind.

  "prompt"     what to do; default "${DEFAULT_PROMPT}"
  --repo PATH  work on a clone of this local git repository, at the branch it has checked out,
               instead of the example repository; it is not modified
  --llm        let a model do the work, with the OPENAI_API_KEY or ANTHROPIC_API_KEY of the environment:
               the repository's text goes to its vendor, and costs what the vendor takes
  --sandbox PROVIDER
               try the change out before it is pushed: the repository's own tests run in a sandbox. docker needs
               a Docker engine and the image (docker build -t tiny-backspace-sandbox sandbox-runner/image, or
               DOCKER_IMAGE); process needs bubblewrap
  --keep       leave forge and Worker running until Ctrl-C, to look at the pull request in a browser
  --help       show this text

Exit codes: 0 when the run succeeded or had nothing to change, 1 when it did not,
2 for a mistake in the command line, 130 after Ctrl-C.
`;

const OPTIONS = {
  repo: { type: "string" },
  keep: { type: "boolean" },
  llm: { type: "boolean" },
  sandbox: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;
const NAMES = Object.keys(OPTIONS).map((name) => `--${name}`);

/** Understands `argv` without the program's name. Several words without quotes are one prompt. */
export function readArgs(argv: readonly string[]): DemoArgs {
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  const words: string[] = [];
  const given = {
    repo: undefined as string | undefined,
    sandbox: undefined as DemoSandbox | undefined,
    keep: false,
    llm: false,
    help: false,
  };
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    switch (token.name) {
      case "repo":
        if (
          token.value === undefined ||
          token.value === "" ||
          (!token.inlineValue && NAMES.includes(token.value))
        ) {
          return mistake("--repo needs the path of a git repository");
        }
        given.repo = token.value;
        break;
      case "sandbox":
        given.sandbox = DEMO_SANDBOXES.find((name) => name === token.value);
        if (given.sandbox === undefined) return mistake(`--sandbox needs ${DEMO_SANDBOXES.join(" or ")}`);
        break;
      case "keep":
      case "llm":
      case "help":
        if (token.value !== undefined) return mistake(`--${token.name} takes no value`);
        given[token.name] = true;
        break;
      default:
        return mistake(`there is no option ${token.rawName}`);
    }
  }
  if (given.help) return { kind: "help" };
  const prompt = words.length === 0 ? DEFAULT_PROMPT : words.join(" ").trim();
  if (prompt === "") return mistake("the prompt is empty");
  const { repo, sandbox, keep, llm } = given;
  return { kind: "run", options: { prompt, repo, keep, llm, sandbox } };
}

function mistake(problem: string): DemoArgs {
  return { kind: "mistake", message: `${problem}; npm run demo -- --help lists what there is.` };
}
