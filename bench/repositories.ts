/** The repositories measured: packages at pinned versions as npm ships them, one large binary, one generated. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type GeneratedShape, generatedStream } from "./generated.ts";

export interface Recipe {
  readonly name: string;
  /** `package@version`, and the folder its files go to ("" for the root). */
  readonly packages?: readonly { readonly spec: string; readonly folder: string }[];
  readonly generated?: GeneratedShape;
  /** A repository that is there already. */
  readonly path?: string;
}

export interface BenchRepository {
  readonly name: string;
  /** What to clone from; not to be written to. */
  readonly dir: string;
  readonly files: number;
}

/** From small to huge. */
export const RECIPES: readonly Recipe[] = [
  { name: "eventsource-parser", packages: [{ spec: "eventsource-parser@4.1.3", folder: "" }] },
  { name: "hono", packages: [{ spec: "hono@4.13.19", folder: "" }] },
  { name: "lodash", packages: [{ spec: "lodash@4.17.21", folder: "" }] },
  {
    name: "lodash-and-binary",
    packages: [
      { spec: "lodash@4.17.21", folder: "" },
      { spec: "@biomejs/cli-linux-x64@2.5.15", folder: "vendor/biome" },
    ],
  },
  { name: "openai", packages: [{ spec: "openai@7.57.0", folder: "" }] },
  { name: "date-fns", packages: [{ spec: "date-fns@4.1.0", folder: "" }] },
  { name: "mui-icons", packages: [{ spec: "@mui/icons-material@7.3.4", folder: "" }] },
  { name: "generated-100k", generated: { folders: 1000, filesPerFolder: 100, seed: 1 } },
];

export function recipeOfPath(path: string): Recipe {
  const dir = resolve(path);
  return { name: basename(dir).replace(/\.git$/, ""), path: dir };
}

/** Ids depend on content and dates alone; nobody's configuration changes what is committed. */
const GIT_ENVIRONMENT = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Bench",
  GIT_AUTHOR_EMAIL: "bench@localhost.invalid",
  GIT_AUTHOR_DATE: "2024-01-01T00:00:00Z",
  GIT_COMMITTER_NAME: "Bench",
  GIT_COMMITTER_EMAIL: "bench@localhost.invalid",
  GIT_COMMITTER_DATE: "2024-01-01T00:00:00Z",
};

/** What is made once and kept: packages, repositories, bundles. */
export const CACHE = join(tmpdir(), "tiny-backspace-bench");

/** Builds a repository, or takes it from the cache. */
export async function prepareRepository(recipe: Recipe): Promise<BenchRepository> {
  const dir = recipe.path ?? (await built(recipe, CACHE));
  const paths = git(dir, "ls-tree", "-r", "--name-only", "-z", "HEAD").split("\0");
  return { name: recipe.name, dir, files: paths.length - 1 };
}

async function built(recipe: Recipe, cache: string): Promise<string> {
  const dir = join(cache, "repositories", `${keyOf(recipe)}.git`);
  if (existsSync(dir)) return dir;
  mkdirSync(join(cache, "repositories"), { recursive: true });
  const building = mkdtempSync(join(cache, "building-"));
  try {
    const bare = join(building, "bare.git");
    git(building, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", bare);
    if (recipe.generated === undefined) commitPackages(recipe, bare, cache, join(building, "files"));
    else await importGenerated(bare, recipe.generated);
    git(bare, "repack", "-adq");
    git(bare, "prune-packed", "-q");
    renameSync(bare, dir);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return dir;
}

function keyOf({ name, packages, generated }: Recipe): string {
  const parts =
    generated === undefined
      ? (packages ?? []).map(({ spec }) => spec)
      : [generated.folders, generated.filesPerFolder, generated.seed];
  return [name, ...parts].join("+").replace(/[^\w.@+-]/g, "-");
}

function commitPackages(recipe: Recipe, bare: string, cache: string, files: string): void {
  for (const { spec, folder } of recipe.packages ?? []) {
    const target = join(files, folder);
    mkdirSync(target, { recursive: true });
    execFileSync("tar", [
      "-xzf",
      packed(spec, cache),
      "--strip-components=1",
      "--no-same-owner",
      "-C",
      target,
    ]);
  }
  const place = [
    `--git-dir=${bare}`,
    `--work-tree=${files}`,
    "-c",
    "core.bare=false",
    "-c",
    "core.autocrlf=false",
  ];
  git(files, ...place, "add", "--all", "--force", ".");
  git(files, ...place, "commit", "--quiet", "-m", `Add ${recipe.name}`);
  rmSync(join(bare, "index"), { force: true });
}

/** The package's archive, downloaded once. */
function packed(spec: string, cache: string): string {
  const folder = join(cache, "packages", spec.replace(/[^\w.@-]/g, "-"));
  mkdirSync(folder, { recursive: true });
  const found = () => readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (found() === undefined) {
    execFileSync("npm", ["pack", spec, "--silent", "--ignore-scripts", "--pack-destination", folder], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  const name = found();
  if (name === undefined) throw new Error(`npm pack ${spec} left no archive`);
  return join(folder, name);
}

async function importGenerated(bare: string, shape: GeneratedShape): Promise<void> {
  const child = spawn("git", ["fast-import", "--quiet", "--done"], {
    cwd: bare,
    env: { ...process.env, ...GIT_ENVIRONMENT },
    stdio: ["pipe", "ignore", "inherit"],
  });
  const closed = once(child, "close");
  await pipeline(Readable.from(generatedStream(shape)), child.stdin);
  const [code] = await closed;
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}

/** Runs git in a repository and returns what it printed. */
export function git(cwd: string, ...args: readonly string[]): string {
  return execFileSync("git", args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, ...GIT_ENVIRONMENT },
    stdio: ["ignore", "pipe", "inherit"],
  });
}
