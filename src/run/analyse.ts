/** What kind of repository this is, from its files' names alone. */

export interface Analysis {
  readonly files: number;
  /** Languages by number of files, most first, at most five. */
  readonly languages: readonly string[];
}

const EXTENSIONS: readonly (readonly [string, string])[] = [
  ["C", "c h"],
  ["C++", "cc cpp hpp"],
  ["C#", "cs"],
  ["CSS", "css"],
  ["Dart", "dart"],
  ["Elixir", "ex exs"],
  ["Go", "go"],
  ["Haskell", "hs"],
  ["HTML", "html"],
  ["Java", "java"],
  ["JavaScript", "js cjs mjs jsx"],
  ["Kotlin", "kt"],
  ["Lua", "lua"],
  ["PHP", "php"],
  ["Python", "py"],
  ["Ruby", "rb"],
  ["Rust", "rs"],
  ["Scala", "scala"],
  ["Shell", "sh"],
  ["SQL", "sql"],
  ["Swift", "swift"],
  ["TypeScript", "ts cts mts tsx"],
  ["Vue", "vue"],
  ["Zig", "zig"],
];
const LANGUAGES = new Map(
  EXTENSIONS.flatMap(([language, names]) => names.split(" ").map((name) => [name, language] as const)),
);
const MOST_LANGUAGES = 5;

/** `eachName` calls back with every file's name. One pass; no file is read. */
export function analyse(eachName: (visit: (name: string) => void) => void): Analysis {
  const counts = new Map<string, number>();
  let files = 0;
  eachName((name) => {
    files++;
    const language = LANGUAGES.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase());
    if (language !== undefined) counts.set(language, (counts.get(language) ?? 0) + 1);
  });
  const ranked = [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_LANGUAGES);
  return { files, languages: ranked.map(([name]) => name) };
}
