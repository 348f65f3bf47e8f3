/** Rule: add a .gitignore for the languages the repository is written in. */
import type { AgentTask } from "../agent.ts";
import { createCursor } from "./cursor.ts";
import { extension } from "./paths.ts";
import { already, failed, type Rule, type RuleRun } from "./rule.ts";
import { writeFile } from "./steps.ts";
import { listed } from "./wording.ts";

interface Ignored {
  readonly language: string;
  /** Names people use for it in prompts. */
  readonly names: readonly string[];
  readonly extensions: readonly string[];
  readonly manifests: readonly string[];
  readonly patterns: readonly string[];
}

const VERBS = ["add", "create", "write", "generate", "make"];
const FILLERS = new Set("me us a an the new basic simple proper good missing".split(" "));
const TAIL = new Set(
  "file for to this the my our project projects repository repo codebase in at root of it".split(" "),
);

const LANGUAGES: readonly Ignored[] = [
  {
    language: "Node.js",
    names: ["node", "node.js", "nodejs", "javascript", "typescript", "js", "ts"],
    extensions: ["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"],
    manifests: ["package.json"],
    patterns: [
      "node_modules/",
      "dist/",
      "build/",
      "coverage/",
      "*.log",
      "*.tsbuildinfo",
      ".npm/",
      ".eslintcache",
    ],
  },
  {
    language: "Python",
    names: ["python", "py"],
    extensions: ["py", "pyi", "ipynb"],
    manifests: ["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile"],
    patterns: [
      "__pycache__/",
      "*.py[cod]",
      ".venv/",
      "venv/",
      "*.egg-info/",
      "build/",
      "dist/",
      ".pytest_cache/",
      ".mypy_cache/",
      ".ruff_cache/",
      ".coverage",
      "htmlcov/",
      ".ipynb_checkpoints/",
    ],
  },
  {
    language: "Rust",
    names: ["rust"],
    extensions: ["rs"],
    manifests: ["Cargo.toml"],
    patterns: ["target/", "**/*.rs.bk"],
  },
  {
    language: "Go",
    names: ["go", "golang"],
    extensions: ["go"],
    manifests: ["go.mod"],
    patterns: ["*.exe", "*.test", "*.out", "go.work"],
  },
  {
    language: "Java and Kotlin",
    names: ["java", "kotlin", "gradle", "maven"],
    extensions: ["java", "kt", "kts"],
    manifests: ["pom.xml", "build.gradle", "build.gradle.kts"],
    patterns: ["*.class", "target/", "build/", ".gradle/", "out/", "hs_err_pid*"],
  },
  {
    language: "C and C++",
    names: ["c", "c++", "cpp"],
    extensions: ["c", "cc", "cpp", "cxx", "h", "hpp"],
    manifests: ["CMakeLists.txt"],
    patterns: [
      "*.o",
      "*.obj",
      "*.a",
      "*.so",
      "*.dylib",
      "*.dll",
      "*.exe",
      "build/",
      "CMakeCache.txt",
      "CMakeFiles/",
    ],
  },
  {
    language: ".NET",
    names: ["c#", "csharp", "dotnet", ".net"],
    extensions: ["cs", "fs", "vb", "csproj"],
    manifests: [],
    patterns: ["bin/", "obj/", "*.user", ".vs/"],
  },
  {
    language: "Ruby",
    names: ["ruby", "rails"],
    extensions: ["rb"],
    manifests: ["Gemfile"],
    patterns: [".bundle/", "vendor/bundle/", "*.gem", "coverage/", "tmp/", "log/"],
  },
  {
    language: "PHP",
    names: ["php", "composer"],
    extensions: ["php"],
    manifests: ["composer.json"],
    patterns: ["vendor/", ".phpunit.result.cache"],
  },
  {
    language: "Swift",
    names: ["swift", "xcode"],
    extensions: ["swift"],
    manifests: ["Package.swift"],
    patterns: [".build/", "xcuserdata/", "DerivedData/"],
  },
  {
    language: "Terraform",
    names: ["terraform"],
    extensions: ["tf"],
    manifests: [],
    patterns: [".terraform/", "*.tfstate", "*.tfstate.*"],
  },
];
const SYSTEM: readonly string[] = [".DS_Store", "Thumbs.db"];

