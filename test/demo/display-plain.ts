/** The display for pipes and files: a line for each event, then the diff, and no escape codes. */
import type { RecordedEvent } from "../../src/run/events.ts";
import { curlExample, type Display, type Ending } from "./display.ts";
import { duration } from "./durations.ts";
import { printable, printableLine } from "./printable.ts";

/** Writes to `write`, which gets whole lines. */
export function createPlainDisplay(write: (text: string) => void): Display {
  const line = (text: string) => write(`${text}\n`);
  return {
    begin: ({ repository, prompt }) => {
      line("Tiny Backspace");
      line(`repository: ${printableLine(repository)}`);
      line(`prompt: ${printableLine(prompt)}`);
    },
    starting: (what) => line(`starting: ${printableLine(what)}`),
    started: () => undefined,
    event: (event) => line(eventLine(event)),
    finish: (ending) => write(endingText(ending)),
    note: (text) => line(printableLine(text)),
    close: () => undefined,
  };
}

/** `3 success preflight: … (42 ms)`: number, type, and what the type is about. */
function eventLine(event: RecordedEvent): string {
  return `${event.seq} ${event.type} ${printableLine(telling(event))}`.trimEnd();
}

function telling(event: RecordedEvent): string {
  switch (event.type) {
    case "info":
    case "change":
    case "usage":
      return event.message;
    case "progress":
      return `${event.step}: ${event.message}`;
    case "success": {
      const time = duration(event.duration_ms);
      return `${event.step}: ${event.message}${time === "" ? "" : ` (${time})`}`;
    }
    case "tool":
      return `${event.name} ${event.status}: ${event.message}${event.output === undefined ? "" : `: ${event.output}`}`;
    case "text":
      return event.delta;
    case "output":
      return `${event.stream}: ${event.data}`;
    case "warning":
    case "error":
      return `${event.code}: ${event.message}`;
    case "done":
      return `${event.status}: ${event.message}`;
  }
}

function endingText({ done, diff, kept }: Ending): string {
  const understood = done.understood ?? [];
  const parts = [
    understood.length === 0
      ? []
      : ["Prompts that are understood:", ...understood.map((text) => `  ${printableLine(text)}`)],
    diff === "" ? [] : printable(diff.replace(/\n$/, "")).split("\n"),
    done.pr_url === null ? [] : [`pull request: ${printableLine(done.pr_url)}`],
    kept === undefined
      ? []
      : [
          `forge: ${kept.forgeUrl}`,
          `worker: ${kept.workerUrl}`,
          `once more: ${curlExample(kept)}`,
          "Running until Ctrl-C.",
        ],
  ].filter((lines) => lines.length > 0);
  return parts.map((lines) => `\n${lines.join("\n")}\n`).join("");
}
