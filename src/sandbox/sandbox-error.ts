/** What can go wrong between the service and a sandbox: a code to decide on, a sentence for people. */

export type SandboxProblem =
  /** No answer: not running, wrong address, network trouble. */
  | "unreachable"
  | "at_capacity"
  /** The runner is there, and cannot or will not run commands for this service. */
  | "unavailable"
  /** It had ended before what was asked of it began: expired, destroyed, or its engine went away. */
  | "gone"
  /** It ended, or the connection to it did, while something was under way. */
  | "lost"
  /** The runner said nothing for too long. */
  | "timed_out"
  /** More than fits into a sandbox, or than is taken back from one. */
  | "too_large"
  /** The repository's files could not be fetched for it. */
  | "unreadable"
  /** One of the service's own secrets would have left. */
  | "secret"
  /** The run has no time left for commands. */
  | "out_of_time"
  /** The runner said something that is not in the wire's vocabulary. */
  | "protocol";

/** `message` is a sentence that says what could not be done. */
export class SandboxError extends Error {
  readonly problem: SandboxProblem;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;

  constructor(problem: SandboxProblem, message: string, retryAfter?: number) {
    super(message);
    this.name = "SandboxError";
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}
