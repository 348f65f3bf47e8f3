/** Shows strangers' words within bounds, for pull requests and commit messages: lines, lists and paths. */
import { cut, inlineCode, neutralise, singleLine } from "./markdown.ts";

/** Items of a list, and characters of each. */
export const MAX_ITEMS = 20;
export const MAX_ITEM = 400;
/** Characters of a list. */
const MAX_LIST = 5000;

/** A Markdown list of at most `max` items and `longest` characters that says how many it lacks. */
export function list<T>(
  items: readonly T[],
  max: number,
  noun: string,
  show: (item: T) => string,
  longest = MAX_LIST,
): string {
  const lines: string[] = [];
  let length = 0;
  for (const item of items.slice(0, max)) {
    const line = `- ${show(item)}`;
    length += line.length + 1;
    if (length > longest) {
      break;
    }
    lines.push(line);
  }
  const left = items.length - lines.length;
  return [...lines, ...(left > 0 ? [`- … and ${grouped(left)} more ${noun}`] : [])].join("\n");
}

/** One line of untrusted prose. */
export function plain(text: string): string {
  return line(text, MAX_ITEM);
}

/** Cut twice: once so that a long text costs little, and once because breaks make it longer. */
export function line(text: string, max: number): string {
  return cut(neutralise(singleLine(text.slice(0, 10 * max), max)), max);
}

/** A path, with issue references broken for the same reason as in the prompt. */
export function pathCode(path: string): string {
  return inlineCode(cut(path, MAX_ITEM).replace(/#(?=\d)/g, "#\u200B"));
}

export function grouped(count: number): string {
  return count.toLocaleString("en");
}
