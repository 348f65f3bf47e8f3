/** The kinds of values that environment variables have, each with the words that say what a wrong one must be. */
import * as z from "zod";
import { modelOverridesSchema } from "./agent/llm/models.ts";
import { isLoopback } from "./loopback.ts";

/** A token that opens the service must not be guessable. */
const MIN_TOKEN = 16;
const MIN_RUNNER_SECRET = 32;

export const text = z.string().trim();
export const secret = text
  .regex(/^[\x21-\x7e]+$/, "must be the key alone, without spaces or line breaks")
  .optional();
export const strongToken = z
  .string()
  .regex(/^[\x21-\x7e]+$/, "must not have spaces or line breaks inside a token")
  .min(MIN_TOKEN, `needs tokens of ${MIN_TOKEN} characters or more; make one with 'openssl rand -hex 32'`);
/** What signs requests to the sandbox-runner. */
export const runnerSecret = text
  .regex(/^[\x21-\x7e]+$/, "must be the secret alone, without spaces or line breaks")
  .min(
    MIN_RUNNER_SECRET,
    `needs ${MIN_RUNNER_SECRET} characters or more; make one with 'openssl rand -hex 32'`,
  );
export const flag = text
  .toLowerCase()
  .pipe(z.enum(["true", "1", "yes", "on", "false", "0", "no", "off"], "must be 'true' or 'false'"))
  .transform((value) => ["true", "1", "yes", "on"].includes(value));
export const commaSeparated = text.transform((list) =>
  list.split(",").flatMap((entry) => entry.trim() || []),
);
export const authorPart = text.regex(
  /^[^<>\p{Cc}]{1,200}$/u,
  "must be one line of up to 200 characters without '<' or '>'",
);

export function oneOf<const T extends readonly string[]>(names: T) {
  return text.pipe(z.enum(names, `must be one of ${names.join(", ")}`));
}

export function wholeNumber(min: number, max: number) {
  const problem = `must be a whole number from ${min} to ${max}`;
  return text
    .regex(/^\d{1,9}$/, problem)
    .transform(Number)
    .pipe(z.int().min(min, problem).max(max, problem));
}

/** JSON that says what models cost, for those the table does not know or knows wrongly. */
export const modelPrices = text.transform((raw, context) => {
  const problem = (message: string) => context.issues.push({ code: "custom", message, input: undefined });
  const result = modelOverridesSchema.safeParse(parseJson(raw));
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    if (path.length === 0) {
      problem(
        'must be a JSON object such as {"my-model": {"input": 1, "output": 4}}, in USD per million tokens',
      );
    } else problem(`is wrong at ${path.map(String).join(".")}: ${message}`);
  }
  return z.NEVER;
});

/** Undefined for what is no JSON. */
function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

export function address({ path }: { path: boolean }) {
  const example = path ? "https://host/path" : "https://host";
  return text.transform((raw, context) => {
    const read = readAddress(raw, path);
    if (read !== undefined) return read;
    const message = `must be an address such as ${example} (plain http only on localhost), without credentials${path ? "" : ", path"}, query or fragment`;
    context.issues.push({ code: "custom", message, input: undefined });
    return z.NEVER;
  });
}

export function readOrigins(list: readonly string[], context: z.RefinementCtx): readonly string[] {
  if (list.length === 1 && list[0] === "*") return list;
  return list.map((raw) => {
    const read = raw.includes("*") ? undefined : readAddress(raw, false);
    if (read !== undefined) return read;
    const message =
      "must be origins such as https://app.example (plain http only on localhost), comma separated, or '*' alone";
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

/** An https address, or plain http on this machine; normalised, without a trailing slash. */
function readAddress(raw: string, path: boolean): string | undefined {
  const url = /^[\x21-\x7e]+$/.test(raw) && URL.canParse(raw) ? new URL(raw) : undefined;
  const fine =
    url !== undefined &&
    (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))) &&
    url.username === "" &&
    url.password === "" &&
    !/[?#@\\]/.test(raw) &&
    (path || url.pathname === "/");
  return fine ? `${url.origin}${url.pathname.replace(/\/+$/, "")}` : undefined;
}
