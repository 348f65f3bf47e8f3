/** Looks branches up on a git server, to see what became of a push nobody heard the end of. */
import type { GitConnection } from "./git-http.ts";
import { createUploadPack } from "./upload-pack.ts";

export interface FindBranchesOptions extends GitConnection {
  /** The beginning of the branches' names, without `refs/heads/`. */
  readonly prefix: string;
}

const HEADS = "refs/heads/";

/** The commit of each branch whose name starts so; one request. Throws what git-http.ts throws. */
export async function findBranches({
  prefix,
  ...connection
}: FindBranchesOptions): Promise<ReadonlyMap<string, string>> {
  const refs = await createUploadPack(connection).listRefs([HEADS + prefix]);
  const branches = refs.filter(({ name }) => name.startsWith(HEADS));
  return new Map(branches.map(({ name, oid }) => [name.slice(HEADS.length), oid]));
}
