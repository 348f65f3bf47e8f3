/** Decides whether a glob protects what its author thinks, so that one that does not is refused before any work. */
import { ServiceError } from "../errors.ts";
import { protectionOf } from "../run/protected-paths.ts";

const MAX_CHARACTERS = 200;

/**
 * What is wrong with a glob, or undefined when nothing is. Everything else means what it means to picomatch,
 * which takes a text as it is where it makes no sense as a pattern.
 */
export function protectedGlobProblem(glob: string): string | undefined {
  if (/^[./]*$/.test(glob)) return "names nothing";
  if (glob.length > MAX_CHARACTERS) return `is longer than ${MAX_CHARACTERS} characters`;
  if (!glob.isWellFormed()) return "is not valid Unicode";
  if (/\p{Cc}/u.test(glob)) return "must not have control characters";
  if (glob.startsWith("!")) return "must not start with '!': a path is protected by what it matches only";
  const plain = glob.replace(/\\./gu, "");
  if (plain.endsWith("\\")) return "must not end with '\\'";
  // Paths and globs are compared in this form, in which a wide parenthesis is a plain one.
  if (/[()]/.test(plain.normalize("NFKC")))
    return "must not have groups: write '{a,b}' for either, and '\\(' for a parenthesis";
  return matches(glob) ? undefined : "cannot be matched: use *, **, ?, {a,b} and [a-z]";
}

function matches(glob: string): boolean {
  try {
    protectionOf({ allow_workflows: false, protected_paths: [glob] });
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
}
