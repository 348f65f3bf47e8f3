/** The model keys that a caller brings for one run. */
import type { ModelKeys } from "../run/host/run-record.ts";
import { type Problem, RequestProblems } from "./problems.ts";

export const MODEL_KEY_HEADERS = {
  openai: "X-OpenAI-Api-Key",
  anthropic: "X-Anthropic-Api-Key",
} as const;

/** Undefined when there is none. @throws RequestProblems that name each bad header and hold no key. */
export function readModelKeys(headers: Headers): ModelKeys | undefined {
  const given = Object.entries(MODEL_KEY_HEADERS).flatMap(([provider, header]) => {
    const key = headers.get(header);
    return key === null ? [] : [{ provider, header, key }];
  });
  const problems = given
    .filter(({ key }) => !/^[\x21-\x7e]{8,500}$/.test(key))
    .map(
      ({ header: field }): Problem => ({
        field,
        message: `${field} must be the key alone: 8 to 500 printable ASCII characters without spaces. Leave it out to use no key of your own.`,
      }),
    );
  if (problems.length > 0) throw new RequestProblems(problems, "invalid_request");
  if (given.length === 0) return undefined;
  return Object.fromEntries(given.map(({ provider, key }) => [provider, key]));
}
