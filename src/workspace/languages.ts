/** Which programming language a file is in, by its name alone. */

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

export interface LanguageCount {
  readonly language: string;
  readonly files: number;
}

/** Counts languages over names or paths that are handed in one by one. */
export function createLanguageCounter(): {
  add(name: string): void;
  /** Most files first. */
  ranked(): readonly LanguageCount[];
} {
  const counts = new Map<string, number>();
  return {
    add(name) {
      const language = LANGUAGES.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase());
      if (language !== undefined) counts.set(language, (counts.get(language) ?? 0) + 1);
    },
    ranked: () => [...counts].sort(([, a], [, b]) => b - a).map(([language, files]) => ({ language, files })),
  };
}
