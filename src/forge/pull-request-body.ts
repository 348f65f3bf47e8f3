/** Writes what people read about a run: the pull request's title and body, and the commit message. */
import { type BodyVerification, evidence } from "./evidence.ts";
import { cut, fence, inlineCode, neutralise } from "./markdown.ts";
import { grouped, line, list, MAX_ITEMS, pathCode, plain } from "./shown.ts";

interface BodyChange {
  readonly path: string;
  readonly kind: "added" | "modified" | "deleted" | "renamed";
  /** The former path of a rename. */
  readonly from?: string;
  readonly additions: number;
  readonly deletions: number;
  readonly binary?: boolean;
}

interface BodyAgent {
  readonly name: string;
  readonly model?: string;
}

/** Everything but the run's id may come from strangers. */
export interface PullRequestBodyInput {
  readonly prompt: string;
  /** What changed and why, one sentence an item. */
  readonly summary: readonly string[];
  readonly changes: readonly BodyChange[];
  /** With a sentence: why this agent did the work. */
  readonly agent: BodyAgent & { readonly reason: string };
  /** Agents that gave up before it, each with a sentence why. */
  readonly fallbacks: readonly {
    readonly from: BodyAgent;
    readonly to: BodyAgent;
    readonly reason: string;
  }[];
  /** What models took: tokens of all turns together, and USD. */
  readonly usage: {
    readonly turns: number;
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly cost_usd: number;
  };
  /** Set when the agent stopped before it was done: a sentence why, and sentences what is missing. */
  readonly unfinished?: { readonly reason: string; readonly missing: readonly string[] };
  readonly verification: BodyVerification;
  /** Edits to protected files that were not committed. */
  readonly leftOut?: {
    readonly paths: readonly string[];
    /** A sentence. */
    readonly reason: string;
    /** A patch `git apply` takes. */
    readonly patch: string;
  };
  readonly runId: string;
}

export interface CommitMessageInput {
  readonly title: string;
  readonly summary: readonly string[];
  readonly runId: string;
}

/**
 * GitHub takes 65,536 characters; the rest is room for a person to add to. The sum of all lists, the prompt, the patch
 * and the evidence stays below.
 */
const MAX_BODY = 60_000;
const MAX_PROMPT = 2000;
const MAX_PATCH = 15_000;
const MAX_FILES = 50;
const MAX_TITLE = 120;
/** git's own advice, which keeps `git log --oneline` on one line. */
const LINE = 72;

const FALLBACK_TITLE = "Apply the requested change";

/** A pull request's title: one line of at most 120 characters in which nothing acts. */
export function pullRequestTitle(title: string): string {
  return line(title, MAX_TITLE) || FALLBACK_TITLE;
}

/**
 * The body, in Markdown, of at most 60,000 characters. Everything from `input` is neutralised but
 * the patch, which is fenced and otherwise exact, so that it applies.
 */
export function pullRequestBody(input: PullRequestBodyInput): string {
  const sections = [
    notice(input, "This is not finished: the agent stopped before it was done."),
    failing(input),
    section("What was asked", quotePrompt(input.prompt)),
    ...account(input),
    signature("Made", input),
  ];
  return cut(sections.filter((part) => part !== "").join("\n\n"), MAX_BODY);
}

/** What a further run adds to the end of a body: Markdown under the same rules and bound. It names the run. */
export function followUpSection(input: PullRequestBodyInput): string {
  const sections = [
    section("What was asked next", quotePrompt(input.prompt)),
    notice(
      input,
      "This part is not finished: the agent stopped before it was done. The pull request was open already, so it was not made a draft.",
    ),
    failing(input),
    ...account(input),
    signature("Added", input),
  ];
  return sections.filter((part) => part !== "").join("\n\n");
}

function notice({ unfinished }: PullRequestBodyInput, sentence: string): string {
  return unfinished === undefined ? "" : `**${sentence}** "What is missing" below says more.`;
}

function failing({ verification }: PullRequestBodyInput): string {
  return verification.status === "failed"
    ? '**The check of this change fails.** "What was verified" below says more.'
    : "";
}

function account({
  summary,
  changes,
  agent,
  fallbacks,
  usage,
  unfinished,
  verification,
  leftOut,
}: PullRequestBodyInput): string[] {
  return [
    section("What changed", sentences(summary, "The agent gave no summary."), files(changes)),
    section(
      "Who did it",
      `${plain(agentName(agent))}. ${plain(agent.reason)}`,
      handovers(fallbacks),
      used(usage),
    ),
    unfinished === undefined
      ? ""
      : section("What is missing", plain(unfinished.reason), sentences(unfinished.missing, "")),
    section("What was verified", ...evidence(verification)),
    leftOut === undefined
      ? ""
      : section(
          "What was left out",
          plain(leftOut.reason),
          list(leftOut.paths, MAX_ITEMS, "files", pathCode),
          quotePatch(leftOut.patch),
        ),
  ];
}

