/** Says which entry of an archive is refused, and why. */
import { RunnerError } from "../errors.ts";

const LONGEST_QUOTE = 200;

/** A name for people: quoted, on one line, shortened. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > LONGEST_QUOTE ? `${name.slice(0, LONGEST_QUOTE)}…` : name);
}

/** For an archive that is broken, or holds what it must not; `sentence` is whole. */
export function refused(sentence: string): RunnerError {
  return new RunnerError("invalid_archive", sentence);
}

export function entryRefused(name: string, problem: string): RunnerError {
  return refused(`The archive's entry ${quoted(name)} ${problem}.`);
}

/** For an archive that is over a limit. */
export function tooLarge(sentence: string): RunnerError {
  return new RunnerError("payload_too_large", sentence);
}
