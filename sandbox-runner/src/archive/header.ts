/** One 512-byte tar header (POSIX.1-1988 ustar), read strictly and written canonically. */
import { entryRefused, refused } from "./refuse.ts";

export const BLOCK_BYTES = 512;

/** Of an archive: regular files, and the pax headers that extend them. */
export const FILE_TYPE = "0";
export const PAX_TYPE = "x";

export interface TarHeader {
  /** Undecoded: a pax header may replace it. */
  readonly name: Uint8Array;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
}

/** Where the fields are: offset and length. */
const NAME = [0, 100] as const;
const MODE = [100, 8] as const;
const UID = [108, 8] as const;
const GID = [116, 8] as const;
const SIZE = [124, 12] as const;
const MTIME = [136, 12] as const;
const CHECKSUM = [148, 8] as const;
const TYPE = [156, 1] as const;
const MAGIC = [257, 8] as const;
const PREFIX = [345, 155] as const;

/** The longest name that needs no pax header. */
export const LONGEST_HEADER_NAME = NAME[1];

const USTAR = "ustar\x0000";

const TYPE_NAMES: Readonly<Record<string, string>> = {
  "\0": "a file of the old kind",
  "1": "a hard link",
  "2": "a symbolic link",
  "3": "a character device",
  "4": "a block device",
  "5": "a folder",
  "6": "a named pipe",
  "7": "a contiguous file",
  g: "a global pax header",
  D: "a GNU folder listing",
  K: "a GNU long link name",
  L: "a GNU long name",
  M: "a GNU continuation of another volume",
  S: "a GNU sparse file",
  V: "a GNU volume label",
};

/** Takes nothing but regular files and pax headers; throws RunnerError, with the entry's name where it is known. */
export function decodeHeader(block: Uint8Array): TarHeader {
  const text = (field: readonly [number, number]) =>
    String.fromCharCode(...block.subarray(field[0], field[0] + field[1]));
  const octal = (field: readonly [number, number]) => {
    const digits = /^ *([0-7]+)[ \0]*$/.exec(text(field))?.[1];
    return digits === undefined ? undefined : Number.parseInt(digits, 8);
  };
  if (octal(CHECKSUM) !== checksumOf(block))
    throw refused("The archive is broken: a header's checksum is wrong.");
  const name = nameIn(block);
  const label = new TextDecoder().decode(name);
  const type = text(TYPE);
  if (type !== FILE_TYPE && type !== PAX_TYPE) {
    const kind = TYPE_NAMES[type] ?? `of the unknown type ${JSON.stringify(type)}`;
    throw entryRefused(label, `is ${kind}; archives here hold regular files only`);
  }
  if (text(MAGIC) !== USTAR) throw entryRefused(label, "is not in the ustar or pax format");
  const size = octal(SIZE);
  if (size === undefined) throw entryRefused(label, "has a size that is no octal number");
  const mode = octal(MODE);
  if (mode === undefined) throw entryRefused(label, "has a mode that is no octal number");
  return { name, type, mode, size };
}

function nameIn(block: Uint8Array): Uint8Array {
  const field = ([at, length]: readonly [number, number]) => {
    const bytes = block.subarray(at, at + length);
    const end = bytes.indexOf(0);
    return end < 0 ? bytes : bytes.subarray(0, end);
  };
  const prefix = field(PREFIX);
  const name = field(NAME);
  return prefix.byteLength === 0 ? name : Uint8Array.of(...prefix, 0x2f, ...name);
}

/**
 * `name` is cut to what the field holds: give longer ones a pax header. `size` is below 8 GiB, `mtime` in seconds.
 * Owner and group are 0 and nameless.
 */
export function encodeHeader(header: {
  readonly name: Uint8Array;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  readonly mtime: number;
}): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  const write = ([at]: readonly [number, number], text: string) =>
    block.set(new TextEncoder().encode(text), at);
  const octal = (field: readonly [number, number], value: number) => {
    const digits = value.toString(8).padStart(field[1] - 1, "0");
    if (digits.length >= field[1]) throw new RangeError(`${value} is too large for a tar header`);
    write(field, digits);
  };
  block.set(header.name.subarray(0, NAME[1]));
  octal(MODE, header.mode);
  octal(UID, 0);
  octal(GID, 0);
  octal(SIZE, header.size);
  octal(MTIME, header.mtime);
  write(TYPE, header.type);
  write(MAGIC, USTAR);
  write(CHECKSUM, `${checksumOf(block).toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** The sum of all bytes, with the checksum's own field counted as spaces. */
function checksumOf(block: Uint8Array): number {
  const [at, length] = CHECKSUM;
  let sum = length * 0x20;
  for (const byte of block) sum += byte;
  for (const byte of block.subarray(at, at + length)) sum -= byte;
  return sum;
}
