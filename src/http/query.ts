/** Reads query strings as strictly as bodies: unknown, repeated and bad parameters are all named at once. */
import * as z from "zod";
import { RequestProblems, read } from "./problems.ts";

/** Runs on one page of `GET /runs`. */
export const MAX_PAGE = 100;
export const DEFAULT_PAGE = 20;

const page = z.strictObject({
  limit: z
    .string()
    .refine((text) => /^[1-9]\d{0,2}$/.test(text) && Number(text) <= MAX_PAGE, {
      message: `limit must be a whole number from 1 to ${MAX_PAGE}.`,
    })
    .transform(Number)
    .default(DEFAULT_PAGE),
  cursor: z
    .string()
    .regex(/^[\w.:=-]{1,200}$/, "cursor must be a next_cursor that GET /runs answered.")
    .optional(),
});

const position = z.strictObject({ after: eventId("after").optional() });
const resumed = z.strictObject({ "Last-Event-ID": eventId("Last-Event-ID") });
const nothing = z.strictObject({});

/** `limit` and `cursor` of `GET /runs`. @throws RequestProblems */
export function readPage(request: Request): { limit: number; cursor: string | undefined } {
  const { limit, cursor } = readQuery(page, request);
  return { limit, cursor };
}

/**
 * The id of the last event a reader has, 0 for none: from `Last-Event-ID`, else from `after`. The
 * header wins because an EventSource sends it when it reconnects, to a URL that stays the same.
 *
 * @throws RequestProblems that names whichever is not a number.
 */
export function readLastEventId(request: Request): number {
  const { after } = readQuery(position, request);
  const header = request.headers.get("last-event-id");
  if (header === null) return after ?? 0;
  return read(resumed, { "Last-Event-ID": header }, { fields: [] })["Last-Event-ID"];
}

/** For what takes no parameters. @throws RequestProblems */
export function requireNoQuery(request: Request): void {
  readQuery(nothing, request);
}

/** Digits that a number holds exactly. */
function eventId(name: string) {
  return z
    .string()
    .regex(/^\d{1,15}$/, `${name} must be the id of an event: digits only, 0 for all events.`)
    .transform(Number);
}

function readQuery<T>(schema: z.ZodObject & z.ZodType<T>, request: Request): T {
  const { searchParams } = new URL(request.url);
  const names = [...searchParams.keys()];
  const known = Object.keys(schema.shape);
  const repeated = known.filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (repeated.length > 0) {
    throw new RequestProblems(
      repeated.map((field) => ({ field, message: `${field} must be given once.` })),
      "invalid_request",
    );
  }
  return read(schema, Object.fromEntries(searchParams), { fields: known, noun: "query parameter" });
}
