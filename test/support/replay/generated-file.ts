/** A file of the generated repositories, and the names such files have. */
import type { Random } from "../random.ts";
import type { FileText } from "./file-text.ts";
import type { TextKind } from "./odd-texts.ts";

export interface GeneratedFile {
  readonly kind: TextKind;
  readonly content: FileText;
}

const FOLDERS = [
  "",
  "src/",
  "\u00fcn\u00efc\u00f6d\u00e9/\u65e5\u672c\u8a9e/",
  "with space/and 'quotes'/",
  "deep/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/",
  "[glob]*/{a,b}/",
  ".github/workflows/",
  "decomposed-e\u0301/",
];
const NAMES = [
  (name: string) => `${name}.txt`,
  (name: string) => `-${name}`,
  (name: string) => `"${name}".json`,
  (name: string) => `${name} \u{1f600}.md`,
  (name: string) => `.${name}`,
  (name: string) => `${name}%20#?&+=.js`,
  (name: string) => `$&${name}$1.sh`,
  (name: string) => `${name}${"x".repeat(150)}`,
];

/** A path that no other file has, odd where `random` wants it. */
export function oddPath(name: string, random: Random): string {
  return random.pick(FOLDERS) + random.pick(NAMES)(name);
}
