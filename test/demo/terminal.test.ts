/** The demo at a pseudo terminal: what is on the screen at the end, and that the terminal is left as it was. */
import { describe, expect, it } from "vitest";
import { emulate } from "./emulator.ts";
import { HELLO, helloDiff, remains, runDemo, startDemo, steady } from "./run-demo.ts";

describe("the demo at a terminal", () => {
  const terminal = { columns: 120, rows: 30 };
  const lastScreen = [
    "Tiny Backspace",
    "repository    the example repository (16 files)",
    `prompt        ${HELLO}`,
    "",
    "✔ local forge with demo/bookshelf",
    "✔ Worker in workerd",
    "",
    "✔ preflight     demo/bookshelf is there; the base branch is main.",
    "✔ clone         Fetched 16 paths at COMMIT in BYTES.",
    "✔ analyse       16 files; Python, JavaScript, TypeScript.",
    "✔ edit          Create docs/hello.md",
    "    1 tool call",
    "    + docs/hello.md  +1",
    "– verify        Not verified. No command was run on the change: the request asked for no sandbox.",
    "✔ commit        Commit COMMIT: Create docs/hello.md",
    "✔ push          Pushed …",
    "✔ pull request  Pull request #1 opened: http://HOST/demo/bookshelf/pull/1",
    "",
    "✔ Done: 1 file changed, pull request at http://HOST/demo/bookshelf/pull/1.",
    "",
    ...helloDiff,
    "",
    "pull request  http://HOST/demo/bookshelf/pull/1",
    "The forge and the Worker have ended; nothing is left behind.",
    "Add --keep to open the pull request in a browser.",
  ];
  const steadyScreen = (lines: readonly string[]) =>
    steady(
      lines
        .join("\n")
        .replace(/(Pushed ).*/, "$1…")
        .replace(/1\. \([\d.]+ m?s\)$/m, "1."),
    );

  it("draws in place, in colour, and gives the cursor back", async () => {
    const { code, stdout } = await runDemo([HELLO], { terminal });
    const { lines, cursorVisible, styles } = emulate(stdout);
    expect(steadyScreen(lines)).toEqual(lastScreen);
    expect({ code, cursorVisible, styles }).toEqual({
      code: 0,
      cursorVisible: true,
      styles: ["0", "1", "2", "32", "33", "36"],
    });
  });

  it("uses no colours when NO_COLOR says so", async () => {
    const { stdout } = await runDemo([HELLO], { terminal, env: { NO_COLOR: "1" } });
    const { lines, styles } = emulate(stdout);
    expect(steadyScreen(lines)).toEqual(lastScreen);
    expect(styles).toEqual([]);
  });

  it("writes plain lines to a terminal that cannot do more", async () => {
    const { stdout } = await runDemo(["Make it nice"], { terminal, env: { TERM: "dumb" } });
    expect(stdout).not.toContain("\x1b");
    expect(steady(stdout.replaceAll("\r\n", "\n"))).toContain(
      'done no_changes: No rule understands "Make it nice".',
    );
  });

  it("gives the cursor back and ends everything on Ctrl-C", async () => {
    await using demo = await startDemo([HELLO], { terminal });
    await demo.says("Worker in workerd");
    demo.child.stdin?.write("\x03");
    const { code, stdout } = await demo.ended();
    const { lines, cursorVisible } = emulate(stdout);
    expect(lines.at(-1)).toBe("Stopped; nothing is left running.");
    expect({ code, cursorVisible }).toEqual({ code: 130, cursorVisible: true });
    expect(await remains(demo)).toEqual({ processes: [], files: [] });
  });
});
