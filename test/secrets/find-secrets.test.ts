/** Only what the edits add counts, wherever it stands and however it got there. */
import { expect, test } from "vitest";
import { findSecrets } from "../../src/secrets/find-secrets.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { FAKE_SECRETS, fakeToken } from "../support/fake-secrets.ts";
import { createMemoryWorkspace } from "../support/memory-workspace.ts";
import { randomNumbers, randomText } from "../support/random.ts";

const OLD = fakeToken();
const NEW = fakeToken();
const PEM = FAKE_SECRETS.find(({ kind }) => kind === "private key")?.value ?? "";
const KIND = "GitHub Token";

const FILES = {
  "config.js": `// config\nconst key = "${OLD}";\nexport default key;\n`,
  "other.js": "const other = 1;\n",
  "key.pem": `${PEM}\n`,
  "logo.png": new Uint8Array([0, 1, 2]),
};

const random = randomNumbers(3);

function bytes(before: readonly number[], text: string): Uint8Array {
  return new Uint8Array([...before, ...new TextEncoder().encode(text)]);
}

/** Little-endian, as Windows writes it. */
function utf16(text: string): Uint8Array {
  return new Uint8Array(Uint16Array.from(text, (unit) => unit.charCodeAt(0)).buffer);
}

function utf32(text: string): Uint8Array {
  return new Uint8Array(Uint32Array.from(text, (unit) => unit.charCodeAt(0)).buffer);
}

/** Big-endian, for units of two bytes (`last` 1) or four (3). */
function swapped(units: Uint8Array, last: 1 | 3 = 1): Uint8Array {
  return units.map((_byte, at) => units[at ^ last] ?? 0);
}

type Edit = (workspace: Workspace) => Promise<void>;

test.each<[string, Edit, object[]]>([
  [
    "a secret in a new file",
    (it) => it.write("new.js", `a\n\nconst k = "${NEW}";\n`),
    [{ path: "new.js", line: 3, kind: KIND }],
  ],
  [
    "a secret in a new line of a file that has one",
    (it) => it.write("config.js", `${FILES["config.js"]}// ${NEW}\n`),
    [{ path: "config.js", line: 4, kind: KIND }],
  ],
  [
    "a secret in place of one",
    (it) => it.write("config.js", FILES["config.js"].replace(OLD, NEW)),
    [{ path: "config.js", line: 2, kind: KIND }],
  ],
  ["a line around a secret", (it) => it.write("config.js", `${FILES["config.js"]}// more\n`), []],
  [
    "the line that a secret is in",
    (it) => it.write("config.js", FILES["config.js"].replace("const", "let")),
    [],
  ],
  ["a secret that goes", (it) => it.write("config.js", "// config\n"), []],
  ["a file with a secret that goes", (it) => it.delete("config.js"), []],
  ["a file with a secret that moves", (it) => it.move("config.js", "src/config.js"), []],
  [
    "a file with a secret that moves and changes",
    async (it) => {
      await it.move("config.js", "src/config.js");
      await it.write("src/config.js", `${FILES["config.js"]}// moved\n`);
    },
    [],
  ],
  [
    "code with a secret that moves to another file",
    async (it) => {
      await it.write("config.js", "// config\n");
      await it.write("other.js", `const other = 1;\nconst key = "${OLD}";\n`);
    },
    [],
  ],
  [
    "a secret that is copied out of a file that stays as it is",
    (it) => it.write("other.js", `const key = "${OLD}";\n`),
    [{ path: "other.js", line: 1, kind: KIND }],
  ],
  [
    "a file name",
    (it) => it.write(`notes/${NEW}.txt`, "nothing\n"),
    [{ path: `notes/${NEW}.txt`, line: 0, kind: KIND }],
  ],
  [
    "a new name of a file",
    (it) => it.move("other.js", `${NEW}.js`),
    [{ path: `${NEW}.js`, line: 0, kind: KIND }],
  ],
  [
    "lines in the middle of a key",
    (it) => it.write("key.pem", PEM.replace(/\n\w{60}\n/, `\n${"Qm9i".repeat(15)}\n`)),
    [{ path: "key.pem", line: 1, kind: "private key" }],
  ],
  ["a key that is indented anew", (it) => it.write("key.pem", PEM.replace(/^/gm, "  ")), []],
  [
    "a text that is not UTF-8",
    (it) => it.write("latin1.txt", new Uint8Array([0xe9, 10, ...new TextEncoder().encode(NEW)])),
    [{ path: "latin1.txt", line: 2, kind: KIND }],
  ],
  [
    "a text with CRLF",
    (it) => it.write("crlf.txt", `a\r\nb\r\n${NEW}\r\n`),
    [{ path: "crlf.txt", line: 3, kind: KIND }],
  ],
  [
    "a text in a binary file",
    (it) => it.write("logo.png", bytes([0, 1, 2], `\ntext\0${NEW}\0text`)),
    [{ path: "logo.png", line: 2, kind: KIND }],
  ],
  [
    "a file of another kind around a secret that was there",
    async (it) => {
      await it.delete("config.js");
      await it.write("config.ps1", utf16(FILES["config.js"]));
    },
    [],
  ],
  ["a binary file without any", (it) => it.write("logo.png", bytes([0, 3], randomText(random, 5_000))), []],
  [
    "two secrets in one line and one in another file",
    async (it) => {
      await it.write("a.txt", `${NEW} ${fakeToken()}\n`);
      await it.write("b.txt", `${NEW}\n`);
    },
    [
      { path: "a.txt", line: 1, kind: KIND },
      { path: "a.txt", line: 1, kind: KIND },
      { path: "b.txt", line: 1, kind: KIND },
    ],
  ],
])("%s", async (_what, edit, expected) => {
  const workspace = createMemoryWorkspace(FILES);
  await edit(workspace);
  expect(await findSecrets(workspace)).toEqual(expected);
});

