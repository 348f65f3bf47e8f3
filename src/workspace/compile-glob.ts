/** Globs in time linear in the path: what picomatch makes of them, without backtracking. */
import picomatch from "picomatch";
import { RE2JS } from "re2js";
import { ServiceError } from "../errors.ts";

/** Longer ones are for machines to write, and cost as much as they are long. */
const LONGEST_GLOB = 1000;
/** With room for what `anchored` may put in front. */
const OPTIONS = { dot: true, nonegate: true, maxLength: LONGEST_GLOB + 3 };

/** picomatch's guards against `.`, `..` and empty names, which no path in a tree has, and what does without. */
const UNGUARDED = [
  ["(?!(?:^|\\/)\\.{1,2}(?:\\/|$))", ""],
  ["(?!\\.{1,2}(?:\\/|$))", ""],
  ["(?!\\.{0,1}(?:\\/|$))", ""],
  ["(?=.)", ""],
  // Where the path may end before a further name only a guard keeps that name from being empty.
  ["\\/|$)", "\\/)"],
] as const;

/**
 * A test for paths: picomatch's syntax with dot files included and no negation. Throws `invalid_pattern`. picomatch's
 * own expression takes half a minute for `*a*a*a*a*b` and one long name; RE2 takes time linear in the path, and
 * has no lookaheads, so `!(…)` is refused.
 */
export function compileGlob(glob: string): (path: string) => boolean {
  if (glob === "" || glob.length > OPTIONS.maxLength) {
    throw new ServiceError("invalid_pattern", `A glob must have 1 to ${LONGEST_GLOB} characters.`);
  }
  try {
    // RE2 wants no backslash before a character that is not ASCII.
    let source = picomatch
      .makeRe(glob, OPTIONS)
      .source.replace(/\\(.)/gs, (escaped, character: string) => (character > "~" ? character : escaped));
    for (const [guarded, plain] of UNGUARDED) source = source.replaceAll(guarded, plain);
    const pattern = RE2JS.compile(source, RE2JS.DOTALL);
    return (path) => path === glob || pattern.test(path);
  } catch {
    throw new ServiceError(
      "invalid_pattern",
      `${JSON.stringify(glob.slice(0, 200))} is not a glob that can be matched. Use *, **, ?, {a,b} and [a-z].`,
    );
  }
}
