/** What a model is told of its edits: how the lines are now, or why nothing was changed and what to do. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Workspace } from "../../../../src/workspace/workspace.ts";
import { type LocalForge, startForge } from "../../../support/forge/server.ts";
import { open, TOKENS } from "../../../support/open.ts";
import { answer, CALL_MS, call } from "../../../support/tool-calls.ts";

const NUMBERED = Array.from({ length: 20 }, (_, index) => `line ${index + 1}\n`).join("");

let forge: LocalForge;
let shared: Workspace;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  const repository = await forge.addRepository("octo/edits", {
    files: {
      "numbered.txt": NUMBERED,
      "src/code.ts": 'function main() {\n  const name = "World";\n  greet(name);\n}\n',
      "crlf.txt": "one\r\ntwo\r\nthree\r\n",
      "mixed.txt": "one\ntwo\r\nthree\n",
      "latin1.txt": Buffer.from("caf\xe9 \x93quoted\x94\n", "latin1"),
      "image.png": Buffer.from([0x89, 0x50, 0, 0]),
      empty: "",
      "long.txt": `${"a".repeat(5_000)}needle${"b".repeat(5_000)}\n`,
      ".github/workflows/ci.yml": "on: push\n",
      link: { mode: "120000", content: "numbered.txt" },
      run: { mode: "100755", content: "echo one\n" },
    },
  });
  ({ workspace: shared } = await open(repository));
});
afterAll(() => forge.close());

/** The repository as it was committed. */
const bench = async () => {
  shared.revert((await shared.changes()).map(({ path }) => path));
  return { workspace: shared };
};
const edit = async (path: string, old_text: string, new_text: string, replace_all?: boolean) => {
  const { workspace } = await bench();
  const told = await answer({ workspace }, "edit_file", {
    path,
    old_text,
    new_text,
    ...(replace_all === undefined ? {} : { replace_all }),
  });
  if (told.startsWith("error")) expect(await workspace.changes()).toEqual([]);
  return told;
};

