/** Brings a long list of files down to a bound: folders with counts take the place of what is in them. */
import type { Entry } from "../../../workspace/workspace.ts";
import { count } from "../../rules/wording.ts";
import { listedPath } from "./paths.ts";

export interface Bounds {
  readonly lines: number;
  readonly characters: number;
}

export interface Summary {
  readonly lines: readonly string[];
  /** True when there is a folder that stands for what is in it. */
  readonly summarised: boolean;
  /** Files and folders that found no place at all. */
  readonly left: number;
}

interface Folder {
  readonly line: () => string;
  readonly children: Map<string, Entry | Folder>;
  /** Files at any depth. */
  count: number;
  /** True when what is in it is shown in its place. */
  open: boolean;
}

/** Lines for `entries`, which are all in `folder` and in git's order. Time: linear in their paths. */
export function summarise(
  entries: readonly Entry[],
  folder: string,
  describe: (entry: Entry) => string,
  bounds: Bounds,
): Summary {
  const root = treeOf(entries, folder);
  const lineOf = (node: Entry | Folder): string => ("children" in node ? node.line() : describe(node));
  const lengthOf = (node: Entry | Folder): number => lineOf(node).length + 1;
  let lines = root.children.size;
  let characters = 0;
  for (const child of root.children.values()) characters += lengthOf(child);

  /** Opens a folder if what is in it still fits. */
  const opens = (node: Folder): boolean => {
    if (lines - 1 + node.children.size > bounds.lines) return false;
    let more = -lengthOf(node);
    for (const child of node.children.values()) more += lengthOf(child);
    if (characters + more > bounds.characters) return false;
    lines += node.children.size - 1;
    characters += more;
    node.open = true;
    return true;
  };

  let level = foldersIn(root);
  while (level.length > 0) {
    const opened = level.toSorted((a, b) => a.count - b.count).filter(opens);
    level = opened.flatMap(foldersIn);
  }
  return shown(root, lineOf, bounds);
}

function treeOf(entries: readonly Entry[], top: string): Folder {
  const root = createFolder(top);
  const from = top === "" ? 0 : top.length + 1;
  for (const entry of entries) {
    let at = root;
    at.count++;
    for (let start = from, slash = entry.path.indexOf("/", from); slash !== -1; ) {
      const name = entry.path.slice(start, slash);
      let next = at.children.get(name);
      if (next === undefined || !("children" in next)) {
        next = createFolder(entry.path.slice(0, slash));
        at.children.set(name, next);
      }
      at = next;
      at.count++;
      start = slash + 1;
      slash = entry.path.indexOf("/", start);
    }
    at.children.set(entry.path.slice(entry.path.lastIndexOf("/") + 1), entry);
  }
  return root;
}

function createFolder(path: string): Folder {
  const folder: Folder = {
    children: new Map(),
    count: 0,
    open: false,
    line: () => `${listedPath(`${path}/`)} (${count(folder.count, "file")})`,
  };
  return folder;
}

function foldersIn(folder: Folder): Folder[] {
  return [...folder.children.values()].filter((child) => "children" in child);
}

/** The open folders' children in their places. Not recursive: folders may be 2,048 deep. */
function shown(root: Folder, lineOf: (node: Entry | Folder) => string, bounds: Bounds): Summary {
  const lines: string[] = [];
  const waiting = [...root.children.values()].reverse();
  let [characters, left, summarised] = [0, 0, false];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if ("children" in node && node.open) {
      waiting.push(...[...node.children.values()].reverse());
      continue;
    }
    const line = lineOf(node);
    characters += line.length + 1;
    if (lines.length === bounds.lines || characters > bounds.characters) {
      left++;
      continue;
    }
    if ("children" in node) summarised = true;
    lines.push(line);
  }
  return { lines, summarised, left };
}
