/** What a sandbox has changed but does not hand out: said in sentences, and kept from looking like deletions. */
import type { ChangesManifest, SKIP_REASONS } from "./wire.ts";

type Skipped = ChangesManifest["skipped"];

/** Paths that are named for each reason, and characters of each. */
const MOST_NAMED = 10;
const LONGEST_NAME = 200;

const REASONS: Readonly<Record<(typeof SKIP_REASONS)[number], string>> = {
  not_a_file: "it is a link or no regular file",
  too_large: "it is too large",
  bad_name: "its name is too long or not UTF-8",
};

/** One for each reason there is. */
export function skippedSentences(skipped: Skipped): readonly string[] {
  return Object.entries(REASONS).flatMap(([reason, why]) => {
    const paths = skipped.filter((one) => one.reason === reason).map(({ path }) => path);
    if (paths.length === 0) return [];
    const named = paths.slice(0, MOST_NAMED).map((path) => JSON.stringify(shortened(path)));
    const more = paths.length - named.length;
    const list = more === 0 ? named.join(", ") : `${named.join(", ")} and ${more} more`;
    return [`What the command left at ${list} was not taken over: ${why}.`];
  });
}

/** True at a path that was skipped, and below one: a link there hides what the folder had. */
export function isSkipped(path: string, skipped: ReadonlySet<string>): boolean {
  for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) {
    if (skipped.has(path.slice(0, end))) return true;
  }
  return skipped.has(path);
}

function shortened(path: string): string {
  return path.length > LONGEST_NAME ? `${path.slice(0, LONGEST_NAME - 1)}…`.toWellFormed() : path;
}
