/** Attack 9 with tars as GNU tar and Python make them, and what they make of ours. */
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { unpackTar } from "modern-tar";
import { expect, test } from "vitest";
import { encodeTar } from "../../../sandbox-runner/src/archive/encode-tar.ts";
import { readFiles } from "../../../sandbox-runner/src/archive/read-files.ts";
import { createRandom } from "../../support/random.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { archiveFiles, contentOf, LIMITS, type PlainFile, readAll, refusalOf } from "./helpers.ts";
import { inPieces } from "./raw-tar.ts";

/** Seeds; each makes its own files. */
const ROUNDS = Array.from({ length: 12 }, (_, seed) => seed + 1);

const PARTS = [
  ..."abcXYZ019.-_ ",
  ..."\n\r\t\u0001\u001b\u007f\\\"'`$*?[]{}!#~%&|;<>:,=@",
  "é",
  "e\u0301",
  "中文",
  "\u{1f642}",
  "\u202e",
  "\ufeff",
  "--",
  "PaxHeader",
  "x".repeat(90),
  "é".repeat(60),
] as const;
const SIZES = [0, 1, 511, 512, 513, 1023, 1024, 9999, 10_240, 65_536, 70_001] as const;

/** Files with odd names and sizes; no two in each other's way. */
function oddFiles(seed: number): PlainFile[] {
  const random = createRandom(seed);
  const name = () => {
    const text = Array.from({ length: 1 + random.int(6) }, () => random.pick(PARTS)).join("");
    return Buffer.from(text).subarray(0, 240).toString().replaceAll("\ufffd", "");
  };
  return Array.from({ length: 40 }, (_, at) => ({
    path: [`${at}${name()}`, ...Array.from({ length: random.int(4) }, () => `-${name()}`)].join("/"),
    executable: random.int(2) === 1,
    content: Buffer.alloc(random.pick(SIZES), `${seed} ${at}\n`),
  }));
}

const byPath = (files: PlainFile[]) => files.toSorted((a, b) => (a.path < b.path ? -1 : 1));

async function filesOnDisk(folder: string): Promise<PlainFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const full = join(entry.parentPath, entry.name);
        const { mode } = await stat(full);
        return {
          path: full.slice(folder.length + 1),
          executable: (mode & 0o777) === 0o755,
          content: await readFile(full),
        };
      }),
  );
}

async function writeToDisk(folder: string, files: readonly PlainFile[]): Promise<void> {
  for (const { path, executable, content } of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content, { mode: executable ? 0o755 : 0o644 });
  }
}

test.each(ROUNDS)("odd files come back from our own tar as they were (seed %d)", async (seed) => {
  const files = oddFiles(seed);
  const tar = await contentOf(encodeTar(archiveFiles(files), { prefix: "files/" }));
  expect(tar.byteLength % 512).toBe(0);
  for (const size of [1 + createRandom(seed).int(700), tar.byteLength])
    expect(await readAll(readFiles(inPieces(tar, size), LIMITS, { prefix: "files/" }))).toEqual(files);
});

test.each(ROUNDS)("GNU tar extracts odd files from our tar as they were (seed %d)", async (seed) => {
  const files = oddFiles(seed);
  await using folder = await temporaryFolder();
  const tar = await contentOf(encodeTar(archiveFiles(files), { mtime: 1_700_000_000 }));
  execFileSync("tar", ["-x", "-p", "-C", folder.path], { input: tar });
  expect(byPath(await filesOnDisk(folder.path))).toEqual(byPath(files));
  const { mtimeMs } = await stat(join(folder.path, files[0]?.path ?? ""));
  expect(mtimeMs).toBe(1_700_000_000_000);
});

test.each(ROUNDS)("what GNU tar packs of odd files is read as they are (seed %d)", async (seed) => {
  const files = oddFiles(seed);
  await using folder = await temporaryFolder();
  await writeToDisk(folder.path, files);
  const args = ["-c", "--format=posix", "--no-recursion", "--null", "-C", folder.path, "-T", "-"];
  const names = files.map(({ path }) => `${path}\0`).join("");
  const tar = execFileSync("tar", args, { input: names, maxBuffer: 1e9 });
  const expected = new Set(files.map(({ path }) => path));
  expect(await readAll(readFiles(inPieces(tar, 4000), LIMITS, { expected }))).toEqual(files);
});

test.each(ROUNDS)("modern-tar reads our tar as it was meant (seed %d)", async (seed) => {
  const files = oddFiles(seed);
  const tar = await contentOf(encodeTar(archiveFiles(files)));
  const entries = await unpackTar(new Uint8Array(tar), { strict: true });
  expect(
    entries.map(({ header, data }) => ({
      path: header.name,
      executable: header.mode === 0o755,
      content: Buffer.from(data ?? []),
    })),
  ).toEqual(files);
});

