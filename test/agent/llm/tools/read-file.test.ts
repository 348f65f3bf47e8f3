/** What a model sees of a file: numbered lines, what is unusual about it, and how to see the rest. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_WORKSPACE_LIMITS } from "../../../../src/workspace/limits.ts";
import type { Workspace } from "../../../../src/workspace/workspace.ts";
import { type LocalForge, startForge } from "../../../support/forge/server.ts";
import { makeOddRepository, ODD_ENTRIES } from "../../../support/odd-repository.ts";
import { open, TOKENS } from "../../../support/open.ts";
import { answer, call } from "../../../support/tool-calls.ts";

let forge: LocalForge;
let workspace: Workspace;
let odd: ReturnType<typeof makeOddRepository>;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  odd = makeOddRepository();
  ({ workspace } = await open(await forge.addRepository("octo/odd", { from: odd.dir })));
});
afterAll(async () => {
  odd.remove();
  await forge.close();
});

const read = (args: Record<string, unknown>) => answer({ workspace }, "read_file", args);
const write = (path: string, content: string) => workspace.write(path, content);
const line = (number: number, text: string) => `${String(number).padStart(5)}\t${text}\n`;

describe("read_file", () => {
  test("numbers the lines and names the file as read", async () => {
    const { outcome } = await call({ workspace }, "read_file", { path: "./README.md" });
    expect(outcome).toEqual({
      status: "ok",
      text: '"README.md": 3 lines.\n    1\t# Odd\n    2\t\n    3\tA repository of odd entries.',
      message: 'Read lines 1 to 3 of 3 in "README.md".',
      paths: ["README.md"],
    });
  });

  test.each([
    [
      "bin/crlf.bat",
      "3 lines. Its line endings are CRLF, which edit_file takes \\n for.\n    1\t@echo off\n    2\techo one\n    3\techo two",
    ],
    [
      "mixed-endings.txt",
      "3 lines. Its line endings are mixed: line 2 ends in CRLF. It has 1 carriage return without a line feed. It has no line break at its end.\n    1\tunix\n    2\twindows\n    3\told mac\rend",
    ],
    ["no-final-newline.txt", "2 lines. It has no line break at its end.\n    1\tone\n    2\ttwo"],
    [
      "latin1.txt",
      "2 lines. It is not UTF-8 and is read as Windows-1252 (Latin-1); edits are written so too.\n    1\tcafé £\n    2\tnaïve",
    ],
    [
      "utf16.txt",
      "1 line. Its encoding is UTF-16 (little-endian); edits are written so too. Its line endings are CRLF, which edit_file takes \\n for.\n    1\twide",
    ],
    [
      "utf8-bom.txt",
      "1 line. It begins with a byte order mark, which is not shown and stays.\n    1\twith a mark",
    ],
  ])("says what is unusual about %s", async (path, text) => {
    expect(await read({ path })).toBe(`ok: ${JSON.stringify(path)}: ${text}`);
  });

  test("names the lines in CRLF as long as they are few", async () => {
    await write("some.txt", "a\nb\r\nc\r\n");
    expect(await read({ path: "some.txt" })).toContain("mixed: lines 2, 3 end in CRLF.");
    await write("some.txt", `a\n${"b\r\n".repeat(30)}`);
    expect(await read({ path: "some.txt" })).toContain("mixed: 30 lines of 31 end in CRLF.");
  });

  test("shows the lines that are asked for", async () => {
    await write("ten.txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10");
    expect(await read({ path: "ten.txt", start_line: 4, end_line: 5 })).toBe(
      `ok: "ten.txt": lines 4 to 5 of 10. It has no line break at its end.\n${line(4, "4")}    5\t5`,
    );
    expect(await read({ path: "ten.txt", start_line: 10, end_line: 999 })).toBe(
      'ok: "ten.txt": lines 10 to 10 of 10. It has no line break at its end.\n   10\t10',
    );
    expect(await read({ path: "ten.txt", start_line: 11 })).toBe(
      'error: "ten.txt" has 10 lines; start_line 11 is behind its end.',
    );
    expect(await read({ path: "ten.txt", start_line: 5, end_line: 4 })).toBe(
      'error: end_line 4 is before start_line 5. "ten.txt" has 10 lines.',
    );
  });

  test("shows a long file in parts that together are the file", async () => {
    const lines = Array.from({ length: 5_321 }, (_, index) => `row ${index} ${"·".repeat(index % 50)}`);
    await write("long.txt", `${lines.join("\n")}\n`);
    const seen: string[] = [];
    for (let start = 1, parts = 0; start <= lines.length; parts++) {
      expect(parts).toBeLessThan(20);
      const told = await read({ path: "long.txt", start_line: start });
      expect(told.length).toBeLessThan(30_300);
      const [head = "", ...rest] = told.split("\n");
      const last = start + rest.length - 1;
      const on = last < lines.length ? ` Read on with start_line ${last + 1}.` : "";
      expect(head).toBe(`ok: "long.txt": lines ${start} to ${last} of 5321.${on}`);
      seen.push(...rest.map((text) => text.slice(text.indexOf("\t") + 1)));
      start = last + 1;
    }
    expect(seen).toEqual(lines);
  });

  test("cuts long lines, says how long they are, and shows more of one alone", async () => {
    const long = `a${"😀".repeat(20_000)}end`;
    await write("wide.txt", `a\n${long}\nb\n`);
    expect(await read({ path: "wide.txt" })).toBe(
      `ok: "wide.txt": 3 lines. Line 2 has 40,004 characters; the first 2,000 are shown. Read such a line alone to see more of it.\n${line(1, "a")}${line(2, `a${"😀".repeat(999)}`)}    3\tb`,
    );
    expect(await read({ path: "wide.txt", start_line: 2, end_line: 2 })).toBe(
      `ok: "wide.txt": lines 2 to 2 of 3. Line 2 has 40,004 characters; the first 25,000 are shown. search_files shows what is around a match in it.\n    2\ta${"😀".repeat(12_499)}`,
    );
  });

  test("says what is there in place of a text file", async () => {
    expect(await read({ path: "empty" })).toBe('ok: "empty" is an empty file.');
    expect(await read({ path: "image.png" })).toBe(
      'error: "image.png" is a binary file of 11 bytes; it cannot be shown as text.',
    );
    expect(await read({ path: "sub/module" })).toBe('error: "sub/module" is a submodule.');
    expect(await read({ path: "link-to-etc" })).toBe(
      'error: "link-to-etc" is a symbolic link, which is not followed.',
    );
    expect(await read({ path: "src/" })).toBe('error: "src/" is a folder. list_files shows what is in it.');
    expect(await read({ path: "." })).toBe('error: "." is a folder. list_files shows what is in it.');
  });

  test.each([
    ["README", 'Similar: "README.md".'],
    ["readme.md", 'Similar: "README.md".'],
    ["/src/app.py", 'Similar: "src/app.py", "src/app.js".'],
    ["lib/app.py", 'Similar: "src/app.py", "src/app.js".'],
    ["src\\app.js", 'Similar: "src/app.js", "src/app.py".'],
    ["src/ppa.js", 'Similar: "src/app.js", "src/app.py".'],
    ["no-final-newlines.txt", 'Similar: "no-final-newline.txt".'],
    ["src/qqq/zzz", 'Nothing has a similar name; list_files with path "src" shows what there is.'],
    ["qqq/zzz", "Nothing has a similar name; list_files shows what there is."],
    ["", '"" is a folder. list_files shows what is in it.'],
  ])("answers the missing path %j with what is like it", async (path, told) => {
    const there =
      path === ""
        ? ""
        : `There is no file ${JSON.stringify(path)}; paths are relative to the repository's root. `;
    expect(await read({ path })).toBe(`error: ${there}${told}`);
  });

  test("says which link or file is in the way", async () => {
    expect(await read({ path: "link-to-etc/passwd" })).toBe(
      'error: There is no file "link-to-etc/passwd": "link-to-etc" is a symbolic link, which is not followed.',
    );
    expect(await read({ path: "README.md/x" })).toBe(
      'error: There is no file "README.md/x": "README.md" is a file.',
    );
  });

  test("a file over the bound of the workspace is refused with the bound", async () => {
    const repository = await forge.addRepository("octo/large", {
      files: { "large.txt": "x\n".repeat(50_000) },
    });
    const limits = { ...DEFAULT_WORKSPACE_LIMITS, objectBytes: 10_000 };
    const opened = await open(repository, { limits });
    expect(await answer({ workspace: opened.workspace }, "read_file", { path: "large.txt" })).toBe(
      'error: "large.txt" is over the limit of 10000 bytes for one file.',
    );
  });
});

test("whatever a file is called, the path as it is listed reads it", async () => {
  const listed = (await answer({ workspace: await fresh() }, "list_files", {})).split("\n").slice(1);
  expect(listed).toHaveLength(ODD_ENTRIES.length);
  for (const name of listed) {
    expect(name.isWellFormed()).toBe(true);
    expect(name).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const shown = name.replace(/ \((?:symbolic link|submodule)\)$/, "");
    const path: string = shown.startsWith('"') ? JSON.parse(shown) : shown;
    const told = await read({ path });
    if (shown !== name)
      expect(told).toMatch(/^error: .* is a (?:symbolic link, which is not followed|submodule)\.$/);
    else if (path === "image.png") expect(told).toMatch(/^error: .* is a binary file/);
    else expect(told, name).toMatch(/^ok: /);
  }
});

async function fresh(): Promise<Workspace> {
  return (await open(await forge.addRepository("octo/odd-again", { from: odd.dir }))).workspace;
}
