/** Answers `GET /health` from real checks, at a rate that cannot be turned against what they check. */
import type { RuntimeConfig } from "../run/runtime-config.ts";
import type { StartTimer } from "./timers.ts";

export type ComponentStatus = "available" | "unavailable" | "not_configured";

/**
 * Finds out whether a component works now. May throw, which means `unavailable`; stops on `signal`.
 * `readConfig` asks what is configured at run time, for checks that depend on it.
 */
export type HealthCheck = (
  signal: AbortSignal,
  readConfig: () => Promise<RuntimeConfig>,
) => Promise<ComponentStatus>;

/** The components the service always reports, in the order it reports them. */
const COMPONENTS = [
  "git_operations",
  "coding_agent",
  "llm_agent",
  "cloud_sandbox",
  "openai",
  "anthropic",
  "docker",
] as const;
type ComponentName = (typeof COMPONENTS)[number];
/** `llm_agent` works as long as one of the vendors does. */
const CHECKED = COMPONENTS.filter((name) => name !== "llm_agent");
export type HealthChecks = Readonly<Record<(typeof CHECKED)[number], HealthCheck>>;

export interface HealthReport {
  readonly status: "healthy" | "degraded";
  readonly service: "tiny-backspace-enhanced";
  readonly components: Readonly<Record<ComponentName, ComponentStatus>>;
}

/** Milliseconds a check may take. */
const CHECK_MS = 2_000;
/** Milliseconds an answer is good for. */
const CACHE_MS = 5_000;

export interface HealthOptions {
  readonly checks: HealthChecks;
  readonly readConfig: () => Promise<RuntimeConfig>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly startTimer: StartTimer;
}

/**
 * `degraded` when a component that is there does not work; what was never configured
 * takes nothing away. Checks run together, and at most once in CACHE_MS however many ask.
 */
export function createHealth({
  checks,
  readConfig,
  now,
  startTimer,
}: HealthOptions): () => Promise<HealthReport> {
  let cached: { at: number; report: Promise<HealthReport> } | undefined;

  const runChecks = async (): Promise<HealthReport> => {
    const statuses = await Promise.all(
      CHECKED.map(async (name) => [name, await runCheck(checks[name], readConfig, startTimer)] as const),
    );
    const found = Object.fromEntries(statuses) as Record<keyof HealthChecks, ComponentStatus>;
    return report({ ...found, llm_agent: eitherOf(found.openai, found.anthropic) });
  };

  return async () => {
    if (cached === undefined || now() - cached.at >= CACHE_MS) cached = { at: now(), report: runChecks() };
    // The asker that started the checks may be gone, and its requests with it: wait on a timer of one's own.
    return withTimeout(cached.report, startTimer, CHECK_MS * 2, () => report(everything("unavailable")));
  };
}

/** True when the service can do its one job. */
export function canServe({ components }: Pick<HealthReport, "components">): boolean {
  return components.git_operations === "available" && components.coding_agent === "available";
}

/** What two that do the same amount to. */
function eitherOf(one: ComponentStatus, other: ComponentStatus): ComponentStatus {
  if (one === other) return one;
  return [one, other].includes("available") ? "available" : "unavailable";
}

async function runCheck(
  check: HealthCheck,
  readConfig: () => Promise<RuntimeConfig>,
  startTimer: StartTimer,
): Promise<ComponentStatus> {
  const abort = new AbortController();
  const status = (async () => check(abort.signal, readConfig))().catch((): ComponentStatus => "unavailable");
  return withTimeout(status, startTimer, CHECK_MS, () => {
    abort.abort(new DOMException("The check took too long.", "TimeoutError"));
    return "unavailable";
  });
}

async function withTimeout<T>(
  work: Promise<T>,
  startTimer: StartTimer,
  milliseconds: number,
  late: () => T,
): Promise<T> {
  const timeout = Promise.withResolvers<T>();
  const stopTimer = startTimer(() => timeout.resolve(late()), milliseconds);
  try {
    return await Promise.race([work, timeout.promise]);
  } finally {
    stopTimer();
  }
}

function report(components: Record<ComponentName, ComponentStatus>): HealthReport {
  const broken = COMPONENTS.some((name) => components[name] === "unavailable");
  return {
    status: broken || !canServe({ components }) ? "degraded" : "healthy",
    service: "tiny-backspace-enhanced",
    components,
  };
}

function everything(status: ComponentStatus): Record<ComponentName, ComponentStatus> {
  return {
    git_operations: status,
    coding_agent: status,
    llm_agent: status,
    cloud_sandbox: status,
    openai: status,
    anthropic: status,
    docker: status,
  };
}
