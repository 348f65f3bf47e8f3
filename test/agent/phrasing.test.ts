/** The many ways people word the same request, and what each must do to a small repository. */
import { describe, expect, test } from "vitest";
import { createRuleAgent } from "../../src/agent/rules/agent.ts";
import { createMemoryWorkspace } from "../support/memory-workspace.ts";
import { runAgent } from "../support/run-agent.ts";

const FENCE = "```";
const FILES: Readonly<Record<string, string>> = {
  "old.txt": "old\n",
  "notes/a.md": "foo and foo\n",
  "notes/b.md": "Foo\n",
  "src/a.ts": 'const foo = "foo";\n',
  "src/b.ts": "export const fooBar = 1;\n",
  "src/legacy/x.js": "1;\n",
  "src/legacy/y.js": "2;\n",
  "with space.txt": "space\n",
  Makefile: "all:\n",
};

/** What changed: paths with their new text, or null for those that are gone. */
async function changesOf(prompt: string): Promise<Readonly<Record<string, string | null>>> {
  const workspace = createMemoryWorkspace(FILES);
  const { outcome } = await runAgent(
    createRuleAgent({ now: () => new Date("2026-01-02") }),
    workspace,
    prompt,
  );
  const after = workspace.snapshot();
  const changed: Record<string, string | null> = {};
  for (const [path, text] of Object.entries(after)) if (FILES[path] !== text) changed[path] = text;
  for (const path of Object.keys(FILES)) if (after[path] === undefined) changed[path] = null;
  expect(outcome.status, JSON.stringify(outcome)).toBe(
    Object.keys(changed).length > 0 ? "edited" : "no_changes",
  );
  return changed;
}

const hello = { "docs/hello.md": "Hello\n" };
const notes = { "notes.txt": "buy milk\n" };
const script = { "tool.py": 'def f():\n    return "x"\n' };

const creating: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['Create a file docs/hello.md with the content "Hello"', hello],
  ["create a file docs/hello.md with the content 'Hello'", hello],
  ["Create a file docs/hello.md with the content “Hello”", hello],
  ["Create a file docs/hello.md with the content ‘Hello’", hello],
  ["Create a file docs/hello.md with the content «Hello»", hello],
  ["Create a file docs/hello.md with the content `Hello`", hello],
  ['Please create a new file called "docs/hello.md" with the content "Hello".', hello],
  ["Could you create a file named `docs/hello.md` that contains `Hello`?", hello],
  ['Add a file docs/hello.md containing "Hello"', hello],
  ['add file docs/hello.md with content: "Hello"', hello],
  ['add docs/hello.md with "Hello"', hello],
  ['Make a markdown file at docs/hello.md with the text "Hello"', hello],
  ['Write "Hello" to docs/hello.md', hello],
  ['Put "Hello" into the file docs/hello.md', hello],
  ['Create a file hello.md in the folder docs with the content "Hello"', hello],
  ['Create hello.md in docs/ with the content "Hello"', hello],
  ['Create a file with the content "Hello" at docs/hello.md', hello],
  ["Create a file docs/hello.md\nwith the content “Hello”", hello],
  ['Create a file ./docs/hello.md with the content "Hello" in the repository', hello],
  ["Create a file docs/hello.md with the content Hello", hello],
  ["Create a file docs/hello.md with the content: Hello", hello],
  ['1. Create a file docs/hello.md. It should contain "Hello".', hello],
  ['I would like you to create a file docs/hello.md which contains the line "Hello"', hello],
  ["Create notes.txt containing: buy milk", notes],
  ["Create notes.txt containing:\nbuy milk\n", notes],
  ['Create notes.txt with the following content:\n"buy milk"', notes],
  ["Create notes.txt with the content buy milk", notes],
  [`add file tool.py with:\n${FENCE}python\ndef f():\n    return "x"\n${FENCE}`, script],
  [`Create tool.py with this code:\n\n${FENCE}\ndef f():\n    return "x"\n${FENCE}\n`, script],
  [`Create tool.py\n${FENCE}py\ndef f():\n    return "x"\n${FENCE}`, script],
  [`- Create the file tool.py with\n  ~~~py\n  def f():\n      return "x"\n  ~~~`, script],
  ['Create "my notes.txt" with "a b"', { "my notes.txt": "a b\n" }],
  ["Create a file 'my notes.txt' with the content 'it's here'", { "my notes.txt": "it's here\n" }],
  ['Create say.txt with "say \\"hi\\" now"', { "say.txt": 'say "hi" now\n' }],
  ['Create a.txt with exactly "no newline"', { "a.txt": "no newline" }],
  ["Create an empty file src/empty.ts", { "src/empty.ts": "" }],
  ["Add pkg/__init__.py", { "pkg/__init__.py": "" }],
  ['Overwrite old.txt with "new"', { "old.txt": "new\n" }],
  ['Replace the file old.txt with "new"', { "old.txt": "new\n" }],
  ['Replace the contents of old.txt with "new"', { "old.txt": "new\n" }],
  ['Create old.txt with "new", overwriting the existing file', { "old.txt": "new\n" }],
  ['Create a file old.txt with the content "new" and overwrite it if it exists', { "old.txt": "new\n" }],
  ["Create poem.txt containing:\nroses; violets\nthen more", { "poem.txt": "roses; violets\nthen more\n" }],
];

