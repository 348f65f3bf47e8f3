/** The change every contender makes: one word replaced throughout one text file, picked from the repository itself. */
import { git } from "./repositories.ts";

export interface Edit {
  readonly path: string;
  /** Letters only, so that it means the same to a prompt, to sed and to JavaScript. */
  readonly from: string;
  readonly to: string;
}

const SMALLEST = 300;
const LARGEST = 20_000;
/** Names that need no quoting in a prompt or a shell, of files that people edit. */
const PLAIN_TEXT_FILE = /^(?!\.|vendor\/)[\w/-]+(?:\.\w+)*\.(?:[cm]?[jt]sx?|md|py|css|json|go|rs|c|h|java)$/;

/** Takes the middle one of the files of a usual size, and the first word of six letters or more in it. */
export function chooseEdit(repository: string): Edit {
  const entries = git(repository, "ls-tree", "-r", "-l", "-z", "HEAD").split("\0");
  const candidates = entries.flatMap((entry) => {
    const [, size = "", path = ""] = /^100644 blob [0-9a-f]+ +(\d+)\t(.*)$/.exec(entry) ?? [];
    const usual = Number(size) >= SMALLEST && Number(size) <= LARGEST;
    return usual && PLAIN_TEXT_FILE.test(path) ? [path] : [];
  });
  const middle = Math.floor(candidates.length / 2);
  for (const path of [...candidates.slice(middle), ...candidates.slice(0, middle)]) {
    const text = git(repository, "show", `HEAD:${path}`);
    const word = /\b[a-z]{6,12}\b/.exec(text)?.[0];
    if (word !== undefined && !text.includes("\0")) return { path, from: word, to: `${word}Changed` };
  }
  throw new Error(`${repository} has no text file of ${SMALLEST} to ${LARGEST} bytes with a word to replace`);
}

/** The edit as a prompt for the rule-based agent. */
export function promptFor({ path, from, to }: Edit): string {
  return `Replace "${from}" with "${to}" in ${path}`;
}
