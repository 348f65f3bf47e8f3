/** Sends a prompt and reads what comes back, as any client of the service would. */
import { EventSourceParserStream } from "eventsource-parser/stream";
import { z } from "zod";
import { type RecordedEvent, recordedEventSchema } from "../../src/run/events.ts";

const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** The events of one run. Throws when the request is refused, with the service's reason. */
export async function* sendPrompt(
  workerUrl: string,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): AsyncGenerator<RecordedEvent> {
  const response = await fetch(`${workerUrl}/code`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok || response.body === null) throw new Error(await reasonIn(response));
  const messages = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { data } of messages) yield recordedEventSchema.parse(JSON.parse(data));
}

async function reasonIn(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return `The service refused the request: ${refusal.parse(JSON.parse(text)).error.message}`;
  } catch {
    return `The service answered ${response.status}: ${text.slice(0, 500)}`;
  }
}
