/** What kind of repository this is, from its files' names alone. */
import { createLanguageCounter } from "../workspace/languages.ts";

export interface Analysis {
  readonly files: number;
  /** Languages by number of files, most first, at most five. */
  readonly languages: readonly string[];
}

const MOST_LANGUAGES = 5;

/** `eachName` calls back with every file's name. One pass; no file is read. */
export function analyse(eachName: (visit: (name: string) => void) => void): Analysis {
  const counter = createLanguageCounter();
  let files = 0;
  eachName((name) => {
    files++;
    counter.add(name);
  });
  return {
    files,
    languages: counter
      .ranked()
      .slice(0, MOST_LANGUAGES)
      .map(({ language }) => language),
  };
}
