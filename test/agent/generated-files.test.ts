/** README, .gitignore and LICENSE: only facts of the repository, and never over a file that is there. */
import { describe, expect, test } from "vitest";
import { createRuleAgent } from "../../src/agent/rules/agent.ts";
import { readSettings, stringOf } from "../../src/agent/rules/project/toml.ts";
import { createMemoryWorkspace } from "../support/memory-workspace.ts";
import { runAgent, taskFor } from "../support/run-agent.ts";

const agent = createRuleAgent({ now: () => new Date("2031-06-01T00:00:00Z") });
type Files = Readonly<Record<string, string>>;

async function ask(prompt: string, before: Files) {
  const workspace = createMemoryWorkspace(before);
  const { outcome } = await runAgent(agent, workspace, prompt);
  const files: Readonly<Record<string, string | undefined>> = workspace.snapshot();
  return { outcome, files, workspace };
}

const PACKAGE = JSON.stringify({
  name: "tide-tables",
  description: "Prints <b>tides</b> for a port.",
  author: "Ada Lovelace <ada@example.com> (https://example.com)",
  license: "ISC",
  engines: { node: ">=20" },
  scripts: { test: "vitest run | tee log", build: "tsc" },
});
const PYPROJECT = [
  "[build-system]",
  'build-backend = "hatchling.build"',
  "[project]",
  'name = "moonrise"  # the name',
  'description = "Says \\"hello\\" to the moon"',
  'requires-python = ">=3.11"',
  "authors = [",
  '  { name = "Grace Hopper", email = "g@example.com" },',
  "]",
  'license = { text = "BSD-3-Clause" }',
  "[project.scripts]",
  'moonrise = "moonrise.cli:main"',
].join("\n");

describe("a README", () => {
  test("holds what package.json and the file tree say", async () => {
    const { files, outcome, workspace } = await ask("Add a README", {
      "package.json": PACKAGE,
      "pnpm-lock.yaml": "",
      "src/a.ts": "",
      "src/b/c.ts": "",
      "LICENSE.md": "",
    });
    expect(files["README.md"]).toBe(
      [
        "# tide-tables",
        "",
        "Prints \\<b\\>tides\\</b\\> for a port.",
        "",
        "## Requirements",
        "",
        "- Node.js \\>=20",
        "",
        "## Installation",
        "",
        "```sh",
        "pnpm install",
        "```",
        "",
        "## Commands",
        "",
        "| Command | Runs |",
        "| --- | --- |",
        "| `pnpm run test` | `vitest run \\| tee log` |",
        "| `pnpm run build` | `tsc` |",
        "",
        "## Layout",
        "",
        "- `src/`: 2 files",
        "- `LICENSE.md`",
        "- `package.json`",
        "- `pnpm-lock.yaml`",
        "",
        "## License",
        "",
        "ISC, see [LICENSE.md](LICENSE.md).",
        "",
      ].join("\n"),
    );
    expect(outcome).toEqual({
      status: "edited",
      title: "Add a README",
      summary: [
        "Added README.md, written from package.json and the file tree; it holds nothing that is not in the repository.",
      ],
    });
    expect(workspace.unfetched).toEqual([]);
  });

  test.each<[string, Files, readonly string[]]>([
    [
      "pyproject.toml",
      { "pyproject.toml": PYPROJECT },
      [
        "# moonrise",
        'Says "hello" to the moon',
        "- Python \\>=3.11",
        "pip install .",
        "| `moonrise` | `moonrise.cli:main` |",
        "BSD-3-Clause.",
      ],
    ],
    [
      "Cargo.toml",
      { "Cargo.toml": '[package]\nname = "crab"\ndescription = "Walks sideways"\nlicense = "MIT"\n' },
      ["# crab", "Walks sideways", "cargo build"],
    ],
    [
      "go.mod",
      { "go.mod": "module github.com/acme/rocket/v2\n\ngo 1.22\n" },
      ["# rocket", "- Go 1.22", "go build ./..."],
    ],
    [
      "setup.py",
      {
        "setup.py":
          "from setuptools import setup\nsetup(\n    name=\"snake\",\n    description='Hisses',\n    version=get(),\n)\n",
      },
      ["# snake", "Hisses"],
    ],
    [
      "setup.cfg",
      { "setup.cfg": "[metadata]\nname = adder\ndescription = Adds\nlong_description = file: README\n" },
      ["# adder", "Adds"],
    ],
    [
      "requirements.txt",
      { "requirements.txt": "flask\n" },
      ["pip install -r requirements.txt", "# About this repository"],
    ],
  ])("takes its facts from %s", async (_, files, lines) => {
    const readme = (await ask("create a README.md file for this project", files)).files["README.md"]?.split(
      "\n",
    );
    for (const line of lines) expect(readme).toContain(line);
  });

  test("says nothing where a manifest is broken", async () => {
    const { files } = await ask("Write a readme", { "package.json": "{", "pyproject.toml": "[[[" });
    expect(files["README.md"]).toBe(
      "# About this repository\n\n## Layout\n\n- `package.json`\n- `pyproject.toml`\n",
    );
  });

  test("is not written over one that is there", async () => {
    const { outcome, files } = await ask("Add a README", { "readme.rst": "x" });
    expect(outcome).toMatchObject({
      status: "no_changes",
      reason: "The repository has a README already (readme.rst); it was left as it is.",
    });
    expect(files).toEqual({ "readme.rst": "x" });
  });
});