function signature(verb: "Made" | "Added", { runId }: PullRequestBodyInput): string {
  return `---\n\n${verb} by Tiny Backspace in run ${inlineCode(runId.slice(0, 100))}. Review it as you would a stranger's work.`;
}

/**
 * A commit message: a subject of at most 72 characters, the summary as a list wrapped at 72, and
 * the run as its only trailer: no line of untrusted text can be one (git-interpret-trailers(1)).
 */
export function commitMessage(input: CommitMessageInput): string {
  const subject = line(input.title, LINE) || FALLBACK_TITLE;
  const items = input.summary
    .slice(0, MAX_ITEMS)
    .map((sentence) => plain(sentence))
    .filter((sentence) => sentence !== "");
  const body = items.map(wrapItem).join("\n");
  const run = `Tiny-Backspace-Run: ${input.runId.replace(/[^\w-]/g, "").slice(0, 100)}`;
  return `${[defuseTrailer(subject), body, run].filter((part) => part !== "").join("\n\n")}\n`;
}

function section(title: string, ...parts: readonly string[]): string {
  return [`## ${title}`, ...parts.filter((part) => part !== "")].join("\n\n");
}

/**
 * Neutralised too, although GitHub leaves code alone: a squash merge may take the body as its
 * commit message, where a fence means nothing.
 */
function quotePrompt(prompt: string): string {
  const shown = fence(neutralise(cut(prompt, MAX_PROMPT)), "text");
  return prompt.length > MAX_PROMPT
    ? `${shown}\n\nThe prompt is cut here: it has ${grouped(prompt.length)} characters.`
    : shown;
}

function quotePatch(patch: string): string {
  if (patch.length <= MAX_PATCH) {
    return patch === "" ? "" : `To apply it yourself:\n\n${fence(patch, "diff")}`;
  }
  const whole = patch.slice(0, patch.lastIndexOf("\n", MAX_PATCH) + 1) || patch.slice(0, MAX_PATCH);
  return `${fence(whole, "diff")}\n\nThe patch is cut here: it has ${grouped(patch.length)} characters.`;
}

function agentName({ name, model }: BodyAgent): string {
  return model === undefined ? name : `${name} (${model})`;
}

function handovers(fallbacks: PullRequestBodyInput["fallbacks"]): string {
  const show = ({ from, to, reason }: PullRequestBodyInput["fallbacks"][number]): string =>
    `${plain(agentName(from))} gave way to ${plain(agentName(to))}. ${plain(reason)}`;
  return list(fallbacks, MAX_ITEMS, "times", show);
}

/** A model whose price is not known costs nothing here. */
function used({ turns, input_tokens, output_tokens, cost_usd }: PullRequestBodyInput["usage"]): string {
  if (turns === 0) return "";
  const cost = cost_usd === 0 ? "" : `, $${cost_usd.toFixed(cost_usd < 0.1 ? 4 : 2)}`;
  const noun = turns === 1 ? "turn" : "turns";
  return `Used: ${grouped(turns)} ${noun}, ${grouped(input_tokens)} tokens in, ${grouped(output_tokens)} out${cost}.`;
}

function files(changes: readonly BodyChange[]): string {
  return list(changes, MAX_FILES, "files", (change) => {
    const from = change.from === undefined ? "" : ` from ${pathCode(change.from)}`;
    const size = change.binary === true ? "binary" : `+${change.additions} −${change.deletions}`;
    return `${pathCode(change.path)} ${change.kind}${from} (${size})`;
  });
}

function sentences(items: readonly string[], none: string): string {
  const told = items.filter((item) => item.trim() !== "");
  return told.length === 0 ? none : list(told, MAX_ITEMS, "lines", plain);
}

function wrapItem(sentence: string): string {
  const lines: string[] = [];
  let current = "-";
  for (const word of sentence.split(" ")) {
    if (current.length + 1 + word.length > LINE && current.trim() !== "-") {
      lines.push(current);
      current = " ";
    }
    current += ` ${word}`;
  }
  return [...lines, current].map(defuseTrailer).join("\n");
}

/** Breaks `Token: value`, whatever whitespace or list mark it comes after. */
function defuseTrailer(line: string): string {
  return line
    .replace(/^([\s-]*[\w-]+)(?=[ \t]*:)/, "$1\u200B")
    .replace(/^(\W*)\(cherry picked/i, "$1(\u200Bcherry picked");
}
