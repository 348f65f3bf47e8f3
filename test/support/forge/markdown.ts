/** The little Markdown pull request bodies use, as HTML in which every byte of the text has been escaped first. */
import { escapeHtml } from "./layout.ts";

/** Headings, lists, quotes, tables, fenced code, and inline code, bold, emphasis and http(s) links. */
export function markdown(source: string): string {
  const lines = withoutComments(source.replaceAll("\r\n", "\n")).split("\n");
  const blocks: string[] = [];
  let at = 0;
  const take = (belongs: (line: string) => boolean): string[] => {
    const start = at;
    while (at < lines.length && belongs(lines[at] ?? "")) at += 1;
    return lines.slice(start, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const fence = /^(`{3,}|~{3,})/.exec(line)?.[1];
    const heading = /^(#{1,6}) (.*)$/.exec(line);
    if (fence !== undefined) {
      at += 1;
      const code = take((next) => !next.startsWith(fence));
      at += 1;
      blocks.push(`<pre><code>${escapeHtml(code.join("\n"))}</code></pre>`);
    } else if (heading !== null) {
      at += 1;
      const level = Math.min(6, (heading[1] ?? "").length + 1);
      blocks.push(`<h${level}>${inline(heading[2] ?? "")}</h${level}>`);
    } else if (/^-{3,}\s*$/.test(line)) {
      at += 1;
      blocks.push("<hr>");
    } else if (LIST.test(line)) {
      const ordered = /^\s*\d/.test(line);
      const items = take((next) => LIST.test(next)).map(
        (item) => `<li>${inline(item.replace(LIST, ""))}</li>`,
      );
      blocks.push(ordered ? `<ol>${items.join("")}</ol>` : `<ul>${items.join("")}</ul>`);
    } else if (line.startsWith(">")) {
      const quoted = take((next) => next.startsWith(">")).map((next) => inline(next.replace(/^> ?/, "")));
      blocks.push(`<blockquote class="muted">${quoted.join("<br>")}</blockquote>`);
    } else if (line.startsWith("|")) {
      blocks.push(table(take((next) => next.startsWith("|"))));
    } else if (line.trim() === "") {
      at += 1;
    } else {
      const first = at;
      const text = take((next) => at === first || (next.trim() !== "" && !STARTS_BLOCK.test(next)));
      blocks.push(`<p>${text.map(inline).join("<br>")}</p>`);
    }
  }
  return blocks.join("\n");
}

const LIST = /^\s*(?:[-*+]|\d+[.)]) +/;
const STARTS_BLOCK = /^(?:#{1,6} |`{3}|~{3}|>|\||\s*(?:[-*+]|\d+[.)]) )/;

/** GitHub does not show HTML comments; an unfinished one stays, escaped. */
function withoutComments(source: string): string {
  return source.replace(/<!--[\s\S]*?-->/g, "");
}

function table(lines: readonly string[]): string {
  const rows = lines.filter((line) => !/^[|\s:-]+$/.test(line));
  const cells = (line: string) => line.replace(/^\||\|\s*$/g, "").split("|");
  const row = (line: string, tag: string) =>
    `<tr>${cells(line)
      .map((cell) => `<${tag}>${inline(cell.trim())}</${tag}>`)
      .join("")}</tr>`;
  return `<table>${rows.map((line, index) => row(line, index === 0 ? "th" : "td")).join("")}</table>`;
}

/** Code and links are set apart first, so that nothing inside one is taken for markup. */
function inline(text: string): string {
  return text
    .split(/(`[^`]+`|\[[^\]]+\]\(https?:\/\/[^\s)]+\))/)
    .map((part, index) => (index % 2 === 0 ? emphasis(escapeHtml(part)) : codeOrLink(part)))
    .join("");
}

function codeOrLink(part: string): string {
  if (part.startsWith("`")) return `<code>${escapeHtml(part.slice(1, -1))}</code>`;
  const middle = part.indexOf("](");
  const [label, address] = [part.slice(1, middle), part.slice(middle + 2, -1)];
  return `<a href="${escapeHtml(address)}" rel="nofollow">${emphasis(escapeHtml(label))}</a>`;
}

function emphasis(escaped: string): string {
  return escaped
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replace(/(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])/g, "<em>$1</em>")
    .replace(/(?<![\w_])_([^_\s][^_]*)_(?![\w_])/g, "<em>$1</em>");
}
