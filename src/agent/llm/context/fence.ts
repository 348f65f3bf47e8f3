/** Fences text, so that nothing in it can pass for the words around it. */
import { shownPath } from "./shown.ts";

export interface FenceOptions {
  /** `task` is the one text that instructs the model; all others are `data`. */
  readonly as?: "data" | "task";
  /** Where the text is from: a path, or a few words. */
  readonly source?: string;
}

/**
 * The text between tags whose name does not occur in it. The name follows from the text alone, so that a
 * conversation is the same, byte for byte, when it is built again.
 */
export function fenced(text: string, { as = "data", source }: FenceOptions = {}): string {
  const tag = `${as}-${freeName(text)}`;
  const attribute = source === undefined ? "" : ` source=${attributeOf(source)}`;
  return `<${tag}${attribute}>\n${text}${text.endsWith("\n") ? "" : "\n"}</${tag}>`;
}

function attributeOf(source: string): string {
  const shown = shownPath(source);
  return shown.startsWith('"') ? shown : `"${shown}"`;
}

/** The first of a row of names, which begins at the text's hash, that the text does not hold. */
function freeName(text: string): string {
  for (let hash = fnv1a(text); ; hash = (hash + 1) >>> 0) {
    const name = hash.toString(36).padStart(7, "0");
    if (!text.includes(name)) return name;
  }
}

/** FNV-1a over UTF-16 units, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
