/** The whole service for an end-to-end test: the built Worker in workerd, pointed at a local forge. */
import { EventSourceParserStream } from "eventsource-parser/stream";
import { type RecordedEvent, recordedEventSchema } from "../../src/run/events.ts";
import { collect } from "./collect.ts";
import { type LocalForge, startForge } from "./forge/server.ts";
import { type RunningWorker, startWorker } from "./worker.ts";

/** The deployment's token at the forge, and a canary: it must turn up nowhere else. */
export const SERVICE_TOKEN = "canary_github_token_0123456789";
export const SERVICE_LOGIN = "tiny-bot";

export interface Service {
  readonly forge: LocalForge;
  readonly worker: RunningWorker;
  /** POSTs JSON; the answer as it is. */
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
  /** POST /code and every event of the stream, each checked against the published schema. */
  run(body: Readonly<Record<string, unknown>>): Promise<RecordedEvent[]>;
  close(): Promise<void>;
}

export interface ServiceOptions {
  /** False leaves the deployment without a GitHub token. */
  readonly token?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly forge?: Parameters<typeof startForge>[0];
}

export async function startService({
  token = true,
  env = {},
  forge: options,
}: ServiceOptions = {}): Promise<Service> {
  const forge = await startForge({ tokens: { [SERVICE_TOKEN]: { login: SERVICE_LOGIN } }, ...options });
  const worker = await startWorker({
    env: {
      GITHUB_SERVER_URL: forge.url,
      GITHUB_API_URL: forge.apiUrl,
      ...(token ? { GITHUB_TOKEN: SERVICE_TOKEN } : {}),
      ...env,
    },
  });
  const post = (path: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
    fetch(worker.url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      ...init,
    });
  return {
    forge,
    worker,
    post,
    async run(body) {
      const response = await post("/code", body);
      if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
      return collect(readEvents(response));
    },
    async close() {
      await worker.stop();
      await forge.close();
    },
  };
}

/** The events of a stream as they arrive; throws for one that is not in the published vocabulary. */
export async function* readEvents(response: Response): AsyncGenerator<RecordedEvent> {
  if (response.body === null) throw new Error("no body");
  const frames = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { id, event, data } of frames) {
    const parsed = recordedEventSchema.parse(JSON.parse(data));
    if (event !== undefined || id !== String(parsed.seq))
      throw new Error(`frame ${id} (${event}) does not match ${data}`);
    yield parsed;
  }
}

/** Events with what differs from run to run replaced, so that whole arrays can be compared. */
export function stable(events: readonly RecordedEvent[], forge: LocalForge): unknown[] {
  const text = JSON.stringify(events)
    .replaceAll(forge.url, "https://forge")
    .replace(/"time":"[^"]+"/g, '"time":"<time>"')
    .replace(/"duration_ms":[0-9.]+/g, '"duration_ms":0')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<run id>")
    .replace(/(tiny-backspace\/[a-z0-9-]*-)[a-z0-9]{8}(?![a-z0-9])/g, "$1<id>")
    .replace(/[0-9a-f]{40}/g, "<commit>")
    .replace(/\b(Commit|at) [0-9a-f]{10}\b/g, "$1 <short>");
  return JSON.parse(text);
}
