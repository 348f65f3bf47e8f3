/** Rule: rename or move a file or folder. */
import type { AgentTask } from "../agent.ts";
import { createCursor } from "./cursor.ts";
import { baseName, dirName, joinPath } from "./paths.ts";
import { failed, type Rule, type RuleRun } from "./rule.ts";
import { explainMissing } from "./scope.ts";
import { perform } from "./steps.ts";
import { count, quote, subject } from "./wording.ts";

interface MovePlan {
  readonly from: string;
  readonly to: string;
  /** True when `to` is a folder to move into, by the prompt's words or a final slash. */
  readonly into: boolean;
  /** "rename a/b.txt to c.txt" keeps the folder; "move" does not. */
  readonly rename: boolean;
}

const NOUNS = ["file", "folder", "directory", "script", "document"];

/** `Rename a.txt to b.txt`, `move src/a.ts to lib/a.ts`. */
export const movePathRule: Rule = {
  name: "move_path",
  examples: ["Rename docs/a.md to docs/b.md", "Move src/a.ts to lib/a.ts"],
  plan(instruction) {
    const cursor = createCursor(instruction.tokens);
    const verb = cursor.word("rename", "move", "mv");
    if (verb === undefined) return undefined;
    cursor.word("the");
    const noun = cursor.word(...NOUNS) !== undefined;
    if (noun) cursor.word("called", "named", "at");
    const from = cursor.path(true);
    if (from === undefined) return undefined;
    cursor.word(...NOUNS);
    const joint = cursor.word("to", "into", "as", "->", "=>", "→", "under", "in");
    if (joint === undefined && verb !== "mv") return undefined;
    cursor.word("the");
    const folderNoun = cursor.word("folder", "directory") !== undefined;
    const target = cursor.peek();
    const to = cursor.path(true);
    if (to === undefined || target === undefined) return undefined;
    const folderAfter = cursor.word("folder", "directory") !== undefined;
    if (!cursor.done()) return undefined;
    const slash = target.text.endsWith("/");
    const into =
      slash ||
      joint === "under" ||
      joint === "in" ||
      (joint !== "as" && folderNoun) ||
      (verb !== "rename" && (folderAfter || joint === "into"));
    const plan: MovePlan = {
      from,
      to,
      into: into && !(verb === "rename" && !slash),
      rename: verb === "rename",
    };
    return { kind: "ready", run: (task) => move(task, plan) };
  },
};

async function* move(task: AgentTask, plan: MovePlan): RuleRun {
  const { workspace } = task;
  const entry = await workspace.entry(plan.from);
  const inside = entry === undefined ? await workspace.list({ path: plan.from }) : [];
  if (entry === undefined && inside.length === 0) return failed(await missing(task, plan));
  const to = await target(task, plan);
  if (to === plan.from) return failed(`${quote(plan.from)} has that name already.`);
  if (to.startsWith(`${plan.from}/`)) return failed(`${quote(plan.from)} cannot be moved into itself.`);
  const done = yield* perform(task, {
    name: "move_file",
    input: { from: plan.from, to },
    message: `Move ${plan.from} to ${to}`,
    act: () => workspace.move(plan.from, to),
    output: () => `Moved to ${to}.`,
  });
  if (!done.ok) return failed(done.reason);
  const what = entry === undefined ? `the folder ${plan.from} (${count(inside.length, "file")})` : plan.from;
  const verb = dirName(plan.from) === dirName(to) ? "Rename" : "Move";
  return {
    status: "edited",
    title: subject(`${verb} ${plan.from} to ${to}`),
    summary: [
      `${verb}d ${what} to ${to}.`,
      "Imports and links that mention the old path were left as they are.",
    ],
  };
}

async function missing(task: AgentTask, plan: MovePlan): Promise<string> {
  const sentence = await explainMissing(task.workspace, plan.from);
  if (!plan.rename) return sentence;
  return `${sentence} To rename a word in the code, say: replace ${quote(plan.from)} with ${quote(plan.to)} in all files.`;
}

async function target(task: AgentTask, plan: MovePlan): Promise<string> {
  const { from, to } = plan;
  const folderExists =
    !plan.rename &&
    (await task.workspace.entry(to)) === undefined &&
    (await task.workspace.list({ path: to })).length > 0;
  if (plan.into || folderExists) return joinPath(to, baseName(from));
  if (plan.rename && !to.includes("/")) return joinPath(dirName(from), to);
  return to;
}
