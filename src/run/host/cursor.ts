/** A place in the list of a caller's runs, as the text that clients hand back. */
import { ServiceError } from "../../errors.ts";

export interface Place {
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly id: string;
}

export function writeCursor({ createdAt, id }: Place): string {
  return `${createdAt}.${id}`;
}

/** Throws `invalid_request` for a text that writeCursor did not make. */
export function readCursor(cursor: string): Place {
  const [, createdAt, id] = /^(\d{1,15})\.([0-9a-f-]{36})$/.exec(cursor) ?? [];
  if (createdAt === undefined || id === undefined) {
    throw new ServiceError(
      "invalid_request",
      "cursor is not one this service gave out; use next_cursor of the page before, or leave it out.",
    );
  }
  return { createdAt: Number(createdAt), id };
}
