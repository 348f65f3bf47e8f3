/** Reads the facts out of the manifests of Python, Rust and Go projects. */
import type { SyntaxNode } from "@lezer/common";
import { parser } from "@lezer/python";
import type { Facts, Script } from "./project.ts";
import { firstAuthor, readSettings, type Settings, stringOf, withoutEmail } from "./toml.ts";

/** Facts of a pyproject.toml, by PEP 621 or Poetry. */
export function readPyproject(text: string): Facts {
  const settings = readSettings(text);
  const get = (key: string): string | undefined =>
    stringOf(settings.get(`project.${key}`)) ?? stringOf(settings.get(`tool.poetry.${key}`));
  const python =
    stringOf(settings.get("project.requires-python")) ??
    stringOf(settings.get("tool.poetry.dependencies.python"));
  const license =
    get("license") ?? /\btext\s*=\s*"([^"]{1,100})"/.exec(settings.get("project.license") ?? "")?.[1];
  return {
    name: get("name"),
    description: get("description"),
    author: firstAuthor(settings.get("project.authors")) ?? firstAuthor(settings.get("tool.poetry.authors")),
    license,
    requires: python === undefined ? undefined : `Python ${python}`,
    install: settings.has("build-system.build-backend") ? "pip install ." : undefined,
    scripts: [...commands(settings, "project.scripts."), ...commands(settings, "tool.poetry.scripts.")],
  };
}

function commands(settings: Settings, prefix: string): readonly Script[] {
  return [...settings].flatMap(([key, value]) => {
    const runs = key.startsWith(prefix) ? stringOf(value) : undefined;
    return runs === undefined ? [] : [{ command: key.slice(prefix.length), runs }];
  });
}

/** Facts of a Cargo.toml's `[package]`. */
export function readCargo(text: string): Facts {
  const settings = readSettings(text);
  const rust = stringOf(settings.get("package.rust-version"));
  return {
    name: stringOf(settings.get("package.name")),
    description: stringOf(settings.get("package.description")),
    author: firstAuthor(settings.get("package.authors")),
    license: stringOf(settings.get("package.license")),
    requires: rust === undefined ? undefined : `Rust ${rust}`,
    install: "cargo build",
  };
}

/** Facts of a setup.cfg's `[metadata]`, whose values have no quotes. */
export function readSetupCfg(text: string): Facts {
  const settings = readSettings(text);
  const get = (key: string): string | undefined => {
    const value = settings.get(`metadata.${key}`)?.trim();
    return value === undefined || value === "" || /^(attr|file):/.test(value) ? undefined : value;
  };
  const python = settings.get("options.python_requires")?.trim();
  return {
    name: get("name"),
    description: get("description"),
    author: withoutEmail(get("author")),
    license: get("license"),
    requires: python === undefined || python === "" ? undefined : `Python ${python}`,
  };
}

/** Facts of the literal arguments of `setup(…)` in a setup.py; nothing is run. */
export function readSetupPy(text: string): Facts {
  const call = setupCall(parser.parse(text.slice(0, 100_000)).topNode, text);
  const argument = (name: string): string | undefined => {
    for (let node = call?.getChild("ArgList")?.firstChild ?? null; node !== null; node = node.nextSibling) {
      const value = node.nextSibling?.name === "AssignOp" ? node.nextSibling.nextSibling : null;
      if (text.slice(node.from, node.to) === name && value?.name === "String")
        return stringOf(text.slice(value.from, value.to));
    }
    return undefined;
  };
  if (call === undefined) return {};
  const python = argument("python_requires");
  return {
    name: argument("name"),
    description: argument("description"),
    author: withoutEmail(argument("author")),
    license: argument("license"),
    requires: python === undefined ? undefined : `Python ${python}`,
    install: "pip install .",
  };
}

function setupCall(top: SyntaxNode, text: string): SyntaxNode | undefined {
  let found: SyntaxNode | undefined;
  top.cursor().iterate((ref) => {
    const callee = ref.name === "CallExpression" ? ref.node.firstChild : null;
    if (callee !== null && /^(setuptools\.)?setup$/.test(text.slice(callee.from, callee.to)))
      found ??= ref.node;
    return found === undefined;
  });
  return found;
}

/** Facts of a go.mod. */
export function readGoMod(text: string): Facts {
  const module = /^module[ \t]+(\S+)/m.exec(text)?.[1]?.replaceAll('"', "");
  const go = /^go[ \t]+([\d.]+)/m.exec(text)?.[1];
  const parts = module?.split("/") ?? [];
  const last = parts.at(-1);
  return {
    name: last !== undefined && /^v\d+$/.test(last) ? parts.at(-2) : last,
    requires: go === undefined ? undefined : `Go ${go}`,
    install: "go build ./...",
  };
}
