/** A run's events without what only its host is told. */
import type { RunOutput } from "../../src/run/checkpoint.ts";
import type { RunEvent } from "../../src/run/events.ts";

export async function* eventsOf(outputs: AsyncIterable<RunOutput>): AsyncGenerator<RunEvent> {
  for await (const output of outputs) {
    if (output.type !== "checkpoint" && output.type !== "suspend") yield output;
  }
}
