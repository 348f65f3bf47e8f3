/** Adds error handling to real-world code by the thousand files, and proves of each that it is still the same program. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join, resolve } from "node:path";
import vm from "node:vm";
import { languageOf, wrapFile } from "../../src/agent/rules/error-handling/files.ts";
import { parseScript, type ScriptDialect } from "../../src/agent/rules/error-handling/script-parse.ts";

export interface Endurance {
  files: number;
  wrapped: number;
  functions: number;
  /** Nothing to wrap in the file. */
  nothing: number;
  /** Not understood; left as it is. */
  skipped: number;
  /** Transformed and found to be the same program but for the handlers. */
  same: number;
  /** Transformed files whose original is not valid, so that nothing can be compared. */
  invalid: number;
  /** Anything else: each one is a bug. */
  broken: string[];
}

type Case = readonly [name: string, before: string, after: string];
/** Answers `same`, `invalid` or what is wrong, for each case. */
type Checker = (cases: readonly Case[]) => readonly (readonly [string, string])[];

const HERE = import.meta.dirname;
const NODE_MODULES = resolve(HERE, "../../node_modules");
const BATCH = 150;

/** Source files below a folder that are text and not minified, in a stable order. */
export function sourcesBelow(folder: string, language: "python" | "script"): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => languageOf(path) === language && !path.includes("site-packages"))
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile() && statSync(path).size < 400_000)
    .toSorted();
}

/** Python's own library. */
export function pythonLibrary(): string {
  const code = "import sysconfig; print(sysconfig.get_paths()['stdlib'])";
  return spawnSync("python3", ["-c", code], { encoding: "utf8" }).stdout.trim();
}

/** Transforms and checks these files. */
export function endure(paths: readonly string[], check: Checker): Endurance {
  const result: Endurance = {
    files: 0,
    wrapped: 0,
    functions: 0,
    nothing: 0,
    skipped: 0,
    same: 0,
    invalid: 0,
    broken: [],
  };
  const cases: Case[] = [];
  for (const path of paths) {
    const source = decode(readFileSync(path));
    if (source === undefined || source.split("\n").some((line) => line.length > 2_000)) continue;
    result.files += 1;
    const wrapped = wrapFile(path, source, undefined);
    result[wrapped.kind] += 1;
    if (wrapped.kind !== "wrapped") continue;
    result.functions += wrapped.functions.length;
    cases.push([path, source, wrapped.source]);
  }
  for (let at = 0; at < cases.length; at += BATCH) {
    for (const [path, verdict] of check(cases.slice(at, at + BATCH))) {
      if (verdict === "same" || verdict === "invalid") result[verdict] += 1;
      else result.broken.push(`${path}: ${verdict}`);
    }
  }
  return result;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Compares syntax trees with Python itself, see check-python.py. */
export const checkPython: Checker = (cases) => ask("python3", [join(HERE, "check-python.py")], cases);

/** Compiles with Node.js 24, whatever runs this, and compares the text. */
export const checkScripts: Checker = (cases) =>
  ask(
    join(NODE_MODULES, ".bin/node"),
    ["--no-warnings", "--experimental-vm-modules", import.meta.filename, "--check"],
    cases,
  );

function ask(
  command: string,
  args: readonly string[],
  cases: readonly Case[],
): readonly (readonly [string, string])[] {
  const options = { input: JSON.stringify(cases), encoding: "utf8", maxBuffer: 1_000_000_000 } as const;
  const { stdout, stderr, status } = spawnSync(command, args, options);
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr.slice(-1_000)}`);
  return JSON.parse(stdout);
}

function verdictOfScript([path, before, after]: Case): string {
  const dialect: ScriptDialect = path.endsWith("tsx") ? "tsx" : /\.[mc]?ts$/.test(path) ? "ts" : "js";
  if (compileError(before, dialect) !== undefined) return "invalid";
  const error = compileError(after, dialect);
  if (error !== undefined) return `does not compile: ${error}`;
  if (templates(before, dialect).join("\0") !== templates(after, dialect).join("\0"))
    return "another template literal";
  return isSubsequence(condensed(before), condensed(after)) ? "same" : "another program";
}

function compileError(source: string, dialect: ScriptDialect): string | undefined {
  try {
    const code = dialect === "js" ? source : stripTypeScriptTypes(source, { mode: "transform" });
    const attempts = [
      () => new vm.Script(code),
      () => new vm.SourceTextModule(code),
      () => new vm.Script(`(async () => {${code}\n})`),
    ];
    if (attempts.some((attempt) => succeeds(attempt))) return undefined;
    return "a syntax error";
  } catch (error) {
    return String(error).slice(0, 200);
  }
}

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

function templates(source: string, dialect: ScriptDialect): readonly string[] {
  const found: string[] = [];
  parseScript(source, dialect)?.iterate({
    enter: (node) => {
      if (node.name === "TemplateString") found.push(source.slice(node.from, node.to));
    },
  });
  return found;
}

/** Without white space, handlers and openings of `try` each one character. */
function condensed(source: string): string {
  return source
    .replace(/\s+/g, "")
    .replace(
      /\}catch\((\w+)\)\{(?:globalThis\.)?console\.error\((["'])[^"']*failed:\2,\1\);?throw\1;?\}/g,
      "\u0001",
    )
    .replace(/try\{/g, "\u0002");
}

/** True when only openings and handlers were added, and as many of one as of the other. */
function isSubsequence(before: string, after: string): boolean {
  let at = 0;
  const added = { "\u0001": 0, "\u0002": 0 };
  for (let next = 0; next < after.length; next += 1) {
    const char = after.charAt(next);
    if (char === before.charAt(at)) at += 1;
    else if (char === "\u0001" || char === "\u0002") added[char] += 1;
    else return false;
  }
  return at === before.length && added["\u0001"] === added["\u0002"] && added["\u0001"] > 0;
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv[2] === "--check") {
    const cases: readonly Case[] = JSON.parse(readFileSync(0, "utf8"));
    process.stdout.write(JSON.stringify(cases.map((one) => [one[0], verdictOfScript(one)])));
  } else {
    const packages = process.argv.slice(2);
    const folders =
      packages.length > 0
        ? packages
        : ["hono", "zod", "ajv", "isomorphic-git", "undici", "knip", "yaml", "vitest"];
    const scripts = folders.flatMap((name) => sourcesBelow(join(NODE_MODULES, name), "script"));
    console.log("python", endure(sourcesBelow(pythonLibrary(), "python"), checkPython));
    console.log("scripts", endure(scripts, checkScripts));
  }
}
