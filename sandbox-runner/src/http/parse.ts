/** Untrusted input, read once: what is wrong with it is said by name. */
import * as z from "zod";
import { RunnerError } from "../errors.ts";

/** Throws RunnerError `invalid_request` with every problem. */
export function parsedJson<T>(schema: z.ZodType<T>, body: Uint8Array): T {
  const result = schema.safeParse(json(body));
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => {
    const name = path.map(String).join(".");
    return name === "" ? message : `${name}: ${message}`;
  });
  throw new RunnerError("invalid_request", `The request is not valid. ${problems.join("; ")}.`);
}

export function oneOf<const T extends readonly string[]>(
  names: T,
  parameter: string,
  value: string | undefined,
): T[number] {
  const result = z.enum(names).safeParse(value);
  if (result.success) return result.data;
  throw new RunnerError(
    "invalid_request",
    `The parameter '${parameter}' must be one of ${names.join(", ")}.`,
  );
}

function json(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new RunnerError("invalid_request", "The body is not JSON in UTF-8.", { cause });
  }
}
