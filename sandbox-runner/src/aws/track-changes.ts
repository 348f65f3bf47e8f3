/** Remembers what was uploaded, to tell what commands made of it. */
import type { ChangesManifest } from "../../../src/sandbox/wire.ts";
import type { FileState, Replaced } from "./stored-files.ts";

type SkipReason = ChangesManifest["skipped"][number]["reason"];

export interface ChangeTracker {
  uploaded(replaced: Replaced): void;
  /** What a command left that cannot be kept is gone before the next one. */
  left(skipped: ChangesManifest["skipped"], added: Replaced["added"]): void;
  /** What is different from the uploads; `keep` says of a file that was not uploaded whether it counts. */
  manifest(states: ReadonlyMap<string, FileState>, keep: (path: string) => boolean): ChangesManifest;
}

export function createChangeTracker(): ChangeTracker {
  const uploads = new Map<string, FileState>();
  const unkept = new Map<string, SkipReason>();
  return {
    uploaded({ added, replaces }) {
      for (const known of [uploads, unkept])
        for (const path of known.keys()) if (replaces(path)) known.delete(path);
      for (const [path, state] of added) uploads.set(path, state);
    },
    left(skipped, added) {
      for (const path of added.keys()) unkept.delete(path);
      for (const { path, reason } of skipped) unkept.set(path, reason);
    },
    manifest(states, keep) {
      const manifest: ChangesManifest = { added: [], modified: [], deleted: [], skipped: [] };
      for (const [path, state] of states) {
        const before = uploads.get(path);
        if (before === undefined) {
          if (keep(path)) manifest.added.push(path);
        } else if (before.hash !== state.hash || before.executable !== state.executable) {
          manifest.modified.push(path);
        }
      }
      for (const path of uploads.keys())
        if (!states.has(path) && !unkept.has(path)) manifest.deleted.push(path);
      for (const [path, reason] of unkept)
        if (uploads.has(path) || keep(path)) manifest.skipped.push({ path, reason });
      return manifest;
    },
  };
}
