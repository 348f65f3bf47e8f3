/** Attack 9: archives that would fill the memory of whoever reads them. */
import { expect, test } from "vitest";
import { encodeTar } from "../../../sandbox-runner/src/archive/encode-tar.ts";
import { readFiles } from "../../../sandbox-runner/src/archive/read-files.ts";
import { readUpload } from "../../../sandbox-runner/src/archive/read-upload.ts";
import { memoryOf, resetPeak } from "../../support/process-memory.ts";
import { refusalOf } from "./helpers.ts";
import { octal, paxEntry, paxRecord, rawEntry, rawHeader, uploadEntry } from "./raw-tar.ts";

const GiB = 1024 ** 3;
const LIMITS = { files: 5000, fileBytes: 2 * GiB, totalBytes: 3 * GiB };
const ZEROS = new Uint8Array(65_536);

async function* endless(entry: (at: number) => Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield uploadEntry();
  for (let at = 0; ; at += 1) yield entry(at);
}

async function* zeros(bytes: number): AsyncGenerator<Uint8Array, void> {
  for (let left = bytes; left > 0; left -= ZEROS.byteLength) yield ZEROS.subarray(0, left);
}

async function* oneFile(size: number): AsyncGenerator<Uint8Array, void> {
  yield rawHeader({ size: octal(size) });
  yield* zeros(size + 1024);
}

/** Reads all of it and keeps nothing. */
async function bytesIn(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let total = 0;
  for await (const { byteLength } of bytes) total += byteLength;
  return total;
}

async function passUpload(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const { content } of (await readUpload(bytes, LIMITS)).files) await bytesIn(content);
}

/** MiB that the peak of this process rises by. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  globalThis.gc?.();
  resetPeak(process.pid);
  const { now } = memoryOf(process.pid);
  await work();
  return memoryOf(process.pid).peak - now;
}

test("a file of 2 GiB goes in and out again in a few MiB", async () => {
  const growth = await growthDuring(async () => {
    const files = readFiles(oneFile(2 * GiB), LIMITS, { prefix: "files/" });
    expect(await bytesIn(encodeTar(files))).toBe(2 * GiB + 1536);
  });
  expect(growth).toBeLessThan(64);
});

test("a file of 2 GiB that nobody reads is skipped in a few MiB", async () => {
  const growth = await growthDuring(async () => {
    const sizes: number[] = [];
    for await (const { size } of readFiles(oneFile(2 * GiB), LIMITS, { prefix: "files/" })) sizes.push(size);
    expect(sizes).toEqual([2 * GiB]);
  });
  expect(growth).toBeLessThan(64);
});

const deep = (at: number) => `${`${at}`.padStart(6, "0")}${"/a".repeat(1990)}`;

test.each([
  ["files", (at: number) => rawEntry({ name: `files/${at}` }), "The archive holds more than 5000 files."],
  [
    "folders",
    (at: number) => rawEntry({ name: `files/${at}/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a` }),
    "The archive holds more than 5000 folders.",
  ],
  [
    "folders in folders",
    (at: number) => paxEntry(paxRecord("path", `files/${deep(at)}`)),
    "The archive holds more than 5000 folders.",
  ],
  [
    "long names",
    (at: number) =>
      paxEntry(paxRecord("path", `files/${`${"x".repeat(250)}/`.repeat(14)}${at}${"y".repeat(200)}`)),
    "The archive's names are longer than 16777216 characters.",
  ],
  [
    "large pax headers",
    (at: number) => paxEntry(paxRecord("comment", "x".repeat(32_000)) + paxRecord("path", `files/${at}`)),
    "The archive holds more than 5000 files.",
  ],
  [
    "large files",
    (at: number) => (at % 1000 === 0 ? rawHeader({ name: `files/${at}`, size: octal(999 * 65_536) }) : ZEROS),
    "The archive's files have more than 3221225472 bytes together.",
  ],
  [
    "files that say they are large",
    (at: number) => rawHeader({ name: `files/${at}`, size: octal(2 * GiB + 1) }),
    'The archive\'s entry "files/0" has 2147483649 bytes; the limit is 2147483648.',
  ],
] as const)("an archive of endless %s ends where its limits are", async (_, entry, sentence) => {
  const growth = await growthDuring(async () => {
    expect(await refusalOf(passUpload(endless(entry)))).toBe(`payload_too_large: ${sentence}`);
  });
  expect(growth).toBeLessThan(128);
});

test("zeros without end are not an archive", async () => {
  async function* zerosForever() {
    for (;;) yield ZEROS;
  }
  expect(await refusalOf(passUpload(zerosForever()))).toBe(
    "invalid_archive: The archive has data after its end.",
  );
});
