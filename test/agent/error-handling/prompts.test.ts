/** Which functions in which files a prompt about error handling reaches. */
import { describe, expect, test } from "vitest";
import { createRuleAgent } from "../../../src/agent/rules/agent.ts";
import { createMemoryWorkspace } from "../../support/memory-workspace.ts";
import { runAgent } from "../../support/run-agent.ts";

const PYTHON = "def main():\n    return int('1')\n\n\ndef parse_config(path):\n    return open(path)\n";
const SCRIPT =
  "function main() {\n  return run();\n}\n\nclass Config {\n  load() {\n    return read();\n  }\n}\n";
const FILES = {
  "app.py": PYTHON,
  "src/a.js": SCRIPT,
  "src/b.ts": SCRIPT,
  "src/types.d.ts": "declare function f(): void;\n",
  "test/a.test.js": SCRIPT,
  "tests/test_app.py": PYTHON,
  "vendor/x.js": SCRIPT,
  "node_modules/x/index.js": SCRIPT,
  "dist/a.min.js": SCRIPT,
  "gen/api_pb2.py": PYTHON,
  "README.md": "def main(): run()\n",
};
const ALL = {
  "app.py": ["main", "parse_config"],
  "src/a.js": ["main", "Config.load"],
  "src/b.ts": ["main", "Config.load"],
};
const MAIN = { "app.py": ["main"], "src/a.js": ["main"], "src/b.ts": ["main"] };
const A = { "src/a.js": ["main", "Config.load"] };

/** The functions that log after the change, by file. */
async function reached(prompt: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const workspace = createMemoryWorkspace(FILES);
  await runAgent(createRuleAgent(), workspace, prompt);
  const changed = (await workspace.changes()).map((change) => change.path);
  return Object.fromEntries(
    changed.map((path) => [
      path,
      [...(workspace.snapshot()[path] ?? "").matchAll(/"([\w.]+) failed/g)].map((match) => match[1] ?? ""),
    ]),
  );
}

describe("a prompt about error handling", () => {
  test.each<[string, Readonly<Record<string, readonly string[]>>]>([
    ["Add error handling", ALL],
    ["Please add some basic error handling.", ALL],
    ["Could you add proper error handling to the whole project?", ALL],
    ["add exception handling everywhere", ALL],
    ["Add error handling to all functions", ALL],
    ["Implement robust error handling throughout the codebase", ALL],
    ["Handle errors in all files", ALL],
    ["Add error handling to the main function", MAIN],
    ["add error handling to main", MAIN],
    ["Add error handling to main()", MAIN],
    ["Add error handling to the `main` function", MAIN],
    ["Wrap the main function in try/catch", { "src/a.js": ["main"], "src/b.ts": ["main"] }],
    ["Add try/except blocks", { "app.py": ["main", "parse_config"] }],
    ["Add try/catch", { "src/a.js": ["main", "Config.load"], "src/b.ts": ["main", "Config.load"] }],
    ["add try/catch to src/a.js", A],
    ["Add a try-catch block to the file src/a.js", A],
    ["Wrap src/a.js in a try/catch block", A],
    ["Add error handling to all functions in src/a.js", A],
    ["Add error handling to the functions in src/a.js", A],
    ["Add error handling in all *.js files", A],
    [
      "Add error handling to the src folder",
      { "src/a.js": ["main", "Config.load"], "src/b.ts": ["main", "Config.load"] },
    ],
    ["Add error handling to all typescript files", { "src/b.ts": ["main", "Config.load"] }],
    ["add error handling to parse_config in app.py", { "app.py": ["parse_config"] }],
    ["Add error handling to the parse_config function in app.py", { "app.py": ["parse_config"] }],
    [
      "Add error handling to the functions main and parse_config in app.py",
      { "app.py": ["main", "parse_config"] },
    ],
    ["Add error handling to Config.load in src/a.js", { "src/a.js": ["Config.load"] }],
    ["Add error handling to the load method", { "src/a.js": ["Config.load"], "src/b.ts": ["Config.load"] }],
    ["Add error handling to tests/test_app.py", { "tests/test_app.py": ["main", "parse_config"] }],
    ["Add error handling to app.py and src/a.js", { "app.py": ["main", "parse_config"], ...A }],
  ])("%s", async (prompt, expected) => expect(await reached(prompt)).toEqual(expected));

  test("finds the work done when it is sent again", async () => {
    const workspace = createMemoryWorkspace({ "app.py": PYTHON });
    await runAgent(createRuleAgent(), workspace, "Add error handling");
    const once = workspace.snapshot();
    const { outcome } = await runAgent(createRuleAgent(), workspace, "Add error handling");
    expect(workspace.snapshot()).toEqual(once);
    expect(outcome).toMatchObject({
      reason: "Every function in the repository handles errors already or does nothing that can fail.",
    });
  });

  test("tells why a function that was asked for is left as it is", async () => {
    const workspace = createMemoryWorkspace({ "a.py": "def main():\n    yield int('1')\n" });
    const { outcome } = await runAgent(createRuleAgent(), workspace, "Add error handling to main");
    expect(outcome).toMatchObject({
      reason:
        "Nothing was changed in the repository. main in a.py is a generator, which error handling would change.",
    });
  });

  test("skips what nobody edits by hand, and code beside a module named logging", async () => {
    const workspace = createMemoryWorkspace({
      "a.py": `# Code generated by x. DO NOT EDIT.\n${PYTHON}`,
      "b.js": `${SCRIPT}const x = "${"y".repeat(3_000)}";\n`,
      "pkg/c.py": PYTHON,
      "pkg/logging.py": "LEVEL = 1\n",
      "big.py": `${PYTHON}# ${"x\n# ".repeat(100_000)}\n`,
    });
    const { events, outcome } = await runAgent(createRuleAgent(), workspace, "Add error handling");
    expect(await workspace.changes()).toEqual([]);
    expect(outcome.status).toBe("no_changes");
    expect(events.map((event) => event.message)).toEqual([
      "a.py was left alone: it says it is generated.",
      "b.js was left alone: it looks minified.",
      "big.py was left alone: it is over 300 kB.",
      "pkg/c.py was left alone: a module named logging in the repository hides Python's own.",
    ]);
  });

  test("does the first 200 of more files, main source first, and says so", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 205 }, (_, index) => [`docs/d${index}.py`, PYTHON]),
    );
    const workspace = createMemoryWorkspace({ ...files, "src/core.py": PYTHON });
    const { outcome } = await runAgent(createRuleAgent(), workspace, "Add error handling");
    const changed = await workspace.changes();
    expect(changed).toHaveLength(200);
    expect(changed.map((change) => change.path)).toContain("src/core.py");
    expect(outcome).toMatchObject({ title: "Add error handling to 400 functions in 200 files" });
    expect(outcome.status === "edited" && outcome.summary.at(-1)).toBe(
      "Only the first 200 of 206 files were looked at; name a folder to go on with the rest.",
    );
    expect(workspace.unfetched).toEqual([]);
    expect(workspace.prefetches).toBe(4);
  });

  test("searches for a named function instead of reading many files", async () => {
    const files = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`m${index}.py`, "x = 1\n"]));
    const workspace = createMemoryWorkspace({ ...files, "src/core.py": PYTHON });
    const { events } = await runAgent(createRuleAgent(), workspace, "Add error handling to parse_config");
    expect(events.map((event) => event.message)).toEqual([
      "Search for parse_config",
      "Search for parse_config",
      "Add error handling to src/core.py",
      "Add error handling to src/core.py",
    ]);
  });
});
