/** Writes what a further run adds to a pull request's description that has no room for its section. */

import { inlineCode } from "./markdown.ts";
import type { PullRequestBodyInput } from "./pull-request-body.ts";

/** A few lines of Markdown that name the run, with nothing in them that comes from strangers. */
export function shortSection({
  runId,
  unfinished,
  verification,
}: Pick<PullRequestBodyInput, "runId" | "unfinished" | "verification">): string {
  const sentences = [
    `Run ${inlineCode(runId.slice(0, 100))} of Tiny Backspace added a commit. There is no room here for more about it.`,
    ...(unfinished === undefined ? [] : ["**It is not finished.**"]),
    ...(verification.status === "failed" ? ["**The check of its change fails.**"] : []),
  ];
  return `---\n\n${sentences.join(" ")}`;
}
