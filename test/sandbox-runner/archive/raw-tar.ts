/** Tars by hand, down to the byte, so that each can be wrong in one way of its own. */

export interface RawHeader {
  readonly name?: string | Uint8Array;
  readonly type?: string;
  readonly mode?: string;
  /** As it stands in the field. */
  readonly size?: string | Uint8Array;
  readonly link?: string;
  readonly magic?: string;
  readonly prefix?: string;
  readonly checksum?: string;
}

const bytesOf = (text: string | Uint8Array): Uint8Array =>
  typeof text === "string" ? new TextEncoder().encode(text) : text;

export const octal = (value: number, length = 12): string =>
  `${value.toString(8).padStart(length - 1, "0")}\0`;

export function rawHeader(header: RawHeader): Uint8Array {
  const block = new Uint8Array(512);
  const write = (at: number, value: string | Uint8Array) => block.set(bytesOf(value), at);
  write(0, header.name ?? "files/a");
  write(100, header.mode ?? octal(0o644, 8));
  write(108, octal(0, 8));
  write(116, octal(0, 8));
  write(124, header.size ?? octal(0));
  write(136, octal(0));
  write(156, header.type ?? "0");
  write(157, header.link ?? "");
  write(257, header.magic ?? "ustar\x0000");
  write(345, header.prefix ?? "");
  write(148, "        ");
  const sum = block.reduce((total, byte) => total + byte, 0);
  write(148, header.checksum ?? `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** A header, the content, and zeros up to the next block; the size is the content's unless the header has one. */
export function rawEntry(header: RawHeader, content: string | Uint8Array = ""): Uint8Array {
  const bytes = bytesOf(content);
  const padded = new Uint8Array(Math.ceil(bytes.byteLength / 512) * 512);
  padded.set(bytes);
  return joined([rawHeader({ size: octal(bytes.byteLength), ...header }), padded]);
}

/** A pax record with a right length, or the one given. */
export function paxRecord(key: string, value: string, length?: number): string {
  const rest = ` ${key}=${value}\n`;
  const size = bytesOf(rest).byteLength;
  const digits = String(size + String(size).length).length;
  return `${length ?? size + digits}${rest}`;
}

/** A pax header with these records in front of an empty file. */
export function paxEntry(records: string | Uint8Array, file: RawHeader = {}): Uint8Array {
  return joined([rawEntry({ name: "PaxHeader", type: "x" }, records), rawEntry(file)]);
}

export const END = new Uint8Array(1024);

export function uploadEntry(upload: unknown = {}): Uint8Array {
  return rawEntry({ name: "upload.json" }, JSON.stringify(upload));
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** As it might come over a wire. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}