describe("an edit", () => {
  test("shows the lines as they are now, with three around them", async () => {
    const { workspace } = await bench();
    const input = { path: "numbered.txt", old_text: "line 9\nline 10\n", new_text: "nine\n" };
    const { events, outcome } = await call({ workspace }, "edit_file", input);
    const text =
      'Replaced 1 occurrence in "numbered.txt".\nLines 6 to 12 now:\n' +
      "    6\tline 6\n    7\tline 7\n    8\tline 8\n    9\tnine\n   10\tline 11\n   11\tline 12\n   12\tline 13";
    const message = 'Replaced 1 occurrence in "numbered.txt".';
    expect(outcome).toEqual({ status: "ok", text, message, paths: ["numbered.txt"] });
    expect(events).toEqual([
      { type: "tool", name: "edit_file", message: 'Edit "numbered.txt"', input, status: "started" },
      {
        type: "tool",
        name: "edit_file",
        message,
        input,
        status: "ok",
        output: text,
        duration_ms: CALL_MS,
      },
    ]);
    expect(await workspace.readText("numbered.txt")).toBe(NUMBERED.replace("line 9\nline 10\n", "nine\n"));
  });

  test("of many occurrences shows three places and how many more there are", async () => {
    const { workspace } = await bench();
    await workspace.write("many.txt", `${"x\n\n\n\n\n\n\n\n\n".repeat(10)}`);
    const args = { path: "many.txt", old_text: "x", new_text: "yy", replace_all: true };
    const told = await answer({ workspace }, "edit_file", args);
    expect(told.split("\n").filter((line) => !/^ *\d+\t$/.test(line))).toEqual([
      'ok: Replaced 10 occurrences in "many.txt".',
      "Lines 1 to 4 now:",
      "    1\tyy",
      "Lines 7 to 13 now:",
      "   10\tyy",
      "Lines 16 to 22 now:",
      "   19\tyy",
      "(7 more not shown)",
    ]);
    expect(await workspace.readText("many.txt")).toBe("yy\n\n\n\n\n\n\n\n\n".repeat(10));
  });

  test("shows occurrences that are close together once", async () => {
    expect(await edit("numbered.txt", "line 1", "row 1", true)).toBe(
      'ok: Replaced 11 occurrences in "numbered.txt".\nLines 1 to 4 now:\n    1\trow 1\n    2\tline 2\n    3\tline 3\n    4\tline 4\n' +
        "Lines 7 to 13 now:\n    7\tline 7\n    8\tline 8\n    9\tline 9\n   10\trow 10\n   11\trow 11\n   12\trow 12\n   13\trow 13\n" +
        "Lines 11 to 17 now:\n   11\trow 11\n   12\trow 12\n   13\trow 13\n   14\trow 14\n   15\trow 15\n   16\trow 16\n   17\trow 17\n" +
        "(2 more not shown)",
    );
  });

  test("in a long line shows what is around it; of many lines the first and the last", async () => {
    const told = await edit("long.txt", "needle", "thread");
    expect(told).toMatch(/^ok: .*\nLine 1 now:\n {4}1\t…a{133}threadb{261}…$/);
    const lines = await edit("empty.txt".replace(".txt", ""), "x", "y");
    expect(lines).toBe('error: old_text is not in "empty". Nothing was changed. The file is empty.');
    const many = Array.from({ length: 100 }, (_, index) => `new ${index}`).join("\n");
    const shown = (await edit("numbered.txt", "line 2\n", `${many}\n`)).split("\n");
    expect(shown[1]).toBe("Lines 1 to 104 now:");
    expect(shown[21]).toBe("   20\tnew 18");
    expect(shown[22]).toBe("      (64 lines not shown)");
    expect(shown[23]).toBe("   85\tnew 83");
    expect(shown.at(-1)).toBe("  104\tline 5");
  });

  test("may leave a file empty, or take its end", async () => {
    expect(await edit("crlf.txt", "one\ntwo\nthree\n", "")).toBe(
      'ok: Replaced 1 occurrence in "crlf.txt". The file has CRLF line endings, so line breaks were taken as CRLF.\nThe file is empty now.',
    );
    expect(await edit("numbered.txt", "line 20\n", "")).toBe(
      'ok: Replaced 1 occurrence in "numbered.txt".\nLines 17 to 19 now:\n   17\tline 17\n   18\tline 18\n   19\tline 19',
    );
  });

  test("takes its texts literally", async () => {
    const { workspace } = await bench();
    const args = { path: "src/code.ts", old_text: "greet(name);", new_text: "$& $1 $$ \\n $`" };
    await call({ workspace }, "edit_file", args);
    expect(await workspace.readText("src/code.ts")).toContain("  $& $1 $$ \\n $`\n}");
  });

  test("keeps the executable bit and the other encoding of a file, and says so", async () => {
    const { workspace } = await bench();
    await call({ workspace }, "edit_file", { path: "run", old_text: "one", new_text: "two" });
    expect(await workspace.entry("run")).toEqual({ path: "run", kind: "executable" });
    const args = { path: "latin1.txt", old_text: "“quoted”", new_text: "€ \u0085" };
    expect(await answer({ workspace }, "edit_file", args)).toBe(
      'ok: Replaced 1 occurrence in "latin1.txt". The file stays in Windows-1252 (Latin-1).\nLine 1 now:\n    1\tcafé € …',
    );
    expect(await workspace.read("latin1.txt")).toEqual(
      new Uint8Array(Buffer.from("caf\xe9 \x80 \x85\n", "latin1")),
    );
  });

  test("of a protected file is made, and what becomes of it is told", async () => {
    const { workspace } = await bench();
    const options = { workspace, isProtected: (path: string) => path.startsWith(".github/workflows/") };
    const args = { path: ".github/workflows/ci.yml", old_text: "push", new_text: "[push]" };
    expect(await answer(options, "edit_file", args)).toBe(
      'ok: Replaced 1 occurrence in ".github/workflows/ci.yml".\nLine 1 now:\n    1\ton: [push]\n' +
        '".github/workflows/ci.yml" is protected, and the request gave no consent to change that: this change will be left out of the pull request and attached to it as a patch. Say so in your summary.',
    );
    expect(await workspace.readText(".github/workflows/ci.yml")).toBe("on: [push]\n");
  });
});

describe("an edit is refused, and nothing changes,", () => {
  test.each([
    ["without a text to replace", "numbered.txt", "", "x", "old_text is empty."],
    [
      "when both texts are the same",
      "numbered.txt",
      "x",
      "x",
      "old_text and new_text are the same, so nothing would change.",
    ],
    [
      "in a binary file",
      "image.png",
      "P",
      "Q",
      '"image.png" is a binary file of 4 bytes; edit_file changes text only.',
    ],
    ["in a link", "link", "line", "x", '"link" is a symbolic link, which is not followed.'],
    [
      "in a folder",
      "src",
      "x",
      "y",
      '"src" is a folder. list_files shows what is in it. To create a file use write_file.',
    ],
    [
      "in a file that is not there",
      "code.ts",
      "x",
      "y",
      'There is no file "code.ts"; paths are relative to the repository\'s root. Similar: "src/code.ts". To create a file use write_file.',
    ],
    [
      "for a character that the encoding lacks",
      "latin1.txt",
      "café",
      "cafe →",
      '"latin1.txt" is in Windows-1252 (Latin-1), which cannot hold "→" (U+2192) of new_text. Nothing was changed.',
    ],
    [
      "for half of a character",
      "numbered.txt",
      "line 7\n",
      "\ud83d",
      "new_text or old_text has half of a surrogate pair. Nothing was changed.",
    ],
  ])("%s", async (_, path, oldText, newText, told) => {
    expect(await edit(path, oldText, newText)).toContain(`error: ${told}`);
  });

  test("where the text occurs more than once, with the lines it is in", async () => {
    expect(await edit("numbered.txt", "line 1", "x")).toBe(
      'error: old_text is in "numbered.txt" 11 times, at lines 1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19. Take more lines around the one you mean, or set replace_all to true.',
    );
    expect(await edit("numbered.txt", "e", "x")).toContain(
      "20 times, at lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20. Take",
    );
    expect(await edit("numbered.txt", "i", "x")).toContain(" 20 times, ");
    expect(await edit("long.txt", "aa", "x")).toContain("4999 times, at lines 1, 1,");
    expect(await edit("long.txt", "aa", "x")).toContain(" and 4979 more.");
  });
});

