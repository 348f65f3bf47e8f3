/** The pull request step: opens one for the branch, or adds to the one the branch has. */
import type { Added, Addition } from "../forge/forge.ts";
import {
  followUpSection,
  type PullRequestBodyInput,
  pullRequestBody,
  pullRequestTitle,
} from "../forge/pull-request-body.ts";
import { shortSection } from "../forge/short-section.ts";
import { hideSecrets } from "../secrets/hide-secrets.ts";
import type { RunOutput } from "./checkpoint.ts";
import { emitting } from "./emitting.ts";
import { known, type RunState, type UnderWay } from "./state.ts";
import { callWith, type Emit, type StepOutcome, step } from "./step.ts";

export function pullRequestStep(state: RunState): AsyncGenerator<RunOutput, void> {
  const number = state.request.continues?.pull_request?.number;
  return number === undefined
    ? step(
        state,
        "pull_request",
        "Opening the pull request.",
        emitting((emit) => open(state, emit)),
      )
    : step(
        state,
        "pull_request",
        `Updating pull request #${number}.`,
        emitting((emit) => add(state, emit, number)),
      );
}

/** What is said when the run ends while it is not known what became of the pull request. */
export function pullRequestUnderWay({ request }: RunState): UnderWay {
  const number = request.continues?.pull_request?.number;
  return number === undefined
    ? { doing: "opening the pull request", effect: "it may have been opened" }
    : { doing: `updating pull request #${number}`, effect: "its description may have been changed" };
}

async function open(state: RunState, emit: Emit): Promise<StepOutcome> {
  const { deps, facts, request, runId } = state;
  const { head, branch } = known(facts.pushed, "pushed branch");
  const about = await description(state);
  const body = deps.redact(pullRequestBody(about));
  state.underWay = pullRequestUnderWay(state);
  const opened = await deps.forge.openPullRequest(
    {
      base: known(facts.repository, "repository").ref,
      baseBranch: known(facts.baseBranch, "base branch"),
      head,
      headBranch: branch,
      title: deps.redact(pullRequestTitle(facts.title)),
      body,
      draft: request.draft || facts.unfinished !== undefined || facts.verification?.status === "failed",
    },
    callWith(state, emit),
    {
      id: runId,
      maybeOpened: state.resumedAfter === "push",
      // The branch of an earlier run may have a pull request that this run was not told of; it tells of that run.
      ...(request.continues === undefined ? {} : { addition: addition(state, about) }),
    },
  );
  state.underWay = undefined;
  facts.pullRequest = { number: opened.number, url: opened.url };
  if (!opened.created) {
    const message = `Pull request #${opened.number} was open for the branch already and was updated.`;
    emit({ type: "warning", message, code: "pull_request_updated" });
  }
  if (opened.draftRefused) {
    const message = `The repository takes no draft pull requests, so #${opened.number} is an ordinary one.`;
    emit({ type: "warning", message, code: "draft_not_supported" });
  }
  sayWhatIsMissing(emit, opened.number, opened.added);
  return outcome(facts.pullRequest, opened.created ? "opened" : "updated");
}

/** The description is read before it is written, so a crash between the two adds nothing twice. */
async function add(state: RunState, emit: Emit, number: number): Promise<StepOutcome> {
  const { deps, facts } = state;
  const about = addition(state, await description(state));
  state.underWay = pullRequestUnderWay(state);
  const { url, added } = await deps.forge.addToPullRequest(
    known(facts.repository, "repository").ref,
    number,
    about,
    callWith(state, emit),
  );
  state.underWay = undefined;
  facts.pullRequest = { number, url };
  sayWhatIsMissing(emit, number, added);
  return outcome(facts.pullRequest, "updated");
}

function addition({ deps, runId }: RunState, about: PullRequestBodyInput): Addition {
  return { id: runId, section: deps.redact(followUpSection(about)), short: shortSection(about) };
}

function sayWhatIsMissing(emit: Emit, number: number, added: Added = "whole"): void {
  if (added === "whole") return;
  const what = added === "short" ? "names this run only" : "says nothing of this run";
  const message = `The description of pull request #${number} has no room for more, so it ${what}.`;
  emit({ type: "warning", message, code: "description_full" });
}

/** The patch of what was left out shows lines of the repository too: a secret in them is not told again. */
async function description({ facts, prompt, runId }: RunState): Promise<PullRequestBodyInput> {
  const { leftOut, unfinished } = facts;
  return {
    prompt: await hideSecrets(prompt),
    summary: facts.summary,
    changes: facts.changes,
    agent: facts.agent,
    fallbacks: facts.fallbacks,
    usage: facts.usage,
    ...(unfinished === undefined ? {} : { unfinished }),
    verification: known(facts.verification, "verification"),
    ...(leftOut === undefined ? {} : { leftOut: { ...leftOut, patch: await hideSecrets(leftOut.patch) } }),
    runId,
  };
}

function outcome({ number, url }: { number: number; url: string }, verb: string): StepOutcome {
  return { message: `Pull request #${number} ${verb}: ${url}`, result: {}, prUrl: url };
}
