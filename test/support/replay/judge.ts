/** Whether what a run pushed is a commit made over again: one commit on its parent, with the very tree. */
import type { RecordedEvent } from "../../../src/run/events.ts";
import type { ForgeRepository } from "../forge/server.ts";
import { createGitClient } from "../git-client.ts";
import { type CommitFacts, differingPaths } from "./commit-changes.ts";

/**
 * `identical`; `refused` for a commit that adds what looks like a secret, and was not pushed; else what is wrong,
 * with what the run said. The patch has to make the same tree of the parent's.
 */
export async function judge(
  served: ForgeRepository,
  commit: CommitFacts,
  events: readonly RecordedEvent[],
  patch: Uint8Array,
): Promise<string> {
  const refused = events.some((event) => event.type === "error" && event.code === "secret_in_change");
  if (refused) return "refused";
  const done = events.at(-1);
  if (done?.type !== "done") return "it did not end";
  if (done.status !== "succeeded" || done.branch === null) return `${done.status}: ${told(events)}`;
  const [parent = ""] = commit.parents;
  const found = await served.git("rev-parse", `${done.branch}^{tree}`, `${done.branch}^@`);
  const [tree = "", ...parents] = found.split("\n");
  const differs = async (other: string) =>
    `another tree (wanted, got):\n${await differingPaths(served.dir, commit.tree, other)}\n${told(events)}`;
  if (tree !== commit.tree) return await differs(tree);
  if (parents.join() !== parent) return `its parent is ${parents.join()}`;
  const patched = await treeOfPatch(served, parent, patch).catch(String);
  if (patched === commit.tree) return "identical";
  return /^\w+$/.test(patched) ? `the patch makes ${await differs(patched)}` : patched;
}

/** The id of the tree that `git apply` makes of a commit's. Throws with git's words when the patch does not apply. */
async function treeOfPatch(served: ForgeRepository, commit: string, patch: Uint8Array): Promise<string> {
  await using client = await createGitClient();
  const env = { GIT_DIR: served.dir, GIT_INDEX_FILE: `${client.dir}/index` };
  const git = async (args: readonly string[], input: Uint8Array | string = ""): Promise<string> => {
    const { code, stdout, stderr } = await client.run(args, { env, input });
    if (code !== 0) throw new Error(`git ${args[0]} ended with ${code}: ${stderr}`);
    return stdout.trim();
  };
  await git(["read-tree", commit]);
  await git(["apply", "--cached", "--whitespace=nowarn", "-"], patch);
  return await git(["write-tree"]);
}

/** What of a run explains an ending that nobody wanted. */
function told(events: readonly RecordedEvent[]): string {
  return events
    .filter(
      (event) =>
        event.type === "error" || event.type === "warning" || event.type === "done" || isFailure(event),
    )
    .map(({ type, message }) => `${type}: ${message.slice(0, 500)}`)
    .join("\n");
}

function isFailure(event: RecordedEvent): boolean {
  return event.type === "tool" && event.status === "error";
}
