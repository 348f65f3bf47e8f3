/** Gives the agent what a failing check printed, and another try at the work it had finished. */
import type { Feedback } from "../../agent/agent.ts";
import { hideSecrets } from "../../secrets/hide-secrets.ts";
import type { Workspace } from "../../workspace/workspace.ts";
import { agentAtWork } from "../agent-at-work.ts";
import type { RunOutput } from "../checkpoint.ts";
import { settleEdits, takeWords } from "../edit.ts";
import { checkpointMark } from "../resume.ts";
import type { RunState } from "../state.ts";
import type { Check } from "./check.ts";
import { named } from "./named.ts";

const MOST_TRIES = 2;
/** Characters of output that the agent is given. */
const OUTPUT_CHARACTERS = 12_000;

/** Rules would do the same once more; an agent that was stopped has nothing left to spend. */
export function mayTryAgain({ facts, agentDeadline }: RunState): boolean {
  const tries = facts.verifying?.feedback?.number ?? 0;
  const has = facts.agent.model !== undefined && (facts.unfinished ?? facts.verifying?.stopped) === undefined;
  return has && tries < MOST_TRIES && !agentDeadline.aborted;
}

/** Writes down what the agent is to be told, so that another process tells it too. */
export async function* feedbackOf(state: RunState, check: Check): AsyncGenerator<RunOutput, void> {
  const { facts } = state;
  const { ran, words, notInstalled, tail } = check;
  const before = facts.verifying?.before ?? undefined;
  const number = (facts.verifying?.feedback?.number ?? 0) + 1;
  const feedback: Feedback = {
    number,
    command: ran.command,
    ending: notInstalled === undefined ? `It ${words}.` : `It ${words}. ${notInstalled}`,
    output: tail.last(OUTPUT_CHARACTERS),
    ...(before === undefined ? {} : { failedBefore: before.failed }),
  };
  facts.verifying = { ...facts.verifying, feedback, atWork: true };
  yield checkpointMark(state);
  const message = `${await named(state, ran.command)} ${words}; the agent gets its output and another try (${number} of ${MOST_TRIES}).`;
  yield { type: "warning", message, code: "verification_failed" };
}

/** Lets the agent work on it, and settles what its edits amount to now. Returns the patch. */
export async function* tryAgain(
  state: RunState,
  workspace: Workspace,
  feedback: Feedback,
): AsyncGenerator<RunOutput, string | undefined> {
  const { facts, deps } = state;
  const outcome = yield* agentAtWork(state, workspace, feedback);
  // An agent that was stopped says less of the whole change than when it had finished.
  if (outcome.status === "edited") await takeWords(state, outcome);
  const patch = yield* settleEdits(state, workspace);
  const stopped =
    outcome.status === "incomplete"
      ? { stopped: await hideSecrets(deps.redact(`The agent was stopped: ${outcome.reason}`)) }
      : {};
  facts.verifying = { ...facts.verifying, atWork: false, ...stopped };
  yield checkpointMark(state, patch === undefined ? {} : { patch });
  yield { type: "progress", step: "verify", message: "The agent has gone over its work once more." };
  return patch;
}
