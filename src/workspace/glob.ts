/** Which paths a listing or search is about: a folder, globs, or both. */
import { compileGlob } from "./compile-glob.ts";

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
  const tests = globs.map((one) => compileGlob(anchored(one)));
  return (candidate) =>
    (folder === "" || folder === "." || candidate === folder || candidate.startsWith(`${folder}/`)) &&
    (tests.length === 0 || tests.some((test) => test(candidate)));
}

function anchored(glob: string): string {
  return glob === "" || glob.includes("/") ? glob.replace(/^\.?\//, "") : `**/${glob}`;
}
