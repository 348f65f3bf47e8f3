/** How repositories test themselves, by what is in their root. */
import { describe, expect, test } from "vitest";
import { planChecks } from "../../src/run/verify/plan.ts";
import { readSettingsFile } from "../../src/run/verify/settings-file.ts";
import { createMemoryWorkspace } from "../support/memory-workspace.ts";

const pkg = (parts: object) => JSON.stringify({ name: "x", ...parts });
const scripts = { test: "vitest run" };
const PLACEHOLDER = 'echo "Error: no test specified" && exit 1';
const NOTHING_ASKED = { test_command: undefined, setup_command: undefined };

/** The command, why, and the setup where there is a network and where there is none. */
async function found(files: Readonly<Record<string, string>>): Promise<readonly unknown[]> {
  const plan = await planChecks(NOTHING_ASKED, createMemoryWorkspace(files));
  const setups = (["setup", "none"] as const).map((network) => plan.setupFor({ network }));
  return [plan.test?.command, plan.test?.because, ...setups];
}

const NODE = "package.json has a test script";
const NOTHING = [undefined, undefined, undefined, undefined];

describe("of a repository with", () => {
  test.each<[string, Record<string, string>, readonly unknown[]]>([
    ["a test script and no lock", { "package.json": pkg({ scripts }) }, ["npm test", NODE]],
    [
      "npm's lock",
      { "package.json": pkg({ scripts }), "package-lock.json": "{}" },
      ["npm test", NODE, "npm ci"],
    ],
    [
      "npm's other lock",
      { "package.json": pkg({ scripts }), "npm-shrinkwrap.json": "{}" },
      ["npm test", NODE, "npm ci"],
    ],
    [
      "pnpm's lock",
      { "package.json": pkg({ scripts }), "pnpm-lock.yaml": "" },
      ["pnpm test", NODE, "pnpm install --frozen-lockfile"],
    ],
    [
      "yarn's lock",
      { "package.json": pkg({ scripts }), "yarn.lock": "" },
      ["yarn test", NODE, "yarn install --frozen-lockfile"],
    ],
    [
      "a modern yarn's",
      { "package.json": pkg({ scripts }), "yarn.lock": "", ".yarnrc.yml": "" },
      ["yarn test", NODE, "yarn install --immutable"],
    ],
    [
      "a package manager that is named",
      {
        "package.json": pkg({ scripts, packageManager: "yarn@4.5.0+sha224.x" }),
        "yarn.lock": "",
        "package-lock.json": "{}",
      },
      ["yarn test", NODE, "yarn install --immutable"],
    ],
    [
      "one that is named without its lock",
      { "package.json": pkg({ scripts, packageManager: "pnpm@9.1.0" }), "package-lock.json": "{}" },
      ["pnpm test", NODE],
    ],
    [
      "one that is not known",
      { "package.json": pkg({ scripts, packageManager: "nub@1.0.0" }) },
      ["npm test", NODE],
    ],
    ["bun, named", { "package.json": pkg({ scripts, packageManager: "bun@1.0.0" }) }, ["bun run test", NODE]],
    [
      "bun's lock",
      { "package.json": pkg({ scripts }), "bun.lock": "" },
      ["bun run test", NODE, "bun install --frozen-lockfile"],
    ],
    [
      "bun's older lock",
      { "package.json": pkg({ scripts }), "bun.lockb": "" },
      ["bun run test", NODE, "bun install --frozen-lockfile"],
    ],
    ["a byte order mark", { "package.json": `\uFEFF${pkg({ scripts })}` }, ["npm test", NODE]],
    ["npm's placeholder", { "package.json": pkg({ scripts: { test: PLACEHOLDER } }) }, []],
    ["an empty script", { "package.json": pkg({ scripts: { test: " " } }) }, []],
    ["a script that is no text", { "package.json": pkg({ scripts: { test: 1 }, packageManager: 2 }) }, []],
    ["a manifest that is no JSON", { "package.json": "{" }, []],
    ["a manifest further down", { "app/package.json": pkg({ scripts }) }, []],
    ["pytest.ini", { "pytest.ini": "" }, ["python3 -m pytest", "there is a pytest.ini"]],
    [
      "pytest in pyproject.toml",
      { "pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['t']\n" },
      ["python3 -m pytest", "pyproject.toml sets up pytest"],
    ],
    ["a pyproject.toml without it", { "pyproject.toml": "[tool.black]\nline-length = 100\n" }, []],
    ["a pyproject.toml that is broken", { "pyproject.toml": "[tool.pytest" }, []],
    [
      "pytest in setup.cfg",
      { "setup.cfg": "[metadata]\n[tool:pytest]\n" },
      ["python3 -m pytest", "setup.cfg sets up pytest"],
    ],
    ["pytest in tox.ini", { "tox.ini": "[pytest]\n" }, ["python3 -m pytest", "tox.ini sets up pytest"]],
    ["a conftest.py", { "conftest.py": "" }, ["python3 -m pytest", "there is a conftest.py"]],
    ["pytest.toml", { "pytest.toml": "[pytest]\n" }, ["python3 -m pytest", "there is a pytest.toml"]],
    [
      "pytest among tox's commands",
      { "tox.ini": "[testenv]\ndeps = pytest\ncommands =\n    pytest {posargs}\n" },
      ["python3 -m pytest", "tox.ini names pytest"],
    ],
    ["a tox.ini that runs something else", { "tox.ini": "[testenv]\ncommands = stestr run\n" }, []],
    [
      "tests in its root",
      { "test_x.py": "", "x.py": "" },
      ["python3 -m pytest", "there are tests with pytest's names"],
    ],
    [
      "tests in its root, and a target of make",
      { "test_x.py": "", Makefile: "test:\n" },
      ["make test", "Makefile has the target test"],
    ],
    [
      "tests beside its sources",
      { "src/p/tests/test_a.py": "" },
      ["python3 -m pytest", "a folder of tests has pytest's names"],
    ],
    [
      "a folder of tests",
      { "tests/unit/test_a.py": "" },
      ["python3 -m pytest", "a folder of tests has pytest's names"],
    ],
    ["a folder of tests of another language", { "tests/a.js": "", "tests/helpers.py": "" }, []],
    ["go.mod", { "go.mod": "module x\n" }, ["go test ./...", "there is a go.mod"]],
    [
      "go.sum too",
      { "go.mod": "module x\n", "go.sum": "" },
      ["go test ./...", "there is a go.mod", "go mod download"],
    ],
    ["Cargo.toml", { "Cargo.toml": "" }, ["cargo test", "there is a Cargo.toml"]],
    [
      "Cargo.lock too",
      { "Cargo.toml": "", "Cargo.lock": "" },
      ["cargo test", "there is a Cargo.toml", "cargo fetch --locked"],
    ],
    [
      "a target test",
      { Makefile: ".PHONY: test\nall: x\ntest: all\n\ttrue\n" },
      ["make test", "Makefile has the target test"],
    ],
    [
      "a target among others",
      { makefile: "lint check :: x\n\ttrue\n" },
      ["make check", "makefile has the target check"],
    ],
    ["the makefile that make takes", { GNUmakefile: "all:\n", Makefile: "test:\n" }, []],
    [
      "no such target",
      { Makefile: "test := 1\ntest = 2\n#test:\n\ttest:\nlatest:\ntest-all:\ncheck:= 3\n" },
      [],
    ],
    [
      "several kinds",
      { "package.json": pkg({ scripts: { test: PLACEHOLDER } }), "go.mod": "", Makefile: "test:\n" },
      ["go test ./...", "there is a go.mod"],
    ],
    ["nothing", { "README.md": "# x\n" }, []],
  ])("%s", async (_what, files, expected) => {
    expect(await found(files)).toEqual(
      expected.length === 0 ? NOTHING : [expected[0], expected[1], expected[2], undefined],
    );
  });
});

