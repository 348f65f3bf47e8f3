/** What the runner counts, for Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { ExecEnding, RunnerErrorCode, RunnerProvider } from "../../src/sandbox/wire.ts";

/** Why a sandbox is no more. */
export type SandboxEnding = "destroyed" | "expired" | "failed" | "lost" | "shutdown";

export interface Metrics {
  sandboxCreated(provider: RunnerProvider): void;
  sandboxEnded(provider: RunnerProvider, ending: SandboxEnding): void;
  commandEnded(ending: ExecEnding, seconds: number): void;
  outputPassedOn(bytes: number): void;
  requestRefused(code: RunnerErrorCode): void;
  /** In Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** From the fastest command there is to the longest that is allowed. */
const DURATION_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];

export interface Occupancy {
  readonly active: number;
  readonly queued: number;
}

/** `occupancy` is asked when the metrics are read. A runner has a registry of its own. */
export function createMetrics(occupancy: Occupancy): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge("sandbox_runner_sandboxes_active", "Sandboxes there are now.", () => occupancy.active);
  gauge("sandbox_runner_sandboxes_queued", "Requests that wait for a place.", () => occupancy.queued);
  const created = new Counter({
    name: "sandbox_runner_sandboxes_created_total",
    help: "Sandboxes that were created.",
    labelNames: ["provider"] as const,
    registers,
  });
  const ended = new Counter({
    name: "sandbox_runner_sandboxes_ended_total",
    help: "Sandboxes that ended, by how.",
    labelNames: ["provider", "ending"] as const,
    registers,
  });
  const commands = new Histogram({
    name: "sandbox_runner_command_duration_seconds",
    help: "How long commands took, by how they ended.",
    labelNames: ["ending"] as const,
    buckets: DURATION_BUCKETS,
    registers,
  });
  const output = new Counter({
    name: "sandbox_runner_output_bytes_total",
    help: "Bytes of output that were passed on.",
    registers,
  });
  const refused = new Counter({
    name: "sandbox_runner_requests_refused_total",
    help: "Requests that were answered with an error, by its code.",
    labelNames: ["code"] as const,
    registers,
  });
  return {
    sandboxCreated: (provider) => created.inc({ provider }),
    sandboxEnded: (provider, ending) => ended.inc({ provider, ending }),
    commandEnded: (ending, seconds) => commands.observe({ ending }, seconds),
    outputPassedOn: (bytes) => output.inc(bytes),
    requestRefused: (code) => refused.inc({ code }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
