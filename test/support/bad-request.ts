/** What a request that must be refused looks like, and the answer it must get. */
import type { ErrorCode } from "../../src/errors.ts";
import type { Problem } from "../../src/http/problems.ts";

/** Stands for a secret somebody put where none belongs; it is not shaped like a token, so only care hides it. */
export const CANARY = "canary5f3a9b1c7d";

export interface BadRequest {
  readonly name: string;
  readonly path: "/code" | "/code/legacy" | "/config" | `/runs/${string}/prompt`;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly status: number;
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly problems?: readonly Problem[];
  };
}

export const JSON_TYPE = { "content-type": "application/json" };

/** A body for `POST /code` whose fields have these problems. */
export function refused(name: string, body: unknown, problems: readonly Problem[]): BadRequest {
  const [first] = problems;
  const message =
    problems.length === 1 && first !== undefined
      ? first.message
      : `The request has ${problems.length} problems; each is listed in "problems".`;
  return {
    name,
    path: "/code",
    headers: JSON_TYPE,
    body: JSON.stringify(body),
    status: 400,
    error: { code: "invalid_request", message, problems },
  };
}
