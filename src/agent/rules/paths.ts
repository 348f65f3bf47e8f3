/** Tells paths from prose, and brings the ways people write them to the one form the workspace takes. */

const WELL_KNOWN = new Set([
  "makefile",
  "dockerfile",
  "license",
  "licence",
  "copying",
  "readme",
  "changelog",
  "contributing",
  "authors",
  "notice",
  "codeowners",
  "procfile",
  "gemfile",
  "rakefile",
  "jenkinsfile",
  "vagrantfile",
  "brewfile",
  "justfile",
  "version",
]);

/** True for a word that is a path by its look: a slash, an extension, a leading dot or a well-known name. */
export function looksLikePath(word: string): boolean {
  if (word.includes("*") || word.includes("://")) return false;
  if (word.includes("/") || word.includes("\\")) return true;
  if (WELL_KNOWN.has(word.toLowerCase())) return true;
  const dot = word.lastIndexOf(".");
  return dot >= 0 && /^[A-Za-z0-9_-]+$/.test(word.slice(dot + 1));
}

/** `./a/b/` → `a/b`. Everything else, `..` and absolute paths too, is left for the workspace to judge. */
export function normalisePath(path: string): string {
  let start = 0;
  while (path.startsWith("./", start)) start += 2;
  let end = path.length;
  while (end > start + 1 && path.charAt(end - 1) === "/") end -= 1;
  return path.slice(start, end);
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The folder a path is in, without a final slash; empty at the root. */
export function dirName(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : path.slice(0, slash);
}

/** Joins a folder and a path below it. */
export function joinPath(folder: string, path: string): string {
  return folder === "" || folder === "." ? path : `${folder}/${path}`;
}

/** The last extension in lower case, without its dot; empty for none. */
export function extension(path: string): string {
  const name = baseName(path);
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot + 1).toLowerCase();
}
