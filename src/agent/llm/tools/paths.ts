/** Paths as models write them and as they are shown to models, and answers about those that are not there. */
import type { Entry, Workspace } from "../../../workspace/workspace.ts";
import { clip } from "./lines.ts";
import { similarPaths } from "./similar.ts";

const LONGEST_SHOWN = 300;

/** `./a` → `a`. All else is left for the workspace to judge. */
export function cleanPath(path: string): string {
  return path.replace(/^(?:\.\/+)+/, "");
}

/** As `cleanPath`, for what may be a folder: `./a/` → `a`, `.` and `/` → ``. */
export function cleanFolder(path: string): string {
  const clean = cleanPath(path).replace(/\/+$/, "");
  return clean === "." ? "" : clean;
}

/** A path as a JSON string, with escapes for all that cannot be seen. */
export function quotePath(path: string): string {
  return escaped(clip(path, LONGEST_SHOWN)) + (path.length > LONGEST_SHOWN ? "…" : "");
}

/** A path in a list: as it is when nothing in it can mislead, else a JSON string. Never cut. */
export function listedPath(path: string): string {
  return /["\\\p{C}]|^\s|\s$|[^\S ]| {2}/u.test(path) ? escaped(path) : path;
}

function escaped(path: string): string {
  return JSON.stringify(path).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, at) => unitEscape(character.charCodeAt(at))).join(""),
  );
}

function unitEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

/** True when something is below this path. */
export async function isFolder(workspace: Workspace, path: string): Promise<boolean> {
  const inside = path === "" ? [] : await workspace.list({ path });
  return inside.some((entry) => entry.path.startsWith(`${path}/`));
}

/** Why nothing can be read at a path: a folder is there, a link is on the way, or nothing has that name. */
export async function explainNoFile(workspace: Workspace, path: string): Promise<string> {
  const folder = cleanFolder(path);
  if (folder === "" || (await isFolder(workspace, folder))) {
    return `${quotePath(path)} is a folder. list_files shows what is in it.`;
  }
  return explainMissing(workspace, path, false);
}

/** Says that nothing is at a path, and which paths are like it. Costs no request. */
export async function explainMissing(workspace: Workspace, path: string, folders: boolean): Promise<string> {
  const what = folders ? "file or folder" : "file";
  const link = await linkOnTheWay(workspace, path);
  if (link !== undefined) {
    return `There is no ${what} ${quotePath(path)}: ${quotePath(link.path)} is ${NOT_A_FOLDER[link.kind]}.`;
  }
  const entries = await workspace.list();
  const names = entries.map((entry) => entry.path);
  const near = similarPaths(path, folders ? [...names, ...foldersOf(names)] : names);
  const sentence = `There is no ${what} ${quotePath(path)}; paths are relative to the repository's root.`;
  if (near.length > 0) return `${sentence} Similar: ${near.map(quotePath).join(", ")}.`;
  const parent = await nearestFolder(workspace, path);
  const where = parent === "" ? "list_files" : `list_files with path ${quotePath(parent)}`;
  return `${sentence} Nothing has a similar name; ${where} shows what there is.`;
}

const NOT_A_FOLDER: Readonly<Record<Entry["kind"], string>> = {
  file: "a file",
  executable: "a file",
  symlink: "a symbolic link, which is not followed",
  submodule: "a submodule, whose files are not here",
};

async function linkOnTheWay(workspace: Workspace, path: string): Promise<Entry | undefined> {
  for (const parent of parentsOf(path)) {
    const entry = await workspace.entry(parent);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

async function nearestFolder(workspace: Workspace, path: string): Promise<string> {
  for (const parent of parentsOf(path).reverse()) {
    if ((await workspace.list({ path: parent })).length > 0) return parent;
  }
  return "";
}

/** The folders a path leads through, outermost first; a few at most. */
function parentsOf(path: string): string[] {
  const names = path.split("/").slice(0, 20);
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("/"));
}

export function foldersOf(paths: readonly string[]): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
      const folder = path.slice(0, slash);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders;
}
