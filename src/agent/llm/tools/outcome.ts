/** Small functions that make outcomes, and the sentences that several tools say. */
import type { Workspace } from "../../../workspace/workspace.ts";
import type { ToolContext, ToolOutcome } from "../tool.ts";
import { quotePath } from "./paths.ts";

/** Paths one outcome names as changed, of a folder that is deleted or moved. */
export const OUTCOME_PATHS = 100;

export interface Done {
  /** For people: one sentence. */
  readonly message: string;
  /** For the model. */
  readonly text: string;
  readonly paths?: readonly string[];
}

export function done({ message, text, paths }: Done): ToolOutcome {
  return { status: "ok", text, message, ...(paths === undefined ? {} : { paths }) };
}

/** What could not be done and what to do instead; people get the first sentence. */
export function refused(text: string, message = firstSentence(text)): ToolOutcome {
  return { status: "error", text, message };
}

function firstSentence(text: string): string {
  const line = text.slice(0, text.indexOf("\n") === -1 ? undefined : text.indexOf("\n"));
  const end = /[.:;](?= [A-Z]|$)/.exec(line);
  return end === null ? line : `${line.slice(0, end.index)}.`;
}

/** What becomes of a change to paths that need consent; empty for all others. */
export function protectedNote(context: ToolContext, paths: readonly string[]): string {
  const held = paths.filter((path) => context.isProtected(path));
  const [first] = held;
  if (first === undefined) return "";
  const which = held.length === 1 ? "is protected" : `and ${held.length - 1} more are protected`;
  return `\n${quotePath(first)} ${which}, and the request gave no consent to change that: this change will be left out of the pull request and attached to it as a patch. Say so in your summary.`;
}

/** The files that a path stands for: itself, or all in the folder. */
export async function filesAt(workspace: Workspace, path: string): Promise<readonly string[]> {
  if ((await workspace.entry(path)) !== undefined) return [path];
  const entries = path === "" ? [] : await workspace.list({ path });
  return entries.map((entry) => entry.path).filter((inside) => inside.startsWith(`${path}/`));
}