test.each<[string, Uint8Array]>([
  ["UTF-16", utf16(`\ufeffa\n䷁${NEW}䷁\n`)],
  ["big-endian UTF-16", swapped(utf16(`\ufeffa\n䷁${NEW}䷁\n`))],
  ["UTF-16 without a mark", utf16(`a\n ${NEW}\n`)],
  ["big-endian UTF-16 without a mark", swapped(utf16(`a\n ${NEW}\n`))],
  ["UTF-32", utf32(`\ufeffa\n ${NEW}\n`)],
  ["big-endian UTF-32", swapped(utf32(`\ufeffa\n ${NEW}\n`), 3)],
  ["UTF-8 behind UTF-16's mark", bytes([0xff, 0xfe], `\n${NEW}\n`)],
  ["UTF-8 behind UTF-16's mark, and a NUL", bytes([0xff, 0xfe], `\n${NEW}\n\0`)],
  ["UTF-8 with a NUL at its end", bytes([], `a\n${NEW}\n\0`)],
  ["UTF-8 with a NUL far from it", bytes([], `a\n${NEW}\n${"b".repeat(5_000_000)}\0`)],
  ["UTF-8 with a NUL behind every word", bytes([], `a\nkey\0${NEW}\0`)],
  [
    "UTF-8 with NULs inside of it",
    bytes([], `a\n${NEW.slice(0, 9)}\0${NEW.slice(9, 30)}\0\0${NEW.slice(30)}\n`),
  ],
])("a secret in %s is found, and once", async (_what, content) => {
  const workspace = createMemoryWorkspace();
  await workspace.write("new", content);
  expect(await findSecrets(workspace)).toEqual([{ path: "new", line: 2, kind: KIND }]);
});

test("among many that were there, the one that was not is found", async () => {
  const many = Array.from({ length: 500 }, fakeToken);
  const workspace = createMemoryWorkspace({ "many.txt": many.join("\n") });
  await workspace.write("many.txt", [...many, NEW].toReversed().join("\n"));
  expect(await findSecrets(workspace)).toEqual([{ path: "many.txt", line: 1, kind: KIND }]);
});

test("no more than twenty are told", async () => {
  const workspace = createMemoryWorkspace();
  for (const path of ["a.txt", "b.txt"])
    await workspace.write(path, Array.from({ length: 15 }, fakeToken).join("\n"));
  expect(await findSecrets(workspace)).toHaveLength(20);
});

test("without a suspicion nothing is read that the edits did not write", async () => {
  const workspace = createMemoryWorkspace(FILES);
  await workspace.write("other.js", "const other = 2;\n");
  const reads: string[] = [];
  const watched: Workspace = {
    ...workspace,
    readBase: (path) => {
      reads.push(path);
      return workspace.readBase(path);
    },
  };
  expect(await findSecrets(watched)).toEqual([]);
  expect(reads).toEqual([]);
});
