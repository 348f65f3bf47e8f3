/** Files that are changed with the caller's consent only: what gives power over the repository, and what the caller names. */
import { compileGlob } from "../workspace/compile-glob.ts";
import type { RunRequest } from "./request.ts";

type Request = Pick<RunRequest, "allow_workflows" | "protected_paths">;

/** The test for paths that are left out of this request's change; nothing is once the caller has consented. */
export function protectionOf({ allow_workflows, protected_paths }: Request): (path: string) => boolean {
  if (allow_workflows) return () => false;
  const tests = protected_paths.map(compile);
  return (path) => {
    const folded = fold(path);
    return hasPower(folded) || tests.some((covers) => covers(folded));
  };
}

/** On many disks `.GitHub/Workflows` is the same folder as `.github/workflows`. */
function fold(path: string): string {
  return path.normalize("NFKC").toLowerCase();
}

/**
 * True for workflows and actions (they run with the repository's secrets), CODEOWNERS (who must
 * review) and dependabot's settings, at the places where GitHub reads them.
 */
function hasPower(path: string): boolean {
  return (
    path.startsWith(".github/workflows/") ||
    path === ".github/workflows" ||
    path.startsWith(".github/actions/") ||
    /^(?:\.github\/|docs\/|)codeowners$/.test(path) ||
    /^\.github\/dependabot\.ya?ml$/.test(path)
  );
}

/**
 * As in .gitignore: a glob without a slash, but for one at its end, matches names at any depth, and what
 * matches covers all that is inside.
 */
function compile(glob: string): (path: string) => boolean {
  const named = fold(glob).replace(/\/+$/, "");
  const pattern = named.includes("/") ? named.replace(/^\.?\/+/, "") : `**/${named}`;
  const tests = [compileGlob(pattern), compileGlob(`${pattern}/**`)];
  // Names may have brackets and braces in them.
  return (path) => tests.some((test) => test(path)) || path.startsWith(`${pattern}/`);
}
