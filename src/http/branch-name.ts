/** Decides whether git would take a branch name, so that a bad one is refused before any work. */

const MAX_BYTES = 255;

/**
 * What is wrong with a branch name, or undefined when nothing is: the rules of
 * `git check-ref-format --branch`, and no `refs/heads/` in front.
 */
export function branchNameProblem(name: string): string | undefined {
  if (name === "") return "is empty";
  if (new TextEncoder().encode(name).length > MAX_BYTES) return `is longer than ${MAX_BYTES} bytes`;
  if (!name.isWellFormed()) return "is not valid Unicode";
  if (name.startsWith("refs/")) return "must be the branch's name alone, without 'refs/heads/'";
  if (name.startsWith("-")) return "must not start with '-'";
  if (name === "@" || name === "HEAD") return "must be a branch, not 'HEAD'";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git refuses exactly these bytes.
  if (/[\x00-\x20\x7f~^:?*[\\]/.test(name))
    return "must not have spaces, control characters or any of ~ ^ : ? * [ \\";
  if (name.includes("..")) return "must not have '..'";
  if (name.includes("@{")) return "must not have '@{'";
  if (name.endsWith(".")) return "must not end with '.'";
  for (const part of name.split("/")) {
    if (part === "") return "must not start or end with '/' or have '//'";
    if (part.startsWith(".")) return "must not have a part that starts with '.'";
    if (part.endsWith(".lock")) return "must not have a part that ends with '.lock'";
  }
  return undefined;
}
