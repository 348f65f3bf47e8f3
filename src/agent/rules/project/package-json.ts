/** Reads the facts out of package.json, whatever shape its author gave it. */
import type { Facts, Script } from "./project.ts";
import { withoutEmail } from "./toml.ts";

type Json = Readonly<Record<string, unknown>>;

/** Facts of a package.json; none when it is not valid. */
export function readPackageJson(text: string, paths: ReadonlySet<string>): Facts {
  const json = parse(text);
  const manager = managerOf(json, paths);
  const node = object(json["engines"])["node"];
  const license = json["license"];
  return {
    name: string(json["name"]),
    description: string(json["description"]),
    author: authorOf(json["author"]),
    license: string(license) ?? string(object(license)["type"]),
    requires: typeof node === "string" ? `Node.js ${node}` : undefined,
    install: Object.keys(json).length === 0 ? undefined : `${manager} install`,
    scripts: scriptsOf(object(json["scripts"]), manager),
  };
}

function parse(text: string): Json {
  try {
    return object(JSON.parse(text));
  } catch {
    return {};
  }
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function string(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

function authorOf(author: unknown): string | undefined {
  return string(object(author)["name"]) ?? withoutEmail(string(author));
}

/** The lock file tells the package manager; npm without one. */
function managerOf(json: Json, paths: ReadonlySet<string>): string {
  const declared = string(json["packageManager"])?.split("@")[0];
  if (declared !== undefined && ["npm", "pnpm", "yarn", "bun"].includes(declared)) return declared;
  if (paths.has("pnpm-lock.yaml")) return "pnpm";
  if (paths.has("yarn.lock")) return "yarn";
  if (paths.has("bun.lock") || paths.has("bun.lockb")) return "bun";
  return "npm";
}

function scriptsOf(scripts: Json, manager: string): readonly Script[] {
  return Object.entries(scripts).flatMap(([name, runs]) =>
    typeof runs === "string" ? [{ command: `${manager} run ${name}`, runs }] : [],
  );
}
