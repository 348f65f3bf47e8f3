/** Answers `GET /health` by running a real command on every backend, at a rate that cannot be turned against them. */
import { API_VERSION, type RunnerHealth } from "../../../src/sandbox/wire.ts";
import type { Backend } from "../backend.ts";
import { RunnerError } from "../errors.ts";
import type { Log } from "../log.ts";

type ProviderHealth = NonNullable<RunnerHealth["providers"][keyof RunnerHealth["providers"]]>;

/** Milliseconds a check may take. */
const CHECK_MS = 15_000;

export interface HealthTimes {
  /** Milliseconds for which an answer is as good as a new one. */
  readonly freshMs: number;
  /** Milliseconds a new check is waited for while an older answer is at hand. The service waits two seconds for both. */
  readonly patienceMs: number;
  /** Milliseconds after which an answer is too old for that. */
  readonly oldestMs: number;
}

const TIMES: HealthTimes = { freshMs: 5_000, patienceMs: 1_000, oldestMs: 600_000 };

/**
 * Checks run together, and never twice at a time, however many ask. While a slow one is under way (a cold start on
 * Lambda takes seconds) the last answer stands in for it.
 */
export function createHealth(
  backends: readonly Backend[],
  log: Log,
  { freshMs, patienceMs, oldestMs }: HealthTimes = TIMES,
): () => Promise<RunnerHealth> {
  let checking: Promise<RunnerHealth> | undefined;
  let last: { readonly health: RunnerHealth; readonly at: number } | undefined;

  const check = async (): Promise<RunnerHealth> => {
    const found = await Promise.all(
      backends.map(async (backend) => [backend.provider, await checkOne(backend, log)] as const),
    );
    const available = found.filter(([, { status }]) => status === "available").length;
    const status = available === found.length ? "healthy" : available > 0 ? "degraded" : "unhealthy";
    const health = { status, api_version: API_VERSION, providers: Object.fromEntries(found) } as const;
    last = { health, at: performance.now() };
    checking = undefined;
    return health;
  };

  return async () => {
    const age = last === undefined ? Number.POSITIVE_INFINITY : performance.now() - last.at;
    if (last !== undefined && age < freshMs) return last.health;
    checking ??= check();
    return last === undefined || age > oldestMs
      ? await checking
      : await unlessLate(checking, patienceMs, last.health);
  };
}

async function unlessLate<T>(work: Promise<T>, milliseconds: number, instead: T): Promise<T> {
  const late = Promise.withResolvers<T>();
  const timer = setTimeout(() => late.resolve(instead), milliseconds);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
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
