/** Tells checks that say something of a change from those that could not begin, with the change or without. */
import type { Verifying } from "../state.ts";
import type { Check } from "./check.ts";

/** What a shell answers when it does not find a program (POSIX.1-2024, Shell Command Language, 2.8.2). */
const NOT_FOUND = 127;
/** As dash, bash and busybox put it, and zsh. */
const MESSAGES = [
  /(?:^|[:\s])([^\s:'"`]{1,100}): (?:command )?not found\s*$/m,
  /command not found: ([^\s:'"`]{1,100})\s*$/m,
];
/** Characters of the end of the output in which the program's name is looked for. */
const LOOKED_THROUGH = 4000;

/**
 * A sentence: why a failing check is no verdict on the change; undefined when it is one. A setup that fails before
 * the change too is none, nor one that the run has no time for, nor a command for which the sandbox lacks the program.
 */
export function whyNoVerdict(
  { ran, words, outOfTime, tail }: Check,
  before: Verifying["before"],
  name: string,
): string | undefined {
  if (ran.phase === "setup" && outOfTime)
    return `The setup command ${name} ${words}: the run had no more time for it.`;
  if (before?.failed !== true || before.phase !== ran.phase) return undefined;
  const notFound = ran.end.exit_code === NOT_FOUND && before.exitCode === NOT_FOUND;
  if (ran.phase === "command" && !notFound) return undefined;
  const what = ran.phase === "setup" ? "The setup command" : "The command";
  const why = notFound ? `: the sandbox has no ${programIn(tail.last(LOOKED_THROUGH))}` : "";
  return `${what} ${name} ${words}, before the change too${why}.`;
}

function programIn(output: string): string {
  for (const message of MESSAGES) {
    const program = message.exec(output)?.[1];
    if (program !== undefined) return JSON.stringify(program);
  }
  return "program that it needs";
}
