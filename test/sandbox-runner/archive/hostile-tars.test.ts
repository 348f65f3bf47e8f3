/** Attack 9: hostile tars, from callers and from sandboxes, never get as far as a file. */
import { expect, test } from "vitest";
import { readFiles } from "../../../sandbox-runner/src/archive/read-files.ts";
import { LIMITS, readAll, readWholeUpload, refusalOf } from "./helpers.ts";
import { HOSTILE_TARS } from "./hostile-tars.ts";
import { END, inPieces, joined, octal, rawEntry, rawHeader, uploadEntry } from "./raw-tar.ts";

const PIECES = [1, 300, 1_000_000];

test.each(HOSTILE_TARS)("an upload with $name is refused", async ({ tar, refusal }) => {
  for (const size of PIECES)
    expect(await refusalOf(readWholeUpload(inPieces(joined([uploadEntry(), tar]), size)))).toBe(refusal);
});

test.each(HOSTILE_TARS)("a sandbox's tar with $name is refused", async ({ tar, refusal }) => {
  for (const size of PIECES)
    expect(await refusalOf(readAll(readFiles(inPieces(tar, size), LIMITS, { prefix: "files/" })))).toBe(
      refusal,
    );
});

const read = (...parts: Uint8Array[]) => readWholeUpload(inPieces(joined(parts), 1000));
const manifest = (text: string | Uint8Array) => read(rawEntry({ name: "upload.json" }, text), END);

test.each([
  ["no entry", [END], "The archive does not begin with upload.json."],
  ["nothing at all", [], "The archive was cut short."],
  ["files only", [rawEntry({}), END], "The archive does not begin with upload.json."],
  ["upload.json last", [rawEntry({}), uploadEntry(), END], "The archive does not begin with upload.json."],
  [
    "upload.json twice",
    [uploadEntry(), uploadEntry(), END],
    'The archive\'s entry "upload.json" is not below "files/".',
  ],
  [
    "a link in place of upload.json",
    [rawEntry({ name: "upload.json", type: "2", link: "/etc/passwd" }), END],
    'The archive\'s entry "upload.json" is a symbolic link; archives here hold regular files only.',
  ],
] as const)("an upload with %s is refused", async (_, parts, sentence) => {
  expect(await refusalOf(read(...parts))).toBe(`invalid_archive: ${sentence}`);
});

test.each([
  ["is no JSON", "{", "upload.json is not JSON."],
  ["is no UTF-8", Uint8Array.of(0x22, 0xff, 0x22), "upload.json is not JSON."],
  ["is empty", "", "upload.json is not JSON."],
  ["has an unknown field", '{"image":"x"}', 'upload.json is not valid:  Unrecognized key: "image".'],
  [
    "removes a number",
    '{"removed":[1]}',
    "upload.json is not valid: removed.0 Invalid input: expected string, received number.",
  ],
  ["removes ..", '{"removed":["a","../b"]}', 'In upload.json, "../b" has a ".." in its path.'],
  ["removes all", '{"removed":["."]}', 'In upload.json, "." has a "." in its path.'],
  ["removes /", '{"removed":["/"]}', 'In upload.json, "/" has an absolute path.'],
  [
    "removes a lone surrogate",
    '{"removed":["\\ud800"]}',
    'In upload.json, "\\ud800" has a path that is not valid Unicode.',
  ],
  ["removes .git", '{"removed":[".git"]}', 'In upload.json, ".git" leads into git\'s own folder.'],
] as const)("an upload whose upload.json %s is refused", async (_, text, sentence) => {
  expect(await refusalOf(manifest(text))).toBe(`invalid_archive: ${sentence}`);
});

test("an upload.json of more than 4 MiB is refused before it is read", async () => {
  const header = rawHeader({ name: "upload.json", size: octal(4_194_305) });
  expect(await refusalOf(read(header))).toBe(
    "payload_too_large: upload.json has 4194305 bytes; the limit is 4194304.",
  );
});

test("an upload is taken up to its limits and refused past each of them", async () => {
  const limits = { files: 3, fileBytes: 10, totalBytes: 25 };
  const upload = (sizes: readonly number[], folder = "") =>
    readWholeUpload(
      inPieces(
        joined([
          uploadEntry(),
          ...sizes.map((size, at) => rawEntry({ name: `files/${folder}${at}` }, "x".repeat(size))),
          END,
        ]),
        100,
      ),
      limits,
    );
  expect((await upload([10, 10, 5])).files).toHaveLength(3);
  expect((await upload([1], "a/b/c/")).files).toHaveLength(1);
  expect(await refusalOf(upload([0, 0, 0, 0]))).toBe(
    "payload_too_large: The archive holds more than 3 files.",
  );
  expect(await refusalOf(upload([11]))).toBe(
    'payload_too_large: The archive\'s entry "files/0" has 11 bytes; the limit is 10.',
  );
  expect(await refusalOf(upload([10, 10, 6]))).toBe(
    "payload_too_large: The archive's files have more than 25 bytes together.",
  );
  expect(await refusalOf(upload([1], "a/b/c/d/"))).toBe(
    "payload_too_large: The archive holds more than 3 folders.",
  );
});

test("of a sandbox's tar exactly the files that were asked for are taken", async () => {
  const tar = joined([rawEntry({ name: "a" }), rawEntry({ name: "b" }), END]);
  const reading = (...expected: string[]) =>
    readAll(readFiles(inPieces(tar, 99), LIMITS, { expected: new Set(expected) }));
  expect((await reading("b", "a")).map(({ path }) => path)).toEqual(["a", "b"]);
  expect(await refusalOf(reading("a"))).toBe('invalid_archive: The archive\'s entry "b" was not asked for.');
  expect(await refusalOf(reading("a", "b", "c"))).toBe(
    "invalid_archive: The archive holds 2 files of 3 that were asked for.",
  );
});

test("bits for other users and set-user-ID do not come through, the owner's execute bit does", async () => {
  const modes = [0o644, 0o4755, 0o6777, 0o677, 0o100];
  const tar = modes.map((mode, at) => rawEntry({ name: `files/${at}`, mode: octal(mode, 8) }));
  const { files } = await read(uploadEntry(), ...tar, END);
  expect(files.map(({ executable }) => executable)).toEqual([false, true, true, false, true]);
});

test("whoever sent a refused upload is told to stop sending", async () => {
  let stopped = false;
  async function* endless() {
    try {
      yield joined([uploadEntry(), rawEntry({ type: "2" })]);
      for (;;) yield new Uint8Array(512);
    } finally {
      stopped = true;
    }
  }
  await refusalOf(readWholeUpload(endless()));
  expect(stopped).toBe(true);
});
