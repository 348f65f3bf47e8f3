/** Everything a push can bring into a repository. */
import { runGit } from "../../support/forge/git.ts";
import type { ForgeRepository } from "../../support/forge/server.ts";

/** The names of all objects, whether or not anything leads to them. */
export async function objectsIn(repository: ForgeRepository): Promise<ReadonlySet<string>> {
  const names = await repository.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
  return new Set(names.split("\n"));
}

/** Every object that was not there before (blobs, the names in trees, the words of commits), and the names of branches and tags. */
export async function pushedTo(
  repository: ForgeRepository,
  before: ReadonlySet<string>,
): Promise<Readonly<Record<string, string>>> {
  const added = [...(await objectsIn(repository)).difference(before)];
  const input = added.map((name) => `${name}\n`).join("");
  return {
    objects: await runGit(["cat-file", "--batch"], { cwd: repository.dir, input }),
    refs: await repository.git("for-each-ref"),
  };
}
