/** Branch names as git has them, and the commits they are at. */
import type { Repo } from "./repositories.ts";

/** True for names git accepts for a branch (git-check-ref-format(1)), so that none is read as a revision. */
export function isBranchName(name: string): boolean {
  return (
    name.length > 0 &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: git refuses exactly these.
    !/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|^[/.-]|[/.]$|\.lock(\/|$)|\/\.|^@$/.test(name)
  );
}

/** The commit each of these branches is at; branches that are not there are left out. One git process. */
export async function branchTips(repo: Repo, branches: readonly string[]): Promise<Map<string, string>> {
  const refs = branches.filter(isBranchName).map((branch) => `refs/heads/${branch}`);
  if (refs.length === 0) return new Map();
  const lines = await repo.git(["for-each-ref", "--format=%(objectname) %(refname)", ...refs]);
  const all = lines.split("\n").map((line) => {
    const space = line.indexOf(" ");
    return { commit: line.slice(0, space), branch: line.slice(space + 1).replace(/^refs\/heads\//, "") };
  });
  const wanted = all.filter(({ branch }) => branches.includes(branch));
  return new Map(wanted.map(({ commit, branch }) => [branch, commit]));
}
