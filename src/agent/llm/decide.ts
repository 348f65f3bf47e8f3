/** Decides after each turn whether the work has ended, and what the model should be told if not. */

import { findSecrets } from "../../secrets/find-secrets.ts";
import type { AgentOutcome } from "../agent.ts";
import { nudges } from "./context/nudges.ts";
import { shownName } from "./context/shown.ts";
import { edited, endedInWords, incomplete, nothing } from "./endings.ts";
import type { ModelAnswer } from "./model.ts";
import { repetitions } from "./repetition.ts";
import { type Session, tell, tellOnce } from "./session.ts";
import { nearlySpent } from "./spending.ts";
import type { ToolOutcome } from "./tool.ts";

/** The same calls with the same results: told at the first number, stopped at the second. */
const REPEATED_TOLD = 3;
const REPEATED_STOPPED = 5;
/** Turns in a row without an edit, likewise. */
const IDLE_TOLD = 15;
const IDLE_STOPPED = 25;
/** Turns in a row without a call: told before, stopped at this number. */
const WORDY_STOPPED = 2;

/** The outcome, or undefined when there is another turn; then the conversation ends with what to do. */
export async function decide(
  session: Session,
  answer: ModelAnswer,
  finished: ToolOutcome["finished"],
): Promise<AgentOutcome | undefined> {
  if (finished !== undefined) return atFinish(session, finished);
  const { task } = session;
  if (answer.message.calls.length === 0) {
    const wordyTurns = session.progress.wordyTurns + 1;
    session.progress = { ...session.progress, wordyTurns };
    if (wordyTurns >= WORDY_STOPPED) return inWords(session, answer);
    tell(session, answer.stop === "length" ? nudges.answerCut() : nudges.noCall());
  } else {
    const times = repetitions(session.messages);
    const [call] = answer.message.calls;
    if (times >= REPEATED_STOPPED) {
      const what = `The model made the same calls with the same results ${times} times (${shownName(call?.name ?? "")})`;
      return incomplete(session, `${what}, so it was stopped.`);
    }
    const { idleTurns } = session.progress;
    if (idleTurns >= IDLE_STOPPED) {
      return incomplete(session, `The model made no edit in ${idleTurns} turns, so it was stopped.`);
    }
    if (answer.stop === "length") tell(session, nudges.answerCut());
    if (times === REPEATED_TOLD) tell(session, nudges.repeated({ name: call?.name ?? "", times }));
    if (idleTurns === IDLE_TOLD) tell(session, nudges.noEdits({ turns: idleTurns }));
  }
  const { spent } = session.progress;
  const what = nearlySpent(spent, task.budget);
  const left = { turnsLeft: Math.max(0, task.budget.maxTurns - spent.turns) };
  if (what !== undefined)
    tellOnce(session, "low", nudges.almostSpent({ what, ...(what === "turns" ? left : {}) }));
  return undefined;
}

async function atFinish(
  session: Session,
  finished: NonNullable<ToolOutcome["finished"]>,
): Promise<AgentOutcome | undefined> {
  const { task, progress } = session;
  const changes = await task.workspace.changes();
  const isLast = progress.spent.turns >= task.budget.maxTurns;
  if (changes.length > 0) {
    const secrets = isLast ? [] : await findSecrets(task.workspace, changes);
    if (secrets.length > 0 && tellOnce(session, "secrets", nudges.secrets(secrets))) return undefined;
    return edited(finished);
  }
  if (!isLast && tellOnce(session, "nothing_changed", nudges.nothingChanged())) return undefined;
  return nothing(finished.summary);
}

async function inWords(session: Session, { stop, message }: ModelAnswer): Promise<AgentOutcome> {
  if (stop === "length") {
    return incomplete(session, "The model's answers were cut at the output limit, so it was stopped.");
  }
  const changes = await session.task.workspace.changes();
  return changes.length > 0 ? endedInWords(session.task.prompt, message.text) : nothing(message.text);
}