describe("a .gitignore", () => {
  test("fits the languages that are there and spares tracked files", async () => {
    const { files, outcome } = await ask("Add a .gitignore", {
      "go.mod": "module a\n",
      "x.py": "",
      "build/a.txt": "",
    });
    const lines = files[".gitignore"]?.split("\n") ?? [];
    expect(lines).toEqual(
      expect.arrayContaining(["# Python", "__pycache__/", "# Go", "go.work", ".DS_Store"]),
    );
    expect(lines).not.toContain("build/");
    expect(lines).not.toContain("node_modules/");
    expect(new Set(lines.filter((line) => line !== "")).size).toBe(
      lines.filter((line) => line !== "").length,
    );
    expect(outcome).toMatchObject({
      summary: [
        "Added a .gitignore for Python and Go, as found in the repository, and for files of operating systems.",
        "Left out build/, because the repository tracks files of that name.",
      ],
    });
  });

  test.each([
    ["Add a .gitignore for Node and Rust", ["node_modules/", "target/"]],
    ["Create a python .gitignore", ["__pycache__/"]],
    ["add a .gitignore file", [".DS_Store"]],
  ])("%s", async (prompt, expected) => {
    const { files } = await ask(prompt, { "a.txt": "" });
    for (const line of expected) expect(files[".gitignore"]?.split("\n")).toContain(line);
  });

  test("is not written over one that is there", async () => {
    const { outcome } = await ask("Add a .gitignore", { ".gitignore": "x" });
    expect(outcome).toMatchObject({ status: "no_changes" });
  });
});

describe("a license", () => {
  test.each<[string, Files, string, string]>([
    [
      "Add an MIT license",
      { "package.json": PACKAGE },
      "MIT License\n\nCopyright (c) 2031 Ada Lovelace\n",
      "Add the MIT License",
    ],
    [
      "Add a license",
      { "a.txt": "" },
      "MIT License\n\nCopyright (c) 2031 The authors\n",
      "Add the MIT License",
    ],
    [
      "Add a LICENSE file",
      { "package.json": PACKAGE },
      "ISC License\n\nCopyright (c) 2031 Ada Lovelace\n",
      "Add the ISC License",
    ],
    [
      "add a LICENSE",
      { "pyproject.toml": PYPROJECT },
      "BSD 3-Clause License\n\nCopyright (c) 2031 Grace Hopper\n",
      "Add the BSD 3-Clause License",
    ],
    [
      "Add an Apache 2.0 license",
      { "go.mod": "module x/rocket\n" },
      "                                 Apache License\n",
      "Add the Apache License 2.0",
    ],
    [
      "add the Apache License, Version 2.0",
      {},
      "                                 Apache License\n",
      "Add the Apache License 2.0",
    ],
    [
      "Add a BSD 3-Clause license",
      { "go.mod": "module x/rocket\n" },
      "BSD 3-Clause License\n\nCopyright (c) 2031 The rocket authors\n",
      "Add the BSD 3-Clause License",
    ],
    ["License this project under ISC", {}, "ISC License\n", "Add the ISC License"],
    ["Add the Unlicense", {}, "This is free and unencumbered software", "Add the Unlicense"],
    [
      'Add an MIT license for "Jane Doe"',
      { "package.json": PACKAGE },
      "MIT License\n\nCopyright (c) 2031 Jane Doe\n",
      "Add the MIT License",
    ],
    ["Add a license file (MIT)", {}, "MIT License\n", "Add the MIT License"],
  ])("%s", async (prompt, before, beginning, title) => {
    const { files, outcome } = await ask(prompt, before);
    expect(files["LICENSE"]?.slice(0, beginning.length)).toBe(beginning);
    expect(outcome).toMatchObject({ status: "edited", title });
  });

  test.each<[string, Files, string]>([
    [
      "Add a license",
      { "LICENCE.txt": "x" },
      "The repository has a license already (LICENCE.txt); it was left as it is.",
    ],
    [
      "Add an MIT license",
      { COPYING: "x" },
      "The repository has a license already (COPYING); it was left as it is.",
    ],
    [
      "Add a license",
      { "package.json": '{"license":"GPL-3.0-only"}' },
      'The manifest names the license "GPL-3.0-only", which this agent has no text for; ask for one of MIT, Apache-2.0, BSD-3-Clause, ISC and Unlicense by name.',
    ],
    [
      "Add a GPL license",
      {},
      'There is no text here for the license "GPL"; known are MIT, Apache-2.0, BSD-3-Clause, ISC and Unlicense.',
    ],
  ])("%s is refused with %j", async (prompt, before, reason) => {
    const { files, outcome } = await ask(prompt, before);
    expect(outcome).toMatchObject({ status: "no_changes", reason });
    expect(files).toEqual(before);
  });

  test("takes the repository's name where no manifest has one", async () => {
    const workspace = createMemoryWorkspace({ "a.txt": "" });
    const run = agent.run(taskFor(workspace, "Add an MIT license", { repository: "acme/rocket" }));
    for (let step = await run.next(); step.done !== true; step = await run.next());
    expect(workspace.snapshot()["LICENSE"]).toContain("Copyright (c) 2031 The rocket authors\n");
  });
});

describe("manifests", () => {
  test("are read in time linear in their length", () => {
    for (const text of [
      'a = "'.repeat(50_000),
      `a = ${"[".repeat(100_000)}`,
      `${"[a".repeat(50_000)}]`,
      `a = "${"\\".repeat(100_000)}`,
    ]) {
      expect(readSettings(text).size).toBeLessThan(2);
    }
    expect(stringOf(`"${'\\"'.repeat(50_000)}"`)?.length).toBe(50_000);
  });
});
