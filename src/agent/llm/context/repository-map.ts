/** What a model is told of a repository before it looks: its languages, manifests and folders, in one page. */
import { createLanguageCounter } from "../../../workspace/languages.ts";
import type { Entry, Workspace } from "../../../workspace/workspace.ts";
import { INSTRUCTION_FILES } from "./instructions.ts";
import { isManifest, manifestLine, READABLE_MANIFESTS } from "./manifests.ts";
import { outline } from "./outline.ts";
import { readTextIfAny } from "./read-text.ts";
import { shownName, shownPath } from "./shown.ts";

const LONGEST = 6_000;
/** Of those, for manifests; the tree has what the rest leaves. */
const LONGEST_MANIFESTS = 2_000;
const MOST_LANGUAGES = 8;
const MOST_NESTED = 8;

/**
 * At most 6,000 characters, whatever the repository; the same for the same files; not fenced yet. Costs
 * one request at most, which fetches the root's manifests and instructions together.
 */
export async function repositoryMap(workspace: Workspace): Promise<string> {
  const entries = await workspace.list();
  if (entries.length === 0) return "The repository has no files.";
  const { languages, nested, rootFiles } = survey(entries);
  const present = READABLE_MANIFESTS.filter((name) => rootFiles.has(name));
  await workspace.prefetch([...present, ...INSTRUCTION_FILES.filter((name) => rootFiles.has(name))]);
  const manifests: string[] = [];
  for (const name of [...rootFiles].filter(isManifest)) {
    const text = present.includes(name) ? await readTextIfAny(workspace, name) : undefined;
    manifests.push(manifestLine(name, text, rootFiles));
  }
  const readme = [...rootFiles].find((name) => /^readme(?:\.|$)/i.test(name));
  const head = [
    `${counted(entries.length, "file")}.`,
    languages === "" ? "" : `Languages by number of files: ${languages}.`,
    readme === undefined ? "There is no README at the root." : `README: ${shownName(readme)}`,
    cutLines([...manifests, ...nested], LONGEST_MANIFESTS),
    "Folders (with the number of files below them) and files:",
  ]
    .filter((line) => line !== "")
    .join("\n");
  const tail = (hidden: number): string =>
    `${counted(hidden, "file")} of ${entries.length} not shown by name; list_files lists any folder or glob.`;
  const { text, shown } = outline(entries, LONGEST - head.length - tail(entries.length).length - 2);
  return [head, text, ...(shown < entries.length ? [tail(entries.length - shown)] : [])].join("\n");
}

interface Survey {
  readonly languages: string;
  /** A line on the manifests below the root; none when there are none. */
  readonly nested: readonly string[];
  /** Names of regular files at the root. */
  readonly rootFiles: ReadonlySet<string>;
}

/** One pass over all paths. */
function survey(entries: readonly Entry[]): Survey {
  const counter = createLanguageCounter();
  const rootFiles = new Set<string>();
  const nested: { readonly path: string; readonly depth: number }[] = [];
  for (const { path, kind } of entries) {
    if (kind !== "file" && kind !== "executable") continue;
    const slash = path.lastIndexOf("/");
    if (slash < 0) rootFiles.add(path);
    else if (isManifest(path.slice(slash + 1))) nested.push({ path, depth: path.split("/").length });
    counter.add(path);
  }
  const ranked = counter.ranked();
  const shown = nested.toSorted((a, b) => a.depth - b.depth).slice(0, MOST_NESTED);
  const more = nested.length - shown.length;
  return {
    languages: ranked
      .slice(0, MOST_LANGUAGES)
      .map(({ language, files }) => `${language} ${files}`)
      .join(", "),
    nested:
      nested.length === 0
        ? []
        : [
            `Manifests below the root: ${shown.map(({ path }) => shownPath(path, 100)).join(", ")}${more > 0 ? ` and ${more} more` : ""}`,
          ],
    rootFiles,
  };
}

function counted(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

/** The lines as a list, as far as they fit in whole. */
function cutLines(lines: readonly string[], max: number): string {
  const shown: string[] = [];
  let length = 0;
  for (const line of lines) {
    length += line.length + 3;
    if (length > max) break;
    shown.push(`- ${line}`);
  }
  if (shown.length === 0) return "";
  return `Manifests:\n${shown.join("\n")}`;
}
