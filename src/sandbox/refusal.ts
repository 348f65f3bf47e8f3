/** What a runner's refusal means to a run, in a sentence. */
import { SandboxError, type SandboxProblem } from "./sandbox-error.ts";
import { type RunnerErrorCode, runnerErrorSchema } from "./wire.ts";

/** Characters of the runner's own words. */
const LONGEST_WORDS = 300;
/** Seconds, for an answer that does not say. */
const PAUSE = 2;

const MEANINGS: Readonly<Record<RunnerErrorCode, readonly [SandboxProblem, string]>> = {
  invalid_request: ["protocol", "The sandbox-runner does not understand this version of the service."],
  invalid_archive: ["protocol", "The sandbox-runner does not take the repository's files."],
  unauthorized: [
    "unavailable",
    "The sandbox-runner does not accept the service's signature: the secret (SANDBOX_RUNNER_SECRET) or the clock differs.",
  ],
  not_found: ["gone", "The sandbox is gone."],
  method_not_allowed: ["protocol", "The sandbox-runner does not understand this version of the service."],
  sandbox_in_use: ["protocol", "The sandbox runs another command."],
  sandbox_lost: ["gone", "The sandbox has ended."],
  payload_too_large: ["too_large", "The files are more than the sandbox-runner takes."],
  internal: ["unavailable", "The sandbox-runner failed."],
  provider_unavailable: ["unavailable", "The sandbox-runner cannot run commands there."],
  at_capacity: ["at_capacity", "All places of the sandbox-runner are taken."],
};

/** `retryAfter` is the header's value: seconds. */
export function refusal(status: number, body: string, retryAfter: string | null): SandboxError {
  const { code, message } = read(body);
  const meaning = Object.hasOwn(MEANINGS, code) ? MEANINGS[code as RunnerErrorCode] : undefined;
  if (meaning === undefined) {
    const what = status === 0 ? "failed" : `answered with status ${status}`;
    return new SandboxError("unavailable", `The sandbox-runner ${what}.`);
  }
  const [problem, sentence] = meaning;
  const seconds = retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : PAUSE;
  return new SandboxError(
    problem,
    message === "" ? sentence : `${sentence} It says: ${message}`,
    problem === "at_capacity" ? seconds : undefined,
  );
}

function read(body: string): { readonly code: string; readonly message: string } {
  try {
    const { error } = runnerErrorSchema.parse(withRetryable(JSON.parse(body)));
    const words = error.message.replace(/\s+/g, " ").trim().toWellFormed();
    const message = words.length > LONGEST_WORDS ? `${words.slice(0, LONGEST_WORDS - 1)}…` : words;
    return { code: error.code, message };
  } catch {
    return { code: "", message: "" };
  }
}

/** The last line of a command's events has no such field. */
function withRetryable(value: unknown): unknown {
  const error = typeof value === "object" && value !== null && "error" in value ? value.error : undefined;
  return { error: { retryable: false, ...(typeof error === "object" ? error : {}) } };
}
