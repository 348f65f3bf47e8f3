/** A unified diff as HTML: one box a file, its lines coloured, every byte escaped. */
import { escapeHtml } from "./layout.ts";

/** Turns the output of `git diff` into HTML. */
export function diffHtml(diff: string): string {
  const files = diff.split(/^(?=diff --git )/m).filter((part) => part.startsWith("diff --git "));
  return files.map(fileHtml).join("\n");
}

function fileHtml(file: string): string {
  const lines = file.replace(/\n$/, "").split("\n");
  const firstHunk = lines.findIndex((line) => line.startsWith("@@"));
  const [head, hunks] = firstHunk < 0 ? [lines, []] : [lines.slice(0, firstHunk), lines.slice(firstHunk)];
  const added = hunks.filter((line) => line.startsWith("+")).length;
  const removed = hunks.filter((line) => line.startsWith("-")).length;
  // The index line and the ---/+++ lines repeat what the header says; modes, renames and binary notes do not.
  const notes = head.slice(1).filter((line) => !/^(?:index |--- |\+\+\+ )/.test(line));
  const rows = [...notes.map((line) => row("m", line)), ...hunks.map((line) => row(kindOf(line), line))];
  return `<section class="box"><header><code>${escapeHtml(nameOf(head))}</code>
<span><span class="plus">+${added}</span> <span class="minus">−${removed}</span></span></header>
<div class="diff"><pre>${rows.join("")}</pre></div></section>`;
}

/** The path in the new commit, or in the old one for a deleted file. */
function nameOf(head: readonly string[]): string {
  const at = (prefix: string) => head.find((line) => line.startsWith(prefix))?.slice(prefix.length);
  const to = at("+++ b/") ?? at("rename to ");
  if (to !== undefined) return to;
  return at("--- a/") ?? at("diff --git a/")?.replace(/ b\/.*$/, "") ?? "file";
}

function kindOf(line: string): string {
  switch (line[0]) {
    case "+":
      return "a";
    case "-":
      return "d";
    case "@":
      return "h";
    case "\\":
      return "m";
    default:
      return "";
  }
}

function row(kind: string, line: string): string {
  return kind === ""
    ? `<span>${escapeHtml(line)}</span>`
    : `<span class="${kind}">${escapeHtml(line)}</span>`;
}
