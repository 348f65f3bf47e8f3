/** Knows what of a workspace a sandbox has, so that only what was edited since is sent. */
import type { Workspace } from "../workspace/workspace.ts";
import type { EditsToSend } from "./pack.ts";

export interface Sync {
  /** All of the workspace is about to be sent. */
  sendAll(): void;
  /** What the sandbox lacks; undefined when it has everything. */
  pending(): Promise<EditsToSend | undefined>;
  /** The sandbox has these now. */
  sent(edits: EditsToSend): void;
  /** What is at these paths now came from the sandbox. */
  took(paths: readonly string[]): void;
}

export function createSync(workspace: Workspace): Sync {
  /** By path, the stamp of the edit that the sandbox has; undefined stands for a deletion. */
  let known = new Map<string, object | undefined>();

  const current = (): Map<string, object | undefined> =>
    new Map(workspace.edits().map(({ path, stamp }) => [path, stamp]));

  /** Takes over what the workspace has at these paths. */
  function learn(paths: readonly string[]): void {
    const now = current();
    for (const path of paths) {
      if (now.has(path)) known.set(path, now.get(path));
      else known.delete(path);
    }
  }

  return {
    sendAll() {
      known = current();
    },

    async pending() {
      const now = current();
      const changed = [...now].flatMap(([path, stamp]) =>
        known.has(path) && known.get(path) === stamp ? [] : [path],
      );
      const reverted = [...known.keys()].filter((path) => !now.has(path));
      // Those that are written are removed too: a command may have put a folder in their place.
      const removed = [...changed, ...reverted];
      const written: string[] = [];
      for (const path of removed) {
        const kind = (await workspace.entry(path))?.kind;
        if (kind === "file" || kind === "executable") written.push(path);
      }
      return removed.length === 0 ? undefined : { removed, written };
    },

    sent: ({ removed }) => learn(removed),
    took: learn,
  };
}
