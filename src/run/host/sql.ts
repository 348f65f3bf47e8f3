/** The port to SQLite: a Durable Object's storage, or a file on the process host. */

export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface Sql {
  /** Runs one statement with `?` for each value, and returns its rows. Synchronous, as both engines are. */
  rows(statement: string, ...values: readonly SqlValue[]): readonly SqlRow[];
  /** All of `work` is kept, or nothing when it throws. Does not nest; `work` must not wait. */
  transaction<T>(work: () => T): T;
}

export function text(row: SqlRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new Error(`column ${column} holds no text`);
  return value;
}

export function textOrNull(row: SqlRow, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function number(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new Error(`column ${column} holds no number`);
  return value;
}

export function numberOrNull(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : number(row, column);
}

/** Durable Objects refuse values over 2 MB; a UTF-16 unit takes up to 3 bytes of UTF-8. */
const PART_CHARACTERS = 512 * 1024;
const PART_BYTES = 1024 * 1024;

/** A long text in pieces that fit a row; "" is one piece. It must be well-formed, as JSON is. */
export function* textParts(value: string): Generator<string> {
  let from = 0;
  do {
    let to = Math.min(from + PART_CHARACTERS, value.length);
    // Not between the halves of a pair, which would each become U+FFFD.
    if (to < value.length && isHighSurrogate(value.charCodeAt(to - 1))) to -= 1;
    yield value.slice(from, to);
    from = to;
  } while (from < value.length);
}

/** Bytes in pieces that fit a row; none is one piece. */
export function* byteParts(value: Uint8Array): Generator<Uint8Array> {
  let from = 0;
  do {
    yield value.subarray(from, from + PART_BYTES);
    from += PART_BYTES;
  } while (from < value.byteLength);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
