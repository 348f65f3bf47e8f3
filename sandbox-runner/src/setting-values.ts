/** The kinds of values that environment variables have, each with the words that say what a wrong one must be. */
import * as z from "zod";

/** A secret that signs requests must not be guessable. */
const MIN_SECRET = 32;

export const text = z.string().trim();

export const signingSecret = text
  .regex(/^[\x21-\x7e]*$/, "must not have spaces or line breaks")
  .min(MIN_SECRET, `needs ${MIN_SECRET} characters or more; make one with 'openssl rand -hex 32'`);

export const flag = text
  .toLowerCase()
  .pipe(z.enum(["true", "1", "yes", "on", "false", "0", "no", "off"], "must be 'true' or 'false'"))
  .transform((value) => ["true", "1", "yes", "on"].includes(value));

export const commaSeparated = text.transform((list) =>
  list.split(",").flatMap((entry) => entry.trim() || []),
);

export function oneOf<const T extends readonly string[]>(names: T) {
  return text.pipe(z.enum(names, `must be one of ${names.join(", ")}`));
}

export function wholeNumber(min: number, max: number) {
  const problem = `must be a whole number from ${min} to ${max}`;
  return text
    .regex(/^\d{1,12}$/, problem)
    .transform(Number)
    .pipe(z.number().min(min, problem).max(max, problem));
}

export function decimal(min: number, max: number) {
  const problem = `must be a number from ${min} to ${max}, such as 2.0`;
  return text
    .regex(/^\d{1,6}(?:\.\d{1,6})?$/, problem)
    .transform(Number)
    .pipe(z.number().min(min, problem).max(max, problem));
}
