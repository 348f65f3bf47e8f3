/** What the edits amount to: net changes with line counts, and the patch. */
import type { Blobs } from "./blobs.ts";
import { countLines, type DiffSide, diffFile } from "./diff-file.ts";
import { objectId } from "./object-store.ts";
import type { Overlay } from "./overlay.ts";
import { kindOf } from "./tree-codec.ts";
import type { Change, Workspace } from "./workspace.ts";

interface Delta {
  readonly before: Side | undefined;
  readonly after: Side | undefined;
}

/** One side of a change before its content is fetched. */
interface Side {
  readonly path: string;
  readonly mode: string;
  readonly oid: string;
  readonly bytes: Uint8Array | undefined;
}

export function createChanges(overlay: Overlay, blobs: Blobs): Pick<Workspace, "changes" | "diff"> {
  /** Fetches what the patch has to show, all in one batch. */
  async function withContents(deltas: readonly Delta[]): Promise<{ before?: DiffSide; after?: DiffSide }[]> {
    const wanted = deltas.filter(needsContent);
    const oids = wanted.flatMap(({ before, after }) =>
      [before, after].flatMap((side) =>
        side === undefined || side.bytes || isSubmodule(side) ? [] : [side.oid],
      ),
    );
    const tooLarge = await blobs.ensure(oids);
    const contentOf = async (side: Side): Promise<DiffSide> => {
      if (side.bytes !== undefined || isSubmodule(side) || tooLarge.has(side.oid)) return side;
      return { ...side, bytes: await blobs.read(side.oid) };
    };
    const sides: { before?: DiffSide; after?: DiffSide }[] = [];
    for (const delta of deltas) {
      const load = needsContent(delta) ? contentOf : async (side: Side): Promise<DiffSide> => side;
      sides.push({
        ...(delta.before === undefined ? {} : { before: await load(delta.before) }),
        ...(delta.after === undefined ? {} : { after: await load(delta.after) }),
      });
    }
    return sides;
  }

  return {
    async changes() {
      const changes: Change[] = [];
      for (const { before, after } of await withContents(await netDeltas(overlay))) {
        const same = before !== undefined && before.oid === after?.oid;
        const counts = same ? { additions: 0, deletions: 0, binary: false } : countLines(before, after);
        const path = (after ?? before)?.path ?? "";
        if (before === undefined) changes.push({ path, kind: "added", ...counts });
        else if (after === undefined) changes.push({ path, kind: "deleted", ...counts });
        else if (before.path !== after.path)
          changes.push({ path, kind: "renamed", from: before.path, ...counts });
        else changes.push({ path, kind: "modified", ...counts });
      }
      return changes;
    },

    async diff(paths) {
      const only = paths === undefined ? undefined : new Set(paths);
      const deltas = (await netDeltas(overlay)).filter(
        ({ before, after }) =>
          only === undefined || only.has(after?.path ?? "") || only.has(before?.path ?? ""),
      );
      let patch = "";
      for (const { before, after } of await withContents(deltas)) patch += await diffFile(before, after);
      return patch;
    },
  };
}

function isSubmodule(side: Side): boolean {
  return kindOf(side.mode) === "submodule";
}

/** Renames and changes of mode alone are told without the content. */
function needsContent({ before, after }: Delta): boolean {
  return before?.oid !== after?.oid;
}

/** Edits against the base, those that came to nothing left out, equal contents paired as renames. */
async function netDeltas(overlay: Overlay): Promise<readonly Delta[]> {
  const deltas: Delta[] = [];
  const deleted = new Map<string, Side[]>();
  for (const path of overlay.touched()) {
    const base = overlay.base(path);
    const before =
      base === undefined ? undefined : { path, mode: base.mode, oid: base.oid, bytes: undefined };
    const file = overlay.get(path);
    if (file === undefined) {
      if (before === undefined) continue;
      const twins = deleted.get(before.oid);
      if (twins === undefined) deleted.set(before.oid, [before]);
      else twins.push(before);
      deltas.push({ before, after: undefined });
      continue;
    }
    const bytes = "bytes" in file.content ? file.content.bytes : undefined;
    const oid =
      "bytes" in file.content
        ? await objectId({ type: "blob", bytes: file.content.bytes })
        : file.content.oid;
    if (before?.oid === oid && before.mode === file.mode) continue;
    deltas.push({ before, after: { path, mode: file.mode, oid, bytes } });
  }
  const renamed = new Set<Side>();
  const paired = deltas.map((delta) => {
    if (delta.before !== undefined || delta.after === undefined) return delta;
    const source = deleted.get(delta.after.oid)?.shift();
    if (source === undefined) return delta;
    renamed.add(source);
    return { before: source, after: delta.after };
  });
  return paired.filter(
    ({ before, after }) => after !== undefined || before === undefined || !renamed.has(before),
  );
}
