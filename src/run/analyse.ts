/** What kind of repository this is, from its files' names alone. */

export interface Analysis {
  readonly files: number;
  /** Languages by number of files, most first, at most five. */
  readonly languages: readonly string[];
}

const LANGUAGES: Readonly<Record<string, string>> = {
  c: "C",
  h: "C",
  cc: "C++",
  cpp: "C++",
  hpp: "C++",
  cs: "C#",
  css: "CSS",
  dart: "Dart",
  ex: "Elixir",
  exs: "Elixir",
  go: "Go",
  hs: "Haskell",
  html: "HTML",
  java: "Java",
  js: "JavaScript",
  cjs: "JavaScript",
  mjs: "JavaScript",
  jsx: "JavaScript",
  kt: "Kotlin",
  lua: "Lua",
  php: "PHP",
  py: "Python",
  rb: "Ruby",
  rs: "Rust",
  scala: "Scala",
  sh: "Shell",
  sql: "SQL",
  swift: "Swift",
  ts: "TypeScript",
  cts: "TypeScript",
  mts: "TypeScript",
  tsx: "TypeScript",
  vue: "Vue",
  zig: "Zig",
};
const MOST_LANGUAGES = 5;

/** `eachName` calls back with every file's name. One pass; no file is read. */
export function analyse(eachName: (visit: (name: string) => void) => void): Analysis {
  const counts = new Map<string, number>();
  let files = 0;
  eachName((name) => {
    files++;
    const language = LANGUAGES[name.slice(name.lastIndexOf(".") + 1).toLowerCase()];
    if (language !== undefined) counts.set(language, (counts.get(language) ?? 0) + 1);
  });
  const ranked = [...counts].sort(([, a], [, b]) => b - a).slice(0, MOST_LANGUAGES);
  return { files, languages: ranked.map(([name]) => name) };
}
