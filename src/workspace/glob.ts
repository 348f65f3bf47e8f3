/** Which paths a listing or search is about: a folder, globs, or both. */
import picomatch from "picomatch";
import { ServiceError } from "../errors.ts";

const LONGEST_GLOB = 1000;

export interface Scope {
  readonly path?: string | undefined;
  readonly glob?: string | readonly string[] | undefined;
}

/**
 * A test for paths. Globs are picomatch's with dot files included; one without a slash matches
 * names at any depth, as in .gitignore. Throws `invalid_pattern`.
 */
export function createScope({ path, glob }: Scope): (path: string) => boolean {
  const folder = path === undefined ? "" : path.replace(/^\.?\/+|\/+$/g, "");
  const globs = glob === undefined ? [] : typeof glob === "string" ? [glob] : glob;
  const tests = globs.map(compile);
  return (candidate) =>
    (folder === "" || folder === "." || candidate === folder || candidate.startsWith(`${folder}/`)) &&
    (tests.length === 0 || tests.some((test) => test(candidate)));
}

function compile(glob: string): (path: string) => boolean {
  if (glob === "" || glob.length > LONGEST_GLOB) {
    throw new ServiceError("invalid_pattern", `A glob must have 1 to ${LONGEST_GLOB} characters.`);
  }
  const pattern = glob.includes("/") ? glob.replace(/^\.?\//, "") : `**/${glob}`;
  return picomatch(pattern, { dot: true, nonegate: true, maxLength: LONGEST_GLOB + 3 });
}
