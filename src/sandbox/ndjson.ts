/** Reads a command's events, one JSON value a line, from a response that may be cut or wrong anywhere. */
import { SandboxError } from "./sandbox-error.ts";
import { type ExecEvent, execEventSchema } from "./wire.ts";

/** Characters of one line. */
const LONGEST_LINE = 1_048_576;
/** Characters of output that adjacent events are joined to. */
const MOST_JOINED = 65_536;

/**
 * The events as they arrive. Output that arrived together and went to the same stream is one event, so that a
 * command which writes byte by byte does not make an event of each. Throws SandboxError `protocol`.
 */
export async function* readExecEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ExecEvent, void> {
  const decoder = new TextDecoder();
  let pending = "";
  for await (const chunk of chunks) {
    pending += decoder.decode(chunk, { stream: true });
    const lines = pending.split("\n");
    pending = lines.pop() ?? "";
    if (pending.length > LONGEST_LINE) throw wrong();
    yield* joined(lines.map(readLine));
  }
  if (pending + decoder.decode() !== "") throw new SandboxError("lost", CUT);
}

export const CUT = "The connection to the sandbox-runner broke while the command ran.";

function readLine(line: string): ExecEvent {
  if (line.length > LONGEST_LINE) throw wrong();
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw wrong();
  }
  const event = execEventSchema.safeParse(value);
  if (!event.success) throw wrong();
  return event.data;
}

function* joined(events: readonly ExecEvent[]): Generator<ExecEvent> {
  let last: ExecEvent | undefined;
  for (const event of events) {
    const follows = last?.type === "output" && event.type === "output" && last.stream === event.stream;
    if (follows && last?.type === "output" && last.data.length < MOST_JOINED) {
      last = { ...last, data: last.data + event.data };
      continue;
    }
    if (last !== undefined) yield last;
    last = event;
  }
  if (last !== undefined) yield last;
}

function wrong(): SandboxError {
  return new SandboxError("protocol", "The sandbox-runner sent something that is no event of a command.");
}
