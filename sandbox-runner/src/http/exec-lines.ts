/** Writes a command's events as lines of JSON, and tells the log and the metrics how it ended. */
import type { ExecEvent } from "../../../src/sandbox/wire.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Lease } from "../sandboxes.ts";
import { loggedError, shownError } from "./error-response.ts";

export interface ExecLinesOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  /** What the log is told with every line. */
  readonly fields: Readonly<Record<string, string>>;
}

const encoder = new TextEncoder();

/** Never throws: what goes wrong is the last line. */
export async function* execLines(
  lease: Lease<AsyncGenerator<ExecEvent, void>>,
  { log, metrics, fields }: ExecLinesOptions,
): AsyncGenerator<Uint8Array, void> {
  let over = false;
  try {
    for await (const event of lease.work) {
      if (event.type === "output") metrics.outputPassedOn(encoder.encode(event.data).byteLength);
      if (event.type === "end") {
        over = true;
        const { ending, exit_code, duration_ms, truncated, refused_hosts } = event;
        metrics.commandEnded(ending, duration_ms / 1000);
        log.info({ ...fields, ending, exit_code, duration_ms, truncated }, "command ended");
        if (refused_hosts.length > 0) log.info({ ...fields, refused_hosts }, "hosts were refused");
      }
      yield toLine(event);
    }
  } catch (error) {
    if (lease.signal.aborted) return;
    over = true;
    const { code, message } = shownError(error);
    log.error({ ...fields, ...loggedError(error) }, "command failed");
    yield toLine({ type: "error", code, message });
  } finally {
    if (!over) log.info(fields, "the client went away, and its command was ended");
  }
}

function toLine(event: ExecEvent): Uint8Array {
  return encoder.encode(`${JSON.stringify(event)}\n`);
}
