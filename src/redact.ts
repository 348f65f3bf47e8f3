/** Keeps secrets inside: the one place that everything passes on its way to a client, a log or a forge. */
import { secretForms } from "./redact/forms.ts";
import { createScanner, type StreamRedactor } from "./redact/scanner.ts";
import { createShapeStream, redactShapes } from "./redact/shapes.ts";
import type { CheckpointMark, RunOutput, SuspendMark } from "./run/checkpoint.ts";
import type { RunEvent } from "./run/events.ts";

export type { StreamRedactor } from "./redact/scanner.ts";

const REDACTED = "[redacted]";
/** Shorter secrets would be found in ordinary text. */
const MIN_SECRET = 8;
/** Deeper JSON than anything the service makes; it would overflow the stack of whoever serialises it. */
const MAX_DEPTH = 100;

export interface Redactor {
  /** A copy with every secret replaced, in strings and keys at any depth of plain JSON values. */
  redact<T>(value: T): T;
  /** True when a text holds one of the known secrets; shapes that only look like a token do not count. */
  holds(text: string): boolean;
  /** For text in pieces: a secret cut anywhere is found, and the joined result is the same. */
  stream(): StreamRedactor;
}

/**
 * A redactor for these secrets: raw, in base64 (any alignment, either alphabet), as git's basic
 * credentials, in hexadecimal, all of these but the first also broken into lines, percent-encoded wholly
 * or in part, and escaped for JSON; and for anything shaped like a GitHub, OpenAI, Anthropic or AWS token.
 * Encodings on top of each other are not undone. Secrets under 8 characters are ignored. Time is linear in
 * the text.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= MIN_SECRET);
  const scanner = createScanner(secretForms(known), REDACTED);

  const redactText = (text: string): string => {
    const scan = scanner();
    return redactShapes(scan.push(text) + scan.flush(), REDACTED);
  };

  const redactValue = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return redactText(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth >= MAX_DEPTH) return "[nested too deeply]";
    if (Array.isArray(value)) return value.map((entry: unknown) => redactValue(entry, depth + 1));
    // `fromEntries` defines own properties, so that a `__proto__` key stays a key.
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [redactText(key), redactValue(entry, depth + 1)]),
    );
  };

  return {
    holds(text) {
      const scan = scanner();
      return scan.push(text) + scan.flush() !== text;
    },
    redact: <T>(value: T) => redactValue(value, 0) as T,
    stream: () => inSequence(scanner(), createShapeStream(REDACTED)),
  };
}

/** The stream redactor alone, for text that is not part of events. */
export function createStreamRedactor(secrets: readonly string[]): StreamRedactor {
  return createRedactor(secrets).stream();
}

function inSequence(first: StreamRedactor, second: StreamRedactor): StreamRedactor {
  return {
    push: (chunk) => second.push(first.push(chunk)),
    flush: () => second.push(first.flush()) + second.flush(),
  };
}

type TextEvent = Extract<RunEvent, { type: "text" }>;
type OutputEvent = Extract<RunEvent, { type: "output" }>;

/**
 * Redacts events in order. The model's words and each output stream are redacted across events, so
 * that a secret cut in two is found; what is held back comes before the next event of another type.
 * An event all of whose text is held back is left out. A checkpoint comes behind all text before it.
 */
export async function* redactOutputs<O extends RunOutput>(
  outputs: AsyncIterable<O>,
  redactor: Redactor,
): AsyncGenerator<O | RunEvent> {
  const channels = {
    text: createChannel<TextEvent>(
      redactor,
      (event) => event.delta,
      (event, delta) => ({ ...event, delta }),
    ),
    stdout: createChannel<OutputEvent>(
      redactor,
      (event) => event.data,
      (event, data) => ({ ...event, data }),
    ),
    stderr: createChannel<OutputEvent>(
      redactor,
      (event) => event.data,
      (event, data) => ({ ...event, data }),
    ),
  };
  const flushOutput = () => [...channels.stdout.flush(), ...channels.stderr.flush()];

  try {
    for await (const event of outputs) {
      if (event.type !== "text") yield* channels.text.flush();
      if (event.type !== "output") yield* flushOutput();
      if (event.type === "text") yield* channels.text.push(event);
      else if (event.type === "output") yield* channels[event.stream].push(event);
      else yield isMark(event) ? event : redactor.redact(event);
    }
  } catch (error) {
    yield* [...channels.text.flush(), ...flushOutput()];
    throw error;
  }
  yield* [...channels.text.flush(), ...flushOutput()];
}

/** Marks go to the store, not to readers; what they hold has been redacted on its way into the run. */
function isMark(output: RunOutput): output is CheckpointMark | SuspendMark {
  return output.type === "checkpoint" || output.type === "suspend";
}

/** One stream of text inside the events. */
function createChannel<E extends TextEvent | OutputEvent>(
  redactor: Redactor,
  read: (event: E) => string,
  write: (event: E, text: string) => E,
) {
  const stream = redactor.stream();
  let last: E | undefined;
  const emit = (event: E, text: string): E[] => (text === "" ? [] : [write(event, text)]);
  return {
    push(event: E): E[] {
      const text = read(event);
      const out = stream.push(text);
      // A message that repeats the text would show what is being held back.
      const message = event.message === text ? out || REDACTED : redactor.redact(event.message);
      last = { ...event, message };
      return emit(last, out);
    },
    flush(): E[] {
      return last === undefined ? [] : emit(last, stream.flush());
    },
  };
}
