/** What the manifests at a repository's root say that is worth a model's tokens: names, scripts, tools. */
import { readCargo, readGoMod, readPyproject, readSetupCfg } from "../../rules/project/other-manifests.ts";
import { readPackageJson } from "../../rules/project/package-json.ts";
import type { Facts } from "../../rules/project/project.ts";
import { cutAt, quoted } from "./shown.ts";

type Reader = (text: string, rootNames: ReadonlySet<string>) => readonly string[];

const facts =
  (read: (text: string, rootNames: ReadonlySet<string>) => Facts): Reader =>
  (text, rootNames) =>
    described(read(text, rootNames));

/** Read for their facts; a reader that knows nothing of a file still has it named. */
const READERS: ReadonlyMap<string, Reader> = new Map([
  ["package.json", facts(readPackageJson)],
  ["pyproject.toml", (text) => [...described(readPyproject(text)), ...pythonTools(text)]],
  ["setup.cfg", facts(readSetupCfg)],
  ["Cargo.toml", facts(readCargo)],
  ["go.mod", facts(readGoMod)],
  ["Makefile", makeTargets],
  ["justfile", makeTargets],
]);
/** Named only, wherever they are. */
const OTHERS = new Set([
  "build.gradle",
  "build.gradle.kts",
  "CMakeLists.txt",
  "composer.json",
  "deno.json",
  "Gemfile",
  "meson.build",
  "mix.exs",
  "Package.swift",
  "pom.xml",
  "pubspec.yaml",
  "requirements.txt",
  "setup.py",
  "tox.ini",
]);

/** A manifest with more characters than this is generated, and not worth the time to parse it. */
const LONGEST = 200_000;
const MOST_SCRIPTS = 12;
/** Characters of one manifest's facts. */
const LONGEST_LINE = 700;
/** Scripts that check a change come first. */
const CHECKS = /test|check|lint|type|build|format|fmt/i;

export const READABLE_MANIFESTS: readonly string[] = [...READERS.keys()];

export function isManifest(name: string): boolean {
  return READERS.has(name) || OTHERS.has(name);
}

/** One line: the manifest's name, then its facts as far as they fit. `rootNames` tells package managers by their lock files. */
export function manifestLine(name: string, text: string | undefined, rootNames: ReadonlySet<string>): string {
  const read = text === undefined || text.length > LONGEST ? undefined : READERS.get(name);
  let line = name;
  for (const fact of read?.(text ?? "", rootNames) ?? []) {
    const longer = `${line}${line === name ? ": " : "; "}${fact}`;
    if (longer.length > LONGEST_LINE) break;
    line = longer;
  }
  return line;
}

function described({ name, requires, scripts = [] }: Facts): readonly string[] {
  const ranked = scripts.toSorted((a, b) => Number(CHECKS.test(b.command)) - Number(CHECKS.test(a.command)));
  const shown = ranked
    .slice(0, MOST_SCRIPTS)
    .map(({ command, runs }) => `${value(command, 50)} runs ${value(runs, 80)}`);
  return [
    ...(name === undefined ? [] : [`name ${value(name, 80)}`]),
    ...(requires === undefined ? [] : [`requires ${value(requires, 60)}`]),
    ...shown,
    ...(ranked.length > shown.length ? [`${ranked.length - shown.length} more scripts`] : []),
  ];
}

/** The tools that a pyproject.toml configures: how the project is tested and formatted. */
function pythonTools(text: string): readonly string[] {
  const names = [...text.matchAll(/^\[tool\.([\w-]{1,40})/gm)].flatMap(([, name]) => name ?? []);
  const tools = [...new Set(names)].slice(0, 10);
  return tools.length === 0 ? [] : [`configures ${tools.join(", ")}`];
}

function makeTargets(text: string): readonly string[] {
  const targets = new Set<string>();
  for (const line of text.split("\n")) {
    const target = /^([A-Za-z][\w-]{0,40})(?: [^:=]{0,200})?:(?!=)/.exec(line)?.[1];
    if (target !== undefined) targets.add(target);
    if (targets.size === 20) break;
  }
  return targets.size === 0 ? [] : [`targets ${[...targets].join(", ")}`];
}

function value(text: string, max: number): string {
  return text.length <= max ? quoted(text) : `${quoted(cutAt(text, max))}…`;
}
