/** The Workspace port over a base tree, an overlay of edits, and blobs fetched when they are read. */
import { ServiceError } from "../errors.ts";
import type { Blobs } from "./blobs.ts";
import { decodeUtf8, utf8 } from "./bytes.ts";
import { createChanges } from "./changes.ts";
import { createScope } from "./glob.ts";
import type { WorkspaceLimits } from "./limits.ts";
import type { Overlay, OverlayFile } from "./overlay.ts";
import { checkWritePath } from "./path.ts";
import { readFiles } from "./read-files.ts";
import { searchFiles } from "./search.ts";
import { kindOf } from "./tree-codec.ts";
import type { Workspace } from "./workspace.ts";

export interface WorkspaceParts {
  readonly overlay: Overlay;
  readonly blobs: Blobs;
  readonly limits: WorkspaceLimits;
}

export function createWorkspace({ overlay, blobs, limits }: WorkspaceParts): Workspace {
  const { changes, diff } = createChanges(overlay, blobs);

  /** The regular file at a path; says what is there instead when it is none. */
  function fileAt(path: string): OverlayFile {
    const file = overlay.get(path);
    if (file === undefined) {
      if (overlay.isFolder(path)) throw new ServiceError("not_a_file", `${quote(path)} is a folder.`);
      throw new ServiceError("file_not_found", `There is no file ${quote(path)} in the repository.`);
    }
    const kind = kindOf(file.mode);
    if (kind === "symlink" || kind === "submodule") {
      const what = kind === "symlink" ? "a symbolic link, which is not followed" : "a submodule";
      throw new ServiceError("not_a_file", `${quote(path)} is ${what}.`);
    }
    return file;
  }

  /** Refuses paths that lead through a file, link or submodule, or onto a folder. */
  function checkTarget(path: string): void {
    checkWritePath(path);
    for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
      const parent = path.slice(0, slash);
      const inTheWay = overlay.get(parent);
      if (inTheWay === undefined) continue;
      const kind = kindOf(inTheWay.mode);
      const what = kind === "symlink" || kind === "submodule" ? `a ${kind}` : "a file";
      throw new ServiceError(
        "path_refused",
        `${quote(path)} cannot be written: ${quote(parent)} is ${what}.`,
      );
    }
    const there = overlay.get(path);
    const kind = there === undefined ? undefined : kindOf(there.mode);
    if (kind === "symlink" || kind === "submodule") {
      throw new ServiceError("path_refused", `${quote(path)} cannot be written: it is a ${kind}.`);
    }
    if (overlay.isFolder(path)) throw new ServiceError("not_a_file", `${quote(path)} is a folder.`);
  }

  async function read(path: string): Promise<Uint8Array> {
    const { content } = fileAt(path);
    return "bytes" in content ? content.bytes : await readBlob(path, content.oid);
  }

  async function readBlob(path: string, oid: string): Promise<Uint8Array> {
    try {
      return await blobs.read(oid);
    } catch (error) {
      if (error instanceof ServiceError && error.code === "object_too_large") {
        throw new ServiceError(
          "object_too_large",
          `${quote(path)} is over the limit of ${limits.objectBytes} bytes for one file.`,
        );
      }
      throw error;
    }
  }

  return {
    async list(options = {}) {
      const inScope = createScope(options);
      const found = [];
      for (const { path, mode } of overlay.entries(folderOf(options.path))) {
        if (inScope(path)) found.push({ path, kind: kindOf(mode) });
      }
      return found;
    },

    async entry(path) {
      const file = overlay.get(path);
      return file === undefined ? undefined : { path, kind: kindOf(file.mode) };
    },

    async prefetch(paths) {
      const oids: string[] = [];
      for (const path of paths) {
        const file = overlay.get(path);
        if (file !== undefined && "oid" in file.content && kindOf(file.mode) !== "submodule")
          oids.push(file.content.oid);
      }
      await blobs.ensure(oids);
    },

    read,

    async readText(path) {
      const bytes = await read(path);
      const text = bytes.includes(0) ? undefined : decodeUtf8(bytes);
      if (text === undefined) throw new ServiceError("not_text", `${quote(path)} is not a UTF-8 text file.`);
      return text;
    },

    async readBase(path) {
      const entry = overlay.base(path);
      const kind = entry === undefined ? undefined : kindOf(entry.mode);
      if (entry === undefined || kind === "symlink" || kind === "submodule") return undefined;
      return await readBlob(path, entry.oid);
    },

    readAll: ({ base = false } = {}) => readFiles(base ? overlay.baseEntries() : overlay.entries(), blobs),

    search: (options) => searchFiles({ overlay, blobs, limits, folder: folderOf(options.path) }, options),

    async write(path, content, options = {}) {
      checkTarget(path);
      const bytes = typeof content === "string" ? textBytes(path, content) : content;
      if (bytes.byteLength > limits.objectBytes) {
        throw new ServiceError(
          "edit_too_large",
          `${quote(path)} would have ${bytes.byteLength} bytes; the limit for one file is ${limits.objectBytes}.`,
        );
      }
      const before = overlay.get(path);
      const replaced =
        before !== undefined && "bytes" in before.content ? before.content.bytes.byteLength : 0;
      if (overlay.writtenBytes - replaced + bytes.byteLength > limits.editBytes) {
        throw new ServiceError(
          "edit_too_large",
          `All edits together may have ${limits.editBytes} bytes; ${quote(path)} goes over that.`,
        );
      }
      const kept = before?.mode ?? "100644";
      const mode = options.executable === undefined ? kept : options.executable ? "100755" : "100644";
      overlay.set(path, { mode, content: { bytes } });
    },

    async delete(path) {
      if (overlay.get(path) !== undefined) {
        overlay.delete(path);
        return;
      }
      const inside = [...overlay.entries(path)];
      if (path === "" || inside.length === 0) {
        throw new ServiceError(
          "file_not_found",
          `There is no file or folder ${quote(path)} in the repository.`,
        );
      }
      for (const entry of inside) overlay.delete(entry.path);
    },

    async move(from, to) {
      const single = overlay.get(from);
      const moved = single === undefined ? [...overlay.entries(from)] : [{ path: from, ...single }];
      if (from === "" || moved.length === 0) {
        throw new ServiceError(
          "file_not_found",
          `There is no file or folder ${quote(from)} in the repository.`,
        );
      }
      if (to === from || to.startsWith(`${from}/`)) {
        throw new ServiceError("path_refused", `${quote(from)} cannot be moved into itself.`);
      }
      if (overlay.get(to) !== undefined || overlay.isFolder(to)) {
        throw new ServiceError(
          "file_exists",
          `${quote(to)} is there already; delete it first or choose another name.`,
        );
      }
      const targets = moved.map(({ path }) => to + path.slice(from.length));
      for (const target of targets) checkTarget(target);
      for (const [i, { path, mode, content }] of moved.entries()) {
        overlay.delete(path);
        overlay.set(targets[i] ?? to, { mode, content });
      }
    },

    changes,
    diff,
    edits: () => overlay.touched().map((path) => ({ path, stamp: overlay.get(path) })),
    revert(paths) {
      for (const path of paths) overlay.revert(path);
    },
  };
}

function textBytes(path: string, text: string): Uint8Array {
  if (text.isWellFormed()) return utf8(text);
  throw new ServiceError("not_text", `The content for ${quote(path)} is not valid Unicode.`);
}

function folderOf(path: string | undefined): string {
  return path === undefined ? "" : path.replace(/^\.?\/+|\/+$/g, "").replace(/^\.$/, "");
}

function quote(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);
}
