/** Takes edits to protected files out of a change, and keeps them as a patch that people may apply. */
import type { Change, Workspace } from "../workspace/workspace.ts";
import type { RunEvent } from "./events.ts";
import { protectionOf } from "./protected-paths.ts";
import type { RunState } from "./state.ts";

/** Takes back edits that need consent and have none; returns whether there were any. */
export async function* leaveOutProtected(
  state: RunState,
  workspace: Workspace,
  changes: readonly Change[],
): AsyncGenerator<RunEvent, boolean> {
  const held = heldOf(changes, protectionOf(state.request));
  if (held.length === 0) return false;
  const paths = held.flatMap(endsOf);
  const before = state.facts.leftOut;
  const patch = await workspace.diff(paths);
  // What is edited once more has a patch from the base commit again, in which the one before is.
  const again = before?.paths.some((path) => paths.includes(path)) ?? false;
  state.facts.leftOut = {
    paths: [...new Set([...(before?.paths ?? []), ...held.map(({ path }) => path)])],
    reason: "These files are protected, and the request did not consent to changing them (allow_workflows).",
    patch: before === undefined || again ? patch : before.patch + patch,
  };
  workspace.revert(paths);
  for (const { path } of held) {
    const message = `${JSON.stringify(path)} is protected and was left out. Send "allow_workflows": true to let it be changed.`;
    yield { type: "warning", message, code: "protected_path" };
  }
  return true;
}

/**
 * Changes with a protected end, those that cannot be made beside the files that come back, those that cannot beside
 * theirs, and so on: a file cannot stand in place of a folder of such a file, nor in a folder whose place one has.
 */
function heldOf(changes: readonly Change[], isProtected: (path: string) => boolean): readonly Change[] {
  let held = changes.filter((change) => endsOf(change).some(isProtected));
  for (let before = 0; held.length > before; ) {
    before = held.length;
    const back = held.flatMap(comesBack);
    const files = new Set(back);
    const folders = new Set(back.flatMap(foldersOf));
    const isInTheWay = ({ kind, path }: Change) =>
      kind !== "deleted" &&
      (files.has(path) || folders.has(path) || foldersOf(path).some((folder) => files.has(folder)));
    const already = new Set(held);
    held = changes.filter((change) => already.has(change) || isInTheWay(change));
  }
  return held;
}

/** The file that is there again once a change is taken back. */
function comesBack({ kind, path, from }: Change): readonly string[] {
  return kind === "added" ? [] : [from ?? path];
}

function endsOf({ path, from }: Change): readonly string[] {
  return from === undefined ? [path] : [path, from];
}

/** Every folder a path is in. */
function foldersOf(path: string): readonly string[] {
  const names = path.split("/");
  return names.slice(1).map((_name, depth) => names.slice(0, depth + 1).join("/"));
}
