/** What checks amount to: one verdict for events, the run's end and the pull request. */
import { hideSecrets } from "../../secrets/hide-secrets.ts";
import type { VerificationResult } from "../events.ts";
import type { RunState, Verification } from "../state.ts";
import type { Check } from "./check.ts";
import { named } from "./named.ts";

/** Characters, and lines, of output that a pull request shows. */
const SHOWN_CHARACTERS = 3_000;
const SHOWN_LINES = 30;

/** A verdict without what only the pull request tells. */
export function publicVerification({
  output: _output,
  notes: _notes,
  changed: _changed,
  ...result
}: Verification): VerificationResult {
  return result;
}

/** For a check that ran. `reason` says why the agent did not go on, where it might have. */
export async function verdictOf(
  state: RunState,
  { ran, passed, words, notes, tail }: Check,
  reason?: string,
): Promise<Verification> {
  const { end, command, phase } = ran;
  const { before, feedback } = state.facts.verifying ?? {};
  const failedBefore = before?.failed;
  const said = passed ? "passed" : words;
  const again = feedback === undefined ? "" : ` ${tries(feedback.number)}`;
  const earlier =
    passed || failedBefore === undefined ? "" : ` ${BEFORE[failedBefore ? "failed" : "passed"]}`;
  const what = phase === "setup" ? "The setup command" : "The command";
  const message = `${what} ${await named(state, command)} ${said}.${again}${earlier}`;
  return {
    status: passed ? "passed" : "failed",
    message: await hide(state, reason === undefined ? message : `${message} ${reason}`),
    command: await hide(state, command),
    ending: end.ending,
    exit_code: end.exit_code,
    duration_ms: end.duration_ms,
    ...(passed || failedBefore === undefined ? {} : { failed_before: failedBefore }),
    ...(await shown(state, { notes, tail })),
  };
}

/** For a check that ran, but says nothing of the change. */
export async function noVerdict(state: RunState, check: Check, why: string): Promise<Verification> {
  return { status: "not_verified", message: await hide(state, why), ...(await shown(state, check)) };
}

/** The verdict with more for the pull request to say. */
export async function withNotes(
  state: RunState,
  verdict: Verification,
  more: readonly string[],
): Promise<Verification> {
  const hidden = await Promise.all(more.map((note) => hide(state, note)));
  return { ...verdict, notes: [...(verdict.notes ?? []), ...hidden] };
}

/** What only the pull request tells. */
async function shown(
  state: RunState,
  { notes, tail }: Pick<Check, "notes" | "tail">,
): Promise<Pick<Verification, "output" | "notes" | "changed">> {
  const changed = state.facts.verifying?.changed;
  return {
    output: await hide(state, tail.last(SHOWN_CHARACTERS).split("\n").slice(-SHOWN_LINES).join("\n")),
    notes: await Promise.all(notes.map((note) => hide(state, note))),
    ...(changed === undefined ? {} : { changed }),
  };
}

async function hide({ deps }: RunState, text: string): Promise<string> {
  return await hideSecrets(deps.redact(text));
}

const BEFORE = {
  failed: "It failed on the repository as it was before the change too.",
  passed: "It did not fail on the repository as it was before the change.",
} as const;

function tries(count: number): string {
  return `The agent was given the output of a failing check ${count === 1 ? "once" : `${count} times`} before.`;
}
