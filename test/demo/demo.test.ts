/** The demo as a user runs it: real forge, real Worker in workerd, its output in a pipe. */
import { describe, expect, it } from "vitest";
import { createGitClient } from "../support/git-client.ts";
import { startModelServer } from "../support/models/server.ts";
import { HELLO, helloDiff, remains, runDemo, startDemo, steady } from "./run-demo.ts";

describe("the demo in a pipe", () => {
  it("writes a line for each event, the diff and the pull request, and leaves nothing behind", async () => {
    const { code, stdout, stderr } = await runDemo([HELLO]);
    expect(steady(stdout)).toEqual([
      "Tiny Backspace",
      "repository: the example repository (16 files)",
      `prompt: ${HELLO}`,
      "starting: local forge with demo/bookshelf",
      "starting: Worker in workerd",
      "info Working on demo/bookshelf with the rule_based agent.",
      "progress preflight: Checking access to demo/bookshelf.",
      "success preflight: demo/bookshelf is there; the base branch is main.",
      "progress clone: Fetching main without file contents.",
      "success clone: Fetched 16 paths at COMMIT in BYTES.",
      "progress analyse: Looking at what is in the repository.",
      "success analyse: 16 files; Python, JavaScript, TypeScript.",
      "progress edit: The rule_based agent starts.",
      "tool write_file started: Write docs/hello.md",
      "tool write_file ok: Write docs/hello.md: Wrote BYTES.",
      "change added docs/hello.md (+1 -0)",
      "success edit: Create docs/hello.md",
      "warning not_verified: Not verified. No command was run on the change: the request asked for no sandbox.",
      "progress commit: Writing the commit.",
      "success commit: Commit COMMIT: Create docs/hello.md",
      "progress push: Pushing a new branch.",
      "success push: Pushed http://HOST/demo/bookshelf/tree/tiny-backspace/create-a-file-docs-hello-md-with-the-con-ID.",
      "progress pull_request: Opening the pull request.",
      "success pull_request: Pull request #1 opened: http://HOST/demo/bookshelf/pull/1",
      "done succeeded: Done: 1 file changed, pull request at http://HOST/demo/bookshelf/pull/1.",
      "",
      ...helloDiff,
      "",
      "pull request: http://HOST/demo/bookshelf/pull/1",
      "The forge and the Worker have ended; nothing is left behind.",
      "Add --keep to open the pull request in a browser.",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("lets a model do the work, with the environment's key", async () => {
    await using models = await startModelServer({
      turns: [
        {
          text: "I write it.",
          calls: [{ name: "write_file", arguments: { path: "hello.md", content: "Hi\n" } }],
        },
        { calls: [{ name: "finish", arguments: { title: "Say hi", summary: "hello.md says hi." } }] },
      ],
    });
    const env = { OPENAI_API_KEY: "demo-key-0123456789", OPENAI_BASE_URL: models.openaiUrl };
    const { code, stdout, stderr } = await runDemo(["--llm", "Say hi"], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("with the openai agent");
    expect(stdout).toContain("+Hi\n");
    expect(models.requests).toHaveLength(2);
  });

  it("wants a key for a model before it starts anything", async () => {
    const { code, stdout, stderr } = await runDemo(["--llm"]);
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr: "demo: --llm needs OPENAI_API_KEY or ANTHROPIC_API_KEY in the environment\n",
    });
  });

  it("adds error handling to the example repository when no prompt is given", async () => {
    const { code, stdout, stderr } = await runDemo([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const changes = stdout.matchAll(/ change modified (\S+) /g);
    expect(Array.from(changes, ([, path]) => path)).toEqual([
      "shelf/catalogue.py",
      "shelf/covers.py",
      "shelf/lending.py",
      "shelf/main.py",
      "web/catalogue.js",
      "web/reminders.ts",
      "web/server.js",
    ]);
    expect(stdout).toContain(`
     """Read the catalogue."""
-    with open(path, encoding="utf-8") as file:
-        return json.load(file)
+    try:
+        with open(path, encoding="utf-8") as file:
+            return json.load(file)
+    except Exception:
`);
    expect(stdout).toContain(`
-  const response = await fetch(\`\${service}/loans\`);
-  return (await response.json()) as Loan[];
+  try {
+    const response = await fetch(\`\${service}/loans\`);
+    return (await response.json()) as Loan[];
+  } catch (error) {
`);
    expect(steady(stdout)).toContain("pull request: http://HOST/demo/bookshelf/pull/1");
  });

  it("says which prompts are understood when one is not, and that is no failure", async () => {
    const { code, stdout, stderr } = await runDemo(["Make it nice"]);
    const lines = steady(stdout);
    expect(lines).toContain('done no_changes: No rule understands "Make it nice".');
    const listed = lines.slice(lines.indexOf("Prompts that are understood:") + 1);
    expect(listed[0]).toBe("  Add error handling");
    expect(listed).toContain(`  ${HELLO}`);
    expect(stdout).not.toMatch(/pull request:|diff --git/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("shows the service's words for a prompt it refuses", async () => {
    const { code, stderr } = await runDemo(["x".repeat(20_001)]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "demo: The service refused the request: prompt is longer than 20000 characters; shorten it.\n",
    });
  });

  it("shows what to type for an option there is not, before it starts anything", async () => {
    expect(await runDemo(["--kepe"])).toEqual({
      code: 2,
      stdout: "",
      stderr: "demo: there is no option --kepe; npm run demo -- --help lists what there is.\n",
    });
  });

  it("shows help", async () => {
    const { code, stdout, stderr } = await runDemo(["--help"]);
    expect(stdout).toMatch(/^Usage: npm run demo -- \[options\] \["prompt"\]\n/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("the demo on a repository of one's own", () => {
  it.each(["a work tree", "a bare repository"])(
    "works on a clone of %s and leaves it as it was",
    async (kind) => {
      await using client = await createGitClient();
      const dir = `${client.dir}/My Project`;
      const { git } = client;
      await git("init", "--quiet", "--initial-branch=trunk", dir);
      await git("-C", dir, "commit", "--quiet", "--allow-empty", "--message=Start");
      await git("-C", dir, "branch", "other");
      if (kind === "a bare repository") await git("clone", "--quiet", "--bare", dir, `${dir}.git`);
      const path = kind === "a bare repository" ? `${dir}.git` : dir;
      const snapshot = async () => ({
        head: await git("-C", path, "symbolic-ref", "HEAD"),
        refs: await git("-C", path, "for-each-ref"),
        objects: await git("-C", path, "count-objects", "-v"),
        status: path === dir ? await git("-C", path, "status", "--porcelain") : "",
      });
      const before = await snapshot();

      const { code, stdout, stderr } = await runDemo(["--repo", path, HELLO]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const lines = steady(stdout);
      expect(lines[1]).toMatch(/^repository: a clone of .*My Project(\.git)?, branch trunk at [0-9a-f]{7}$/);
      expect(lines).toContain("success preflight: demo/My-Project is there; the base branch is trunk.");
      expect(lines).toContain("pull request: http://HOST/demo/My-Project/pull/1");
      expect(stdout).toContain(helloDiff.join("\n"));
      expect(await snapshot()).toEqual(before);
    },
  );

  it("refuses a path that nothing can be cloned from, and says why", async () => {
    await using client = await createGitClient();
    const { dir, git } = client;
    await git("init", "--quiet", "empty");
    await git("init", "--quiet", "detached");
    await git("-C", "detached", "commit", "--quiet", "--allow-empty", "--message=Start");
    await git("-C", "detached", "checkout", "--quiet", "--detach");
    const refusal = async (path: string) => {
      const { code, stdout, stderr } = await runDemo(["--repo", path]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      return stderr.replaceAll(dir, "DIR");
    };
    const start = (path: string) => `demo: --repo "DIR${path}": `;
    expect(await refusal(`${dir}/none`)).toBe(`${start("/none")}there is nothing at this path.\n`);
    expect(await refusal(`${dir}/gitconfig`)).toBe(
      `${start("/gitconfig")}this is a file, not a git repository.\n`,
    );
    expect(await refusal(dir)).toBe(`${start("")}this is not a git repository.\n`);
    expect(await refusal(`${dir}/empty`)).toBe(`${start("/empty")}its current branch has no commits yet.\n`);
    expect(await refusal(`${dir}/detached`)).toBe(
      `${start("/detached")}no branch is checked out (HEAD is detached); check one out.\n`,
    );
    await git("-C", "detached", "switch", "--quiet", "--create", "other");
    expect(await refusal(`${dir}/detached/.git/refs`)).toBe(
      `${start("/detached/.git/refs")}this is a folder inside the git repository "DIR/detached/.git"; give that path.\n`,
    );
  });
});

describe("stopping the demo", () => {
  it("keeps forge and Worker up with --keep until Ctrl-C, then ends both", async () => {
    await using demo = await startDemo(["--keep", HELLO]);
    await demo.says("Running until Ctrl-C.");
    const url = /^pull request: (.+)$/m.exec(demo.written.stdout)?.[1] ?? "";
    expect(await (await fetch(url)).text()).toContain("<title>Create docs/hello.md · Pull request #1");
    const running = (await demo.processes()).map((command) => /demo\.ts|workerd/.exec(command)?.[0]);
    expect(new Set(running)).toEqual(new Set(["demo.ts", "workerd"]));
    expect(running).toHaveLength(2);
    demo.child.kill("SIGINT");
    expect(await demo.ended()).toMatchObject({ code: 0, stderr: "" });
    expect(await remains(demo)).toEqual({ processes: [], files: [] });
  });

  it.each([
    ["the forge starts", "starting: local forge", "SIGINT", 130],
    ["workerd starts", "starting: Worker in workerd", "SIGINT", 130],
    ["workerd starts", "starting: Worker in workerd", "SIGTERM", 143],
    ["workerd starts", "starting: Worker in workerd", "SIGHUP", 129],
  ] as const)("ends everything when %s (%s, %s)", async (_when, text, signal, code) => {
    await using demo = await startDemo([HELLO]);
    await demo.says(text);
    demo.child.kill(signal);
    const result = await demo.ended();
    expect(result.stdout).toMatch(/\nStopped; nothing is left running\.\n$/);
    expect(result).toMatchObject({ code, stderr: "" });
    expect(await remains(demo)).toEqual({ processes: [], files: [] });
  });

  it("ends everything when nobody reads its output any more", async () => {
    await using demo = await startDemo([HELLO]);
    await demo.says("starting: Worker");
    demo.child.stdout?.destroy();
    expect(await demo.ended()).toMatchObject({ code: 141, stderr: "" });
    expect(await remains(demo)).toEqual({ processes: [], files: [] });
  });
});
