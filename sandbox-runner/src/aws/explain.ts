/** The one translation of what AWS says into what callers are told: no ARNs, no keys, no account numbers. */

import type { CommandEnd } from "../backend.ts";
import { RunnerError } from "../errors.ts";

const RETRY_AFTER_SECONDS = 5;

/** What went wrong inside the function, as Lambda reports it at the end of a stream. */
export class FunctionError extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.name = "FunctionError";
    this.type = type;
  }
}

/**
 * How a command ended that took its function down with it. Throws RunnerError when it was not the command's doing, or
 * may not have been: a function that ends before it has `answered` anything may never have started one.
 */
export function endingOf(error: FunctionError, answered: boolean): CommandEnd {
  const lost = (ending: CommandEnd["ending"]): CommandEnd => ({ ending, exitCode: null, signal: null });
  if (error.type === "Sandbox.Timedout" || error.message.includes("Task timed out")) return lost("timed_out");
  if (error.type === "Runtime.OutOfMemory") return lost("out_of_memory");
  if (error.type === "Runtime.ExitError") {
    // Lambda's words for a function that is out of memory. A command that kills its function looks the same.
    if (error.message.includes("signal: killed")) return lost("out_of_memory");
    if (answered) return lost("sandbox_lost");
  }
  if (error.type === "Function.ResponseSizeTooLarge") {
    throw new RunnerError(
      "payload_too_large",
      "The command's output and the files it changed are larger than AWS Lambda streams back.",
      { cause: error },
    );
  }
  throw new RunnerError(
    "provider_unavailable",
    "The Lambda function failed, or the command ended it; its log says why.",
    { cause: error },
  );
}

const CREDENTIALS =
  "AWS refuses the runner's credentials, or they do not allow lambda:InvokeFunction on its function.";
const NOT_READY = "The Lambda function is not ready; try again.";

const SENTENCES: Readonly<Record<string, string>> = {
  ResourceNotFoundException:
    "There is no Lambda function of the name and in the region the runner is set up with.",
  AccessDeniedException: CREDENTIALS,
  UnrecognizedClientException: CREDENTIALS,
  InvalidSignatureException: CREDENTIALS,
  ExpiredTokenException: CREDENTIALS,
  MissingAuthenticationTokenException: CREDENTIALS,
  CredentialsProviderError: "The runner has no AWS credentials.",
  InvalidParameterValueException:
    "The Lambda function does not take the runner's request: deploy it from the template that belongs to the runner.",
  ServiceQuotaExceededException:
    "The runner's AWS account is at one of Lambda's quotas; AWS's Service Quotas can raise it.",
  ResourceNotReadyException: NOT_READY,
  ResourceConflictException: NOT_READY,
};

/** Of what the SDK throws. Its own words stay in `cause`, for the log. */
export function explainAwsError(error: unknown): RunnerError {
  if (error instanceof RunnerError) return error;
  const { name, retryAfterSeconds, status } = factsOf(error);
  if (name === "TooManyRequestsException" || status === 429) {
    return new RunnerError("at_capacity", "AWS Lambda runs as many commands as it may; try again.", {
      retryAfter: retryAfterSeconds ?? RETRY_AFTER_SECONDS,
      cause: error,
    });
  }
  if (name === "RequestTooLargeException" || status === 413) {
    return new RunnerError("payload_too_large", "The sandbox's files are larger than AWS Lambda takes.", {
      cause: error,
    });
  }
  const sentence = Object.hasOwn(SENTENCES, name) ? SENTENCES[name] : undefined;
  const fallback =
    status === undefined ? "AWS Lambda does not answer." : "AWS Lambda could not run the command.";
  return new RunnerError("provider_unavailable", sentence ?? fallback, { cause: error });
}

function factsOf(error: unknown): {
  readonly name: string;
  readonly status: number | undefined;
  readonly retryAfterSeconds: number | undefined;
} {
  if (!(error instanceof Error)) return { name: "", status: undefined, retryAfterSeconds: undefined };
  const { $metadata, retryAfterSeconds } = error as {
    $metadata?: { httpStatusCode?: number };
    retryAfterSeconds?: string;
  };
  const seconds = Number.parseInt(retryAfterSeconds ?? "", 10);
  return {
    name: error.name,
    status: $metadata?.httpStatusCode,
    retryAfterSeconds: seconds > 0 ? seconds : undefined,
  };
}
