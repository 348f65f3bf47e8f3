/** Calls to the Docker engine: each has a time limit, and fails as something a caller can be told. */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import Docker from "dockerode";
import { RunnerError } from "../errors.ts";

/** For any one call; creating and starting a container takes tenths of a second. */
const CALL_MS = 15_000;

/**
 * The engine that `DOCKER_HOST` names, with `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` as Docker's own tools take
 * them, or the local one. Connections are not kept: one that the engine has closed, as by a restart, would fail the
 * next call.
 */
export function connectEngine(): Docker {
  const docker = new Docker();
  // Its published types leave these two out.
  const modem = docker.modem as unknown as { readonly protocol: "http" | "https" | "ssh"; agent?: HttpAgent };
  // Over ssh each call has a connection of its own already.
  if (modem.protocol !== "ssh") {
    modem.agent = new (modem.protocol === "https" ? HttpsAgent : HttpAgent)({ keepAlive: false });
  }
  return docker;
}

/**
 * Runs one call. `signal` ends the waiting, not what the engine has begun: `late` gets what it then still answers.
 * Throws RunnerError.
 */
export async function call<T>(
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
  late: (value: T) => void = () => {},
): Promise<T> {
  const limit = AbortSignal.timeout(CALL_MS);
  const either = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  const over = Promise.withResolvers<never>();
  const stop = () => over.reject(either.reason);
  either.addEventListener("abort", stop, { once: true });
  try {
    either.throwIfAborted();
    const answer = run(either);
    answer.then((value) => either.aborted && late(value)).catch(() => {});
    return await Promise.race([answer, over.promise]);
  } catch (error) {
    signal?.throwIfAborted();
    throw engineError(error);
  } finally {
    either.removeEventListener("abort", stop);
  }
}

/** The engine's words go into `cause`, for the log: they name images, paths and flags. */
function engineError(error: unknown): RunnerError {
  const status = statusCode(error);
  if (status === 404 || status === 409)
    return new RunnerError("sandbox_lost", "The sandbox is not there any more.", { cause: error });
  return new RunnerError("provider_unavailable", "The Docker engine does not answer as it should.", {
    cause: error,
  });
}

/** The HTTP status the engine answered with, or undefined when it did not answer. */
export function statusCode(error: unknown): number | undefined {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : undefined;
}