const bar = { "src/a.ts": 'const bar = "bar";\n' };
const barEverywhere = {
  "notes/a.md": "bar and bar\n",
  "src/a.ts": 'const bar = "bar";\n',
  "src/b.ts": "export const barBar = 1;\n",
};
const barNotes = { "notes/a.md": "bar and bar\n" };
const barSrc = { "src/a.ts": 'const bar = "bar";\n', "src/b.ts": "export const barBar = 1;\n" };

const replacing: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['Replace "foo" with "bar" in src/a.ts', bar],
  ["replace 'foo' by 'bar' in `src/a.ts`", bar],
  ['Replace all occurrences of "foo" with "bar" in the file src/a.ts.', bar],
  ['In src/a.ts, replace "foo" with "bar"', bar],
  ["change `foo` to `bar` in src/a.ts please", bar],
  ["Please replace the word foo with bar in src/a.ts", bar],
  ["rename foo to bar in src/a.ts", bar],
  ['Replace "foo" -> "bar" in src/a.ts', bar],
  ['In src/a.ts change "foo" into "bar"', bar],
  ["replace 'foo' by 'bar' everywhere", barEverywhere],
  ['Replace "foo" with "bar"', barEverywhere],
  ['rename "foo" to "bar" in all files', barEverywhere],
  ['Replace "foo" with "bar" throughout the whole codebase', barEverywhere],
  ['Replace every "foo" in the repository with "bar"', barEverywhere],
  ['rename "foo" to "bar" in *.md', barNotes],
  ['rename "foo" to "bar" in all *.md files', barNotes],
  ['Replace "foo" with "bar" in all markdown files', barNotes],
  ['Replace "foo" with "bar" in all .md files in notes/', barNotes],
  ['rename "foo" to "bar" in folder src/', barSrc],
  ['rename "foo" to "bar" in the src folder', barSrc],
  ['Replace "foo" with "bar" in src/a.ts and src/b.ts', barSrc],
  ['Replace "foo" with "bar" in src/a.ts, src/b.ts', barSrc],
  ['Replace "foo" with "bar" as whole words in folder src', bar],
  ["rename the variable foo to bar in src/", bar],
  ['Remove " and foo" from notes/a.md', { "notes/a.md": "foo\n" }],
  ["replace fooBar with baz in all files", { "src/b.ts": "export const baz = 1;\n" }],
];

const paths: readonly (readonly [string, Readonly<Record<string, string | null>>])[] = [
  ["Delete old.txt", { "old.txt": null }],
  ["remove the file old.txt from the repository", { "old.txt": null }],
  ["rm old.txt", { "old.txt": null }],
  ['Delete the file "with space.txt"', { "with space.txt": null }],
  ["Delete old.txt and Makefile", { "old.txt": null, Makefile: null }],
  ["Delete the folder src/legacy", { "src/legacy/x.js": null, "src/legacy/y.js": null }],
  [
    "remove the src/legacy directory and everything in it",
    { "src/legacy/x.js": null, "src/legacy/y.js": null },
  ],
  ["Rename old.txt to new.txt", { "old.txt": null, "new.txt": "old\n" }],
  ["rename the file old.txt to 'new name.txt'", { "old.txt": null, "new name.txt": "old\n" }],
  ["move old.txt to archive/old.txt", { "old.txt": null, "archive/old.txt": "old\n" }],
  ["move old.txt into src", { "old.txt": null, "src/old.txt": "old\n" }],
  ["move old.txt to the folder archive", { "old.txt": null, "archive/old.txt": "old\n" }],
  ["Move old.txt to archive/", { "old.txt": null, "archive/old.txt": "old\n" }],
  ["Rename notes/b.md to c.md", { "notes/b.md": null, "notes/c.md": "Foo\n" }],
  [
    "Rename the folder src/legacy to src/new",
    { "src/legacy/x.js": null, "src/legacy/y.js": null, "src/new/x.js": "1;\n", "src/new/y.js": "2;\n" },
  ],
  ["rename Makefile to GNUmakefile", { Makefile: null, GNUmakefile: "all:\n" }],
];

const several: readonly (readonly [string, Readonly<Record<string, string | null>>])[] = [
  ["Delete old.txt; delete Makefile", { "old.txt": null, Makefile: null }],
  ["Delete old.txt, then delete Makefile.", { "old.txt": null, Makefile: null }],
  ["Delete old.txt and rename Makefile to x.mk", { "old.txt": null, Makefile: null, "x.mk": "all:\n" }],
  ["- Delete old.txt\n- Remove the file Makefile", { "old.txt": null, Makefile: null }],
  ["Please do the following:\n1. Delete old.txt\n2. Delete Makefile", { "old.txt": null, Makefile: null }],
  [
    'Rename old.txt to new.txt. Then replace "old" with "new" in new.txt.',
    { "old.txt": null, "new.txt": "new\n" },
  ],
];

describe("prompts that create files", () => {
  test.each(creating)("%s", async (prompt, expected) => expect(await changesOf(prompt)).toEqual(expected));
});

describe("prompts that replace text", () => {
  test.each(replacing)("%s", async (prompt, expected) => expect(await changesOf(prompt)).toEqual(expected));
});

describe("prompts that delete and move", () => {
  test.each(paths)("%s", async (prompt, expected) => expect(await changesOf(prompt)).toEqual(expected));
});

describe("prompts that join several instructions", () => {
  test.each(several)("%s", async (prompt, expected) => expect(await changesOf(prompt)).toEqual(expected));
});
