/** What a repository says about itself in its manifests: the only source of facts for generated files. */
import type { Workspace } from "../../../workspace/workspace.ts";
import { attempt } from "../steps.ts";
import { oneLine } from "../wording.ts";
import { readCargo, readGoMod, readPyproject, readSetupCfg, readSetupPy } from "./other-manifests.ts";
import { readPackageJson } from "./package-json.ts";

export interface Script {
  /** What to type. */
  readonly command: string;
  /** What it runs, as the manifest says. */
  readonly runs: string;
}

/** Facts of one manifest; every one may be missing. */
export interface Facts {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly author?: string | undefined;
  readonly license?: string | undefined;
  /** Such as `Node.js >=20`. */
  readonly requires?: string | undefined;
  /** The command that installs or builds. */
  readonly install?: string | undefined;
  readonly scripts?: readonly Script[];
}

export interface Project {
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly author: string | undefined;
  readonly license: string | undefined;
  readonly requires: readonly string[];
  readonly install: readonly string[];
  readonly scripts: readonly Script[];
  /** The manifests that were read. */
  readonly manifests: readonly string[];
  /** Every path in the repository. */
  readonly paths: readonly string[];
}

type Reader = (text: string, paths: ReadonlySet<string>) => Facts;

/** In order of precedence, for repositories with several. */
const MANIFESTS: readonly (readonly [string, Reader])[] = [
  ["package.json", readPackageJson],
  ["pyproject.toml", readPyproject],
  ["Cargo.toml", readCargo],
  ["setup.cfg", readSetupCfg],
  ["setup.py", readSetupPy],
  ["go.mod", readGoMod],
];

/** Reads the manifests at the root, in one request. `repository` is `owner/name`. */
export async function readProject(workspace: Workspace, repository: string | undefined): Promise<Project> {
  const entries = await workspace.list();
  const paths = entries.map((entry) => entry.path);
  const files = new Set(
    entries.filter((entry) => entry.kind === "file" || entry.kind === "executable").map((e) => e.path),
  );
  const present = MANIFESTS.filter(([path]) => files.has(path));
  await attempt(() => workspace.prefetch(present.map(([path]) => path)));
  const facts: Facts[] = [];
  const manifests: string[] = [];
  for (const [path, read] of present) {
    const text = await attempt(() => workspace.readText(path));
    if (!text.ok) continue;
    facts.push(read(text.value, files));
    manifests.push(path);
  }
  if (files.has("requirements.txt")) facts.push({ install: "pip install -r requirements.txt" });
  const first = (key: "name" | "description" | "author" | "license"): string | undefined => {
    const value = facts.map((one) => one[key]).find((one) => one !== undefined);
    return value === undefined ? undefined : oneLine(value, 300);
  };
  const every = (key: "requires" | "install"): readonly string[] => [
    ...new Set(facts.flatMap((one) => (one[key] === undefined ? [] : [oneLine(one[key], 100)]))),
  ];
  return {
    name: first("name") ?? repository?.split("/").at(-1),
    description: first("description"),
    author: first("author"),
    license: first("license"),
    requires: every("requires"),
    install: every("install"),
    scripts: facts.flatMap((one) => one.scripts ?? []).slice(0, 40),
    manifests,
    paths,
  };
}
