/** The entries of a tar from someone who may be hostile, one at a time, in constant memory. */
import { type ByteSource, createByteSource } from "./byte-source.ts";
import { BLOCK_BYTES, decodeHeader, PAX_TYPE, type TarHeader } from "./header.ts";
import { decodeName, LONGEST_PAX_BYTES, readPaxPath } from "./pax.ts";
import { entryRefused, quoted, refused, tooLarge } from "./refuse.ts";

export interface TarEntry {
  readonly name: string;
  readonly executable: boolean;
  /** Bytes. */
  readonly size: number;
  /** Exactly `size` bytes; what is not read before the next entry is asked for is skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Writers fill the last record of 10,240 bytes with zeros. */
const LONGEST_FILLING = 10_240;
const OWNER_EXECUTES = 0o100;

/**
 * Strict: regular files in the ustar or pax format, a right checksum on every header, two zero blocks at the end
 * and only zeros behind them. Throws RunnerError `invalid_archive`. Ends `bytes` when its consumer leaves.
 */
export async function* readEntries(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry, void> {
  const source = createByteSource(bytes);
  try {
    for (;;) {
      const next = await nextHeader(source);
      if (next === undefined) return;
      const { header, name } = next;
      const content = contentOf(source, name, header.size);
      const executable = (header.mode & OWNER_EXECUTES) !== 0;
      yield { name, executable, size: header.size, content: content.slices() };
      await content.skip();
    }
  } finally {
    await source.close();
  }
}

/** Undefined at the end of the archive. */
async function nextHeader(source: ByteSource): Promise<{ header: TarHeader; name: string } | undefined> {
  const block = await takeBlocks(source, BLOCK_BYTES);
  if (isZero(block)) {
    await checkEnd(source);
    return undefined;
  }
  const header = decodeHeader(block);
  if (header.type !== PAX_TYPE) return { header, name: nameOf(header) };
  if (header.size > LONGEST_PAX_BYTES)
    throw tooLarge(
      `The archive has a pax header of ${header.size} bytes; the limit is ${LONGEST_PAX_BYTES}.`,
    );
  const records = await takeBlocks(source, padded(header.size));
  const path = readPaxPath(records.subarray(0, header.size));
  const extended = decodeHeader(await takeBlocks(source, BLOCK_BYTES));
  if (extended.type === PAX_TYPE) throw refused("The archive is broken: a pax header follows a pax header.");
  return { header: extended, name: path ?? nameOf(extended) };
}

function nameOf(header: TarHeader): string {
  const name = decodeName(header.name);
  if (name === undefined)
    throw entryRefused(new TextDecoder().decode(header.name), "has a name that is not valid UTF-8");
  return name;
}

function contentOf(source: ByteSource, name: string, size: number) {
  let left = size;
  let passed = false;
  const checkTurn = () => {
    if (passed) throw new Error("An entry was read after the next one had been asked for.");
  };
  async function* slices(): AsyncGenerator<Uint8Array, void> {
    checkTurn();
    for await (const slice of source.slices(left)) {
      left -= slice.byteLength;
      yield slice;
      checkTurn();
    }
    if (left > 0) throw refused(`The archive ends in the middle of its entry ${quoted(name)}.`);
  }
  return {
    slices,
    /** Goes on to the next header. */
    async skip(): Promise<void> {
      for await (const _ of slices());
      passed = true;
      await takeBlocks(source, padded(size) - size);
    },
  };
}

async function checkEnd(source: ByteSource): Promise<void> {
  if (!isZero(await takeBlocks(source, BLOCK_BYTES)))
    throw refused("The archive is broken: a single zero block is in the middle of it.");
  let filling = 0;
  for await (const slice of source.slices(LONGEST_FILLING + 1)) {
    filling += slice.byteLength;
    if (filling > LONGEST_FILLING || !isZero(slice)) throw refused("The archive has data after its end.");
  }
}

async function takeBlocks(source: ByteSource, count: number): Promise<Uint8Array> {
  const bytes = await source.take(count);
  if (bytes.byteLength < count) throw refused("The archive was cut short.");
  return bytes;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** The next multiple of a block. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}