describe("where a text is missing, the nearest is shown with the reason:", () => {
  const CODE = '    1\tfunction main() {\n    2\t  const name = "World";\n    3\t  greet(name);\n    4\t}';
  const missing = 'error: old_text is not in "src/code.ts". Nothing was changed.';
  const nearest = `The nearest is in lines 1 to 4; take the text from there as it is:\n${CODE}`;

  test.each([
    [
      "white space",
      "function main() {\n\tconst name",
      "The white space differs (indentation, blanks or line breaks).",
    ],
    ["case", "Const Name", "Upper and lower case differ."],
    ["quotes", "name = “World”", "Quotes or dashes differ (straight or typographic)."],
    [
      "line numbers",
      '    2\t  const name = "World";\n    3\t  greet(name);',
      "old_text has the line numbers that read_file shows; leave them and the tab behind them out.",
    ],
    [
      "escapes",
      '{\\n  const name = \\"World\\"',
      "old_text has a backslash and a letter where the file has a line break, a tab or a quote: it is escaped once too often.",
    ],
    [
      "line endings",
      "main() {\r\n  const",
      "The line endings differ: write \\r\\n for the lines that end in CRLF; read_file names them.",
    ],
  ])("%s", async (_, oldText, why) => {
    expect(await edit("src/code.ts", oldText, "x")).toBe(`${missing} ${why} ${nearest}`);
  });

  test("most lines are the same, or one looks like it", async () => {
    expect(await edit("src/code.ts", '  const name = "World";\n  welcome(name);\n', "x")).toBe(
      `${missing} ${nearest}`,
    );
    expect(await edit("numbered.txt", "line 14\nline 15b\nline 16", "x")).toContain(
      "The nearest is in lines 12 to 18; take the text from there as it is:\n   12\tline 12\n",
    );
    expect(await edit("src/code.ts", "  greet(nam);", "x")).toContain("The nearest is in lines 1 to 4;");
  });

  test("in the middle of a file, before its first line, and for blanks alone", async () => {
    const lines = (first: number, last: number) =>
      Array.from({ length: last - first + 1 }, (_, index) => {
        return `${String(first + index).padStart(5)}\tline ${first + index}`;
      }).join("\n");
    const told = (why: string, first: number, last: number) =>
      `error: old_text is not in "numbered.txt". Nothing was changed.${why} The nearest is in lines ${first} to ${last}; take the text from there as it is:\n${lines(first, last)}`;
    const blanks = " The white space differs (indentation, blanks or line breaks).";
    expect(await edit("numbered.txt", "line  14\n\nline 15", "x")).toBe(told(blanks, 12, 17));
    expect(await edit("numbered.txt", "none of\nthese lines\nline 1\nline 2\n", "x")).toBe(told("", 1, 4));
    expect(await edit("numbered.txt", "   ", "x")).toContain("Nothing in it is like it");
  });

  test("line endings, in a file that has both", async () => {
    expect(await edit("mixed.txt", "one\ntwo\nthree", "x")).toBe(
      'error: old_text is not in "mixed.txt". Nothing was changed. The line endings differ: write \\r\\n for the lines that end in CRLF; read_file names them. The nearest is in lines 1 to 3; take the text from there as it is:\n    1\tone\n    2\ttwo\n    3\tthree',
    );
    expect(await edit("mixed.txt", "one\ntwo\r\nthree", "x")).toContain("ok: ");
  });

  test("nothing is like it, or the edit was made before", async () => {
    expect(await edit("src/code.ts", "zzzzzzzz", "x")).toBe(
      `${missing} Nothing in it is like it: read the file, or search for a part of the text.`,
    );
    expect(await edit("src/code.ts", "zzzzzzzz", "  greet(name);\n")).toBe(
      `${missing} new_text is in it already, at line 3: perhaps this edit was made before. Nothing in it is like it: read the file, or search for a part of the text.`,
    );
  });
});