const PYTHON = `
import io, sys, tarfile
def member(kind, name="files/a", **fields):
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in fields.items(): setattr(info, key, value)
    return info
formats = {"gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT, "ustar": tarfile.USTAR_FORMAT}
tar = tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=formats[sys.argv[1]])
tar.addfile(eval(sys.argv[2]), io.BytesIO(b"x" * 100))
tar.close()
`;

const ONLY_FILES = "archives here hold regular files only.";
test.each([
  ["pax", 'member(tarfile.REGTYPE, "files/" + "n" * 200 + "/é")', undefined],
  ["ustar", 'member(tarfile.REGTYPE, "files/" + "n" * 90 + "/a/" + "n" * 90)', undefined],
  ["pax", 'member(tarfile.SYMTYPE, linkname="/etc/passwd")', `"files/a" is a symbolic link; ${ONLY_FILES}`],
  ["pax", 'member(tarfile.LNKTYPE, linkname="/etc/passwd")', `"files/a" is a hard link; ${ONLY_FILES}`],
  [
    "pax",
    "member(tarfile.CHRTYPE, devmajor=1, devminor=3)",
    `"files/a" is a character device; ${ONLY_FILES}`,
  ],
  ["pax", "member(tarfile.BLKTYPE, devmajor=7)", `"files/a" is a block device; ${ONLY_FILES}`],
  ["pax", "member(tarfile.FIFOTYPE)", `"files/a" is a named pipe; ${ONLY_FILES}`],
  ["pax", "member(tarfile.DIRTYPE)", `"files/a/" is a folder; ${ONLY_FILES}`],
  ["pax", "member(tarfile.CONTTYPE)", `"files/a" is a contiguous file; ${ONLY_FILES}`],
  ["pax", "member(tarfile.AREGTYPE)", `"files/a" is a file of the old kind; ${ONLY_FILES}`],
  ["pax", 'member(tarfile.REGTYPE, "/etc/passwd")', '"/etc/passwd" is not below "files/".'],
  ["pax", 'member(tarfile.REGTYPE, "files/../../x")', '"files/../../x" has a ".." in its path.'],
  ["gnu", "member(tarfile.REGTYPE)", '"files/a" is not in the ustar or pax format.'],
  ["gnu", 'member(tarfile.REGTYPE, "n" * 200)', `"././@LongLink" is a GNU long name; ${ONLY_FILES}`],
  ["gnu", 'member(tarfile.REGTYPE, "files/\\udcff")', '"files/\ufffd" is not in the ustar or pax format.'],
  ["ustar", 'member(tarfile.REGTYPE, "files/\\udcff")', '"files/\ufffd" has a name that is not valid UTF-8.'],
] as const)("Python's %s archive of %s is read or refused", async (format, member, problem) => {
  const tar = execFileSync("python3", ["-c", PYTHON, format, member]);
  const reading = readAll(readFiles(inPieces(tar, 1000), LIMITS, { prefix: "files/" }));
  if (problem === undefined) expect((await reading).map(({ content }) => content.byteLength)).toEqual([0]);
  else expect(await refusalOf(reading)).toBe(`invalid_archive: The archive's entry ${problem}`);
});

const SHELL: readonly (readonly [string, string, string])[] = [
  ["a symbolic link", "ln -s /etc files/ln; tar -c --format=posix files/ln", '"files/ln" is a symbolic link'],
  ["a named pipe", "mkfifo files/p; tar -c --format=posix files/p", '"files/p" is a named pipe'],
  ["a folder", "tar -c --format=posix files", '"files/" is a folder'],
  [
    "a hard link",
    "echo x >files/a; ln files/a files/b; tar -c --format=posix files/a files/b",
    '"files/b" is a hard link',
  ],
  [
    "a sparse file in the old format",
    "truncate -s 100M files/s; echo x >>files/s; tar -c -S --format=gnu files/s",
    '"files/s" is a GNU sparse file',
  ],
];

test.each(SHELL)("GNU tar's archive with %s is refused", async (_, script, problem) => {
  await using folder = await temporaryFolder();
  const tar = execFileSync("sh", ["-c", `mkdir files; ${script}`], { cwd: folder.path });
  expect(await refusalOf(readAll(readFiles(inPieces(tar, 1000), LIMITS, { prefix: "files/" })))).toBe(
    `invalid_archive: The archive's entry ${problem}; ${ONLY_FILES}`,
  );
});

test("GNU tar's archive with a sparse file in the pax format is refused", async () => {
  await using folder = await temporaryFolder();
  const script = "truncate -s 100M s; echo x >>s; tar -c -S --format=posix s";
  const tar = execFileSync("sh", ["-c", script], { cwd: folder.path });
  expect(await refusalOf(readAll(readFiles(inPieces(tar, 1000), LIMITS)))).toBe(
    'invalid_archive: The archive has a pax header with "GNU.sparse.major", which is not taken here.',
  );
});
