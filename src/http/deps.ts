/** Everything the HTTP layer needs from the rest of the service; the entry files fill it in. */
import type { Redactor } from "../redact.ts";
import type { RunHost } from "../run/host.ts";
import type { AccessSettings } from "./access.ts";
import type { Config } from "./config.ts";
import type { HealthChecks } from "./health.ts";
import type { RateLimiter } from "./rate-limit.ts";
import type { StartTimer } from "./timers.ts";

export interface HttpSettings extends AccessSettings {
  /** The service's own version, for `GET /`. */
  readonly version: string;
  /** The origin repositories live on, `https://github.com`. */
  readonly serverUrl: string;
}

export interface AppDeps {
  readonly settings: HttpSettings;
  /** Keeps and drives the runs; requests only start, read and cancel them. */
  readonly host: RunHost;
  readonly config: Config;
  readonly checks: HealthChecks;
  /** `starts` counts what starts work, `requests` everything else about runs and the configuration. */
  readonly rateLimit: { readonly starts: RateLimiter; readonly requests: RateLimiter };
  /** The IP address a request came from, when something that the client cannot forge says it. */
  readonly clientAddress: (request: Request) => string | undefined;
  /** Knows the deployment's secrets; everything that leaves goes through it. */
  readonly redactor: Redactor;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told about defects, for the operator's log; `error` is not redacted. */
  readonly report?: (error: unknown, where: string) => void;
  /** Real time when left out. */
  readonly startTimer?: StartTimer;
}