/** `Add a .gitignore`, `add a .gitignore for Python`. */
export const addGitignoreRule: Rule = {
  name: "add_gitignore",
  examples: ["Add a .gitignore"],
  plan(instruction) {
    const cursor = createCursor(instruction.tokens);
    if (cursor.word(...VERBS) === undefined) return undefined;
    cursor.skip(FILLERS);
    const before = wanted(cursor.word(...LANGUAGES.flatMap((one) => one.names)));
    if (cursor.word(".gitignore", "gitignore") === undefined) return undefined;
    cursor.skip(TAIL);
    const named = new Set(before);
    for (let name = cursor.word(...LANGUAGES.flatMap((one) => one.names)); name !== undefined; ) {
      for (const language of wanted(name)) named.add(language);
      cursor.mark(",");
      cursor.word("and");
      name = cursor.word(...LANGUAGES.flatMap((one) => one.names));
    }
    cursor.skip(TAIL);
    return cursor.done() ? { kind: "ready", run: (task) => addGitignore(task, named) } : undefined;
  },
};

function wanted(name: string | undefined): readonly Ignored[] {
  return name === undefined ? [] : LANGUAGES.filter((one) => one.names.includes(name));
}

async function* addGitignore(task: AgentTask, named: ReadonlySet<Ignored>): RuleRun {
  const paths = (await task.workspace.list()).map((entry) => entry.path);
  if (paths.includes(".gitignore"))
    return already("The repository has a .gitignore already; it was left as it is.");
  const languages = LANGUAGES.filter((one) => named.has(one) || (named.size === 0 && isUsed(one, paths)));
  const tracked: string[] = [];
  const seen = new Set<string>();
  const groups = [...languages, { language: "Operating systems", patterns: SYSTEM }].map(
    ({ language, patterns }) => {
      const kept = patterns.filter(
        (pattern) => !seen.has(pattern) && !(matchesTracked(pattern, paths) && tracked.push(pattern)),
      );
      for (const pattern of patterns) seen.add(pattern);
      return kept.length === 0 ? "" : [`# ${language}`, ...kept, ""].join("\n");
    },
  );
  const written = yield* writeFile(task, ".gitignore", groups.filter((group) => group !== "").join("\n"));
  if (!written.ok) return failed(written.reason);
  const fitting =
    languages.length === 0
      ? "no language this agent knows"
      : listed(
          languages.map((one) => one.language),
          6,
        );
  return {
    status: "edited",
    title: "Add a .gitignore",
    summary: [
      `Added a .gitignore for ${fitting}, ${named.size > 0 ? "as asked" : "as found in the repository"}, and for files of operating systems.`,
      ...(tracked.length === 0
        ? []
        : [`Left out ${listed(tracked, 6)}, because the repository tracks files of that name.`]),
    ],
  };
}

function isUsed({ extensions, manifests }: Ignored, paths: readonly string[]): boolean {
  return paths.some((path) => extensions.includes(extension(path)) || manifests.includes(path));
}

/** True when a pattern would ignore a file that is tracked. Covers the forms of patterns above: `a/`, `a/b/`, `*.x`, `a*`, `a`. */
function matchesTracked(pattern: string, paths: readonly string[]): boolean {
  const isFolder = pattern.endsWith("/");
  const name = pattern.replace(/\/$/, "").replace(/^\*\*\//, "");
  const source = name.replace(/[.+^${}()|\\]/g, "\\$&").replaceAll("*", "[^/]*");
  const expression = new RegExp(`(^|/)${source}${isFolder ? "/" : "($|/)"}`);
  return paths.some((path) => expression.test(path));
}
