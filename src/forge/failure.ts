/** Turns whatever a REST call throws into plain facts, so that no request header travels on. */
import * as z from "zod";
import { isAbort, ServiceError } from "../errors.ts";

/** One entry of the `errors` array of GitHub's 422 answers, as it came. */
interface FailureDetail {
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

/** A response's header fields by lower-case name. */
export type HeaderFields = Readonly<Record<string, string | undefined>>;

/** GitHub answered with an error status. Texts are as they came: see explain.ts for showing them. */
export interface StatusFailure {
  readonly kind: "status";
  readonly status: number;
  readonly headers: HeaderFields;
  readonly message: string;
  readonly details: readonly FailureDetail[];
}

/** No answer, or one that is already explained. */
interface ServiceFailure {
  readonly kind: "service";
  readonly error: ServiceError;
}

export type Failure = StatusFailure | ServiceFailure;

const text = z.string().catch("");
const detail = z.union([
  z.string().transform((message): FailureDetail => ({ field: "", code: "", message })),
  z.object({ field: text, code: text, message: text }),
]);
const body = z
  .object({ message: text, errors: z.array(detail.catch({ field: "", code: "", message: "" })).catch([]) })
  .catch({ message: "", errors: [] });

/** Octokit's RequestError, which without a response stands for a failed connection. */
const requestError = z.object({
  status: z.number(),
  response: z.object({ headers: z.record(z.string(), z.unknown()), data: z.unknown() }).optional(),
  cause: z.unknown(),
});

/** What `error`, thrown by Octokit for a request to `host`, says. Throws the reason when aborted. */
export function readFailure(error: unknown, host: string, signal: AbortSignal): Failure {
  signal.throwIfAborted();
  if (error instanceof ServiceError) {
    return { kind: "service", error };
  }
  const parsed = requestError.safeParse(error);
  if (!parsed.success) {
    return { kind: "service", error: unreadable(host) };
  }
  const { status, response, cause } = parsed.data;
  if (response === undefined) {
    return { kind: "service", error: cause instanceof ServiceError ? cause : noAnswer(host, isAbort(cause)) };
  }
  const { message, errors } = body.parse(response.data);
  return { kind: "status", status, headers: headersOf(response.headers), message, details: errors };
}

/** An answer that GitHub's API does not give; perhaps another server's page. */
export function unreadable(host: string): ServiceError {
  return new ServiceError(
    "forge_unavailable",
    `"${host}" sent an answer that is not GitHub's API. Check GITHUB_API_URL, and try again.`,
    { retryable: true },
  );
}

/** The connection ended before the answer did. */
export function cutShort(host: string): ServiceError {
  return new ServiceError("network_error", `The answer of "${host}" was cut short. Try again.`, {
    retryable: true,
  });
}

/** All values of response headers are strings; Octokit's types allow numbers for some. */
export function headersOf(headers: object): HeaderFields {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function noAnswer(host: string, timedOut: boolean): ServiceError {
  const what = timedOut ? `"${host}" did not answer in time.` : `The connection to "${host}" failed.`;
  return new ServiceError("network_error", `${what} Try again; if it stays, check the server's state.`, {
    retryable: true,
  });
}
