/** Writes a new file, and never over one that is there unless the prompt says so. */
import type { AgentTask } from "../agent.ts";
import { already, failed, type RuleOutcome, type RuleRun } from "./rule.ts";
import { attempt, writeFile } from "./steps.ts";
import { count, quote, subject } from "./wording.ts";

export interface FilePlan {
  readonly path: string;
  readonly content: string;
  readonly overwrite: boolean;
}

/** Creates or, when asked to, overwrites the file. */
export async function* createFile(task: AgentTask, { path, content, overwrite }: FilePlan): RuleRun {
  const { workspace } = task;
  const existing = await workspace.entry(path);
  if (existing === undefined && (await workspace.list({ path })).length > 0) {
    return failed(`${quote(path)} is a folder, so no file of that name can be created.`);
  }
  if (existing !== undefined) {
    const text = await attempt(() => workspace.readText(path));
    if (text.ok && text.value === content) return already(`${quote(path)} already has exactly this content.`);
    if (!overwrite) {
      return failed(
        `${quote(path)} exists already and was not overwritten; say "overwrite ${path} with …" to replace it.`,
      );
    }
  }
  const written = yield* writeFile(task, path, content);
  if (!written.ok) return failed(written.reason);
  return created(path, content, existing !== undefined);
}

function created(path: string, content: string, replaced: boolean): RuleOutcome {
  const lines = content === "" ? 0 : content.split("\n").length - (content.endsWith("\n") ? 1 : 0);
  const verb = replaced ? "Overwrote" : "Created";
  return {
    status: "edited",
    title: subject(`${replaced ? "Overwrite" : "Create"} ${path}`),
    summary: [`${verb} ${path} with the content the prompt spells out (${count(lines, "line")}).`],
  };
}
