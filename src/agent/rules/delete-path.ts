/** Rule: delete files or folders that the prompt names. */
import type { AgentTask } from "../agent.ts";
import { createCursor } from "./cursor.ts";
import { failed, type Plan, type Rule, type RuleRun, refused } from "./rule.ts";
import { explainMissing } from "./scope.ts";
import { perform } from "./steps.ts";
import { count, listed, subject } from "./wording.ts";

const REPOSITORY = new Set("from in the this repo repository project codebase".split(" "));
const CONTENTS = new Set(
  "and everything in inside it all its contents files recursively completely".split(" "),
);

/** `Delete old.txt`, `remove the folder src/legacy`. */
export const deletePathRule: Rule = {
  name: "delete_path",
  examples: ["Delete old.txt", "Remove the folder src/legacy"],
  plan(instruction) {
    const cursor = createCursor(instruction.tokens);
    if (cursor.word("delete", "remove", "rm", "erase") === undefined) return undefined;
    cursor.word("-r", "-rf");
    cursor.word("the", "both");
    const noun =
      cursor.word("file", "files", "folder", "folders", "directory", "directories", "script", "document") !==
      undefined;
    if (noun) cursor.word("called", "named", "at");
    cursor.mark(":");
    if (cursor.peek()?.text.includes("*") === true) {
      return refused("Files to delete must be named one by one; wildcards are not accepted.");
    }
    let paths = cursor.paths(noun);
    if (paths.length === 0) {
      const bare = cursor.path(true);
      const following = cursor.position();
      if (bare === undefined || cursor.word("file", "folder", "directory") === undefined) return undefined;
      cursor.reset(following);
      paths = [bare];
    }
    cursor.word("file", "files", "folder", "folders", "directory", "directories");
    cursor.mark(",");
    cursor.skip(CONTENTS);
    cursor.skip(REPOSITORY);
    return cursor.done() ? planOf(paths) : undefined;
  },
};

function planOf(paths: readonly string[]): Plan {
  if (paths.some((path) => path === "" || path === "." || path === "/")) {
    return refused(
      "Deleting the whole repository is not something this agent does; name files or folders in it.",
    );
  }
  return { kind: "ready", run: (task) => remove(task, [...new Set(paths)]) };
}

async function* remove(task: AgentTask, paths: readonly string[]): RuleRun {
  const { workspace } = task;
  const summary: string[] = [];
  for (const path of paths) {
    const entry = await workspace.entry(path);
    const inside = entry === undefined ? await workspace.list({ path }) : [];
    if (entry === undefined && inside.length === 0) {
      return failed(await explainMissing(workspace, path));
    }
    const what = entry === undefined ? `the folder ${path} with ${count(inside.length, "file")}` : path;
    const done = yield* perform(task, {
      name: "delete_file",
      input: { path },
      message: `Delete ${path}`,
      act: () => workspace.delete(path),
      output: () => `Deleted ${what}.`,
    });
    if (!done.ok) return failed(done.reason);
    summary.push(`Deleted ${what}.`);
  }
  const title = subject(`Delete ${listed(paths)}`);
  return { status: "edited", title, summary };
}
