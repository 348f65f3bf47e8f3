/** Answers `GET /health` by running a real command on every backend, at a rate that cannot be turned against them. */
import { API_VERSION, type RunnerHealth } from "../../../src/sandbox/wire.ts";
import type { Backend } from "../backend.ts";
import { RunnerError } from "../errors.ts";
import type { Log } from "../log.ts";

type ProviderHealth = NonNullable<RunnerHealth["providers"][keyof RunnerHealth["providers"]]>;

/** Milliseconds a check may take, and an answer is good for once it is there. */
const CHECK_MS = 15_000;
const CACHE_MS = 5_000;

/** Checks run together, and never twice at a time, however many ask. */
export function createHealth(backends: readonly Backend[], log: Log): () => Promise<RunnerHealth> {
  let current: Promise<RunnerHealth> | undefined;
  let goodUntil = Number.POSITIVE_INFINITY;

  const check = async (): Promise<RunnerHealth> => {
    const found = await Promise.all(
      backends.map(async (backend) => [backend.provider, await checkOne(backend, log)] as const),
    );
    goodUntil = performance.now() + CACHE_MS;
    const available = found.filter(([, { status }]) => status === "available").length;
    const status = available === found.length ? "healthy" : available > 0 ? "degraded" : "unhealthy";
    return { status, api_version: API_VERSION, providers: Object.fromEntries(found) };
  };

  return () => {
    if (current === undefined || performance.now() >= goodUntil) {
      goodUntil = Number.POSITIVE_INFINITY;
      current = check();
    }
    return current;
  };
}

/** `message` is for everybody who asks: what is not meant for callers stays in the log. */
async function checkOne(backend: Backend, log: Log): Promise<ProviderHealth> {
  const signal = AbortSignal.timeout(CHECK_MS);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new RunnerError("provider_unavailable", "No answer.")));
  });
  try {
    await Promise.race([backend.check(signal), late]);
    return { status: "available" };
  } catch (error) {
    log.warn({ provider: backend.provider, error }, "health check failed");
    const message = error instanceof RunnerError ? error.message : "A command could not be run.";
    return { status: "unavailable", message };
  }
}