test("only the base commit is asked", async () => {
  const workspace = createMemoryWorkspace({ "a.txt": "a", Makefile: "test:\n" });
  await workspace.write("package.json", pkg({ scripts }));
  await workspace.write("tests/test_x.py", "");
  await workspace.write("conftest.py", "");
  await workspace.delete("Makefile");
  expect((await planChecks(NOTHING_ASKED, workspace)).test?.command).toBe("make test");
});

test("a setup is detected with the test only, and asked for goes before", async () => {
  const files = { "package.json": pkg({ scripts }), "package-lock.json": "{}" };
  const plan = (request: object, more: object = {}) =>
    planChecks({ ...NOTHING_ASKED, ...request }, createMemoryWorkspace({ ...files, ...more }));
  const setup = async (...of: Parameters<typeof plan>) => (await plan(...of)).setupFor({ network: "always" });
  expect(await setup({})).toBe("npm ci");
  expect(await setup({ test_command: "ls" })).toBeUndefined();
  expect(await setup({ setup_command: "make deps" })).toBe("make deps");
  expect(await setup({}, { ".tiny-backspace.yml": "setup_command: ./deps" })).toBe("./deps");
  expect(await setup({ setup_command: "x" }, { ".tiny-backspace.yml": "setup_command: ./deps" })).toBe("x");
});

describe(".tiny-backspace.yml", () => {
  const read = (text: string) => readSettingsFile(new TextEncoder().encode(text));
  const wrong = (why: string) => `.tiny-backspace.yml was left alone: ${why}.`;

  const left = (about: string) => `.tiny-backspace.yml: ${about}; it was left alone.`;

  test.each<[string, object, ...string[]]>([
    ["", {}],
    ["# nothing yet\n", {}],
    ["test_command: npm test\n", { test_command: "npm test" }],
    ["setup_command: |\n  npm ci\n  npm run build\n", { setup_command: "npm ci\nnpm run build" }],
    ["{test_command: ' x '}", { test_command: "x" }],
    ["setup_command:\ntest_command: x\n", { test_command: "x" }],
    [
      "version: 1\ntest_command: x\n",
      { test_command: "x" },
      '.tiny-backspace.yml takes setup_command and test_command: "version" was left alone.',
    ],
    [
      "a: 1\nb: 2\nc: 3\n",
      {},
      '.tiny-backspace.yml takes setup_command and test_command: "a" and 2 more were left alone.',
    ],
    ["- x", {}, wrong("it is not a mapping")],
    [
      "setup_command: ''\ntest_command: [a]",
      {},
      left("setup_command is empty"),
      left("test_command must be a text"),
    ],
    ["setup_command: 1\ntest_command: x", { test_command: "x" }, left("setup_command must be a text")],
    ['test_command: "a\\0b"', {}, left("test_command has a NUL in it")],
    [`test_command: ${"x".repeat(10_001)}`, {}, left("test_command is longer than 10000 characters")],
    ["a: b: c", {}, wrong("it is not YAML")],
    ["x: &a [1]\ny: *a", {}, wrong("it is not YAML")],
    ["test_command: !!js/function x", { test_command: "x" }],
    [`# ${"x".repeat(65_536)}`, {}, wrong("it has more than 65536 bytes")],
  ])("with %j", (text, settings, ...problems) => {
    expect(read(text)).toEqual({ settings, problems });
  });

  test("that is no text", () => {
    expect(readSettingsFile(Uint8Array.of(0xff, 0xfe))).toEqual({
      settings: {},
      problems: [wrong("it is not YAML")],
    });
  });
});
