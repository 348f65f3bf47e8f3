/** Everything the HTTP layer needs from the rest of the service; `worker.ts` fills it in. */
import type { Redactor } from "../redact.ts";
import type { RunContext } from "../run/deps.ts";
import type { RunEvent } from "../run/events.ts";
import type { RunRequest } from "../run/request.ts";
import type { AccessSettings } from "./access.ts";
import type { ConfigStore } from "./config.ts";
import type { HealthChecks } from "./health.ts";
import type { StartTimer } from "./timers.ts";

export interface HttpSettings extends AccessSettings {
  /** The service's own version, for `GET /`. */
  readonly version: string;
  /** The origin repositories live on, `https://github.com`. */
  readonly serverUrl: string;
}

export interface AppDeps {
  readonly settings: HttpSettings;
  /** Starts a run. Its first event comes before any network work, so that clients see life at once. */
  readonly startRun: (request: RunRequest, context: RunContext) => AsyncGenerator<RunEvent>;
  readonly config: ConfigStore;
  readonly checks: HealthChecks;
  /** Knows the deployment's secrets; everything that leaves goes through it. */
  readonly redactor: Redactor;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Unguessable, 128 bits or more: knowing the id may one day be the right to read the run. */
  readonly newRunId: () => string;
  /** Told about defects, for the operator's log; `error` is not redacted. */
  readonly report?: (error: unknown, where: string) => void;
  /** Real time when left out. */
  readonly startTimer?: StartTimer;
}
