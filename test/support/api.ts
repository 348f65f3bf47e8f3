/** The service's HTTP API as a client with one credential uses it. */
import type { RecordedEvent } from "../../src/run/events.ts";
import type { RunPage, RunView } from "../../src/run/host.ts";
import { eventOf, framesIn, textOf } from "./frames.ts";
import { until } from "./until.ts";

export interface Call {
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export type CodeBody = Readonly<Record<string, unknown>>;

export interface Api {
  /** Any request; the answer as it is. */
  call(path: string, call?: Call): Promise<Response>;
  /** POST /code; the answer is a stream. */
  stream(body: CodeBody, call?: Call): Promise<Response>;
  /** POST /code, not waiting for events. Throws unless it is accepted. */
  start(body: CodeBody, call?: Call): Promise<RunView>;
  /** POST /runs/:id/prompt, not waiting for events. Throws unless it is accepted. */
  goOn(id: string, body: CodeBody, call?: Call): Promise<RunView>;
  view(id: string): Promise<RunView>;
  cancel(id: string): Promise<RunView>;
  list(query?: string): Promise<RunPage>;
  /** Waits for the run to end, over restarts of the service as well. */
  ended(id: string, deadlineMs?: number): Promise<RunView>;
  /** The frames of events behind `after`, read until the stream ends, joined. */
  log(id: string, after?: number): Promise<string>;
  /** The whole log, each event checked. */
  events(id: string): Promise<readonly RecordedEvent[]>;
  /** What is in the log by now. */
  soFar(id: string): Promise<string>;
}

/** @param credential headers that say who is calling */
export function createApi(url: string, credential: Readonly<Record<string, string>>): Api {
  const call: Api["call"] = (path, { method, body, headers = {}, signal } = {}) =>
    fetch(url + path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      // A connection of its own: one kept from before a restart would fail a request that has done nothing wrong.
      headers: {
        connection: "close",
        ...credential,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  const json = async <T>(status: number, path: string, options?: Call): Promise<T> => {
    const response = await call(path, options);
    const text = await response.text();
    if (response.status !== status) throw new Error(`${path} answered ${response.status}: ${text}`);
    return JSON.parse(text) as T;
  };
  const posted = (path: string, body: CodeBody, { headers = {}, ...rest }: Call = {}) =>
    json<RunView>(202, path, { body, headers: { accept: "application/json", ...headers }, ...rest });
  const view = (id: string) => json<RunView>(200, `/runs/${id}`);
  const log = async (id: string, after = 0): Promise<string> => {
    const response = await call(`/runs/${id}/events?after=${after}`);
    if (response.status !== 200) throw new Error(`events answered ${response.status}`);
    return textOf(framesIn(await response.text()));
  };

  return {
    call,
    stream: (body, options = {}) => call("/code", { ...options, body }),
    start: (body, options) => posted("/code", body, options),
    goOn: (id, body, options) => posted(`/runs/${id}/prompt`, body, options),
    view,
    cancel: (id) => json<RunView>(200, `/runs/${id}`, { method: "DELETE" }),
    list: (query = "") => json<RunPage>(200, `/runs${query}`),
    ended: (id, deadlineMs) =>
      until(
        `run ${id} ends`,
        async () => {
          const seen = await unlessDown(() => view(id));
          return seen !== undefined && seen.status !== "running" && seen;
        },
        deadlineMs,
      ),
    log,
    events: async (id) => framesIn(await log(id)).map(eventOf),
    soFar: async (id) => {
      const { last_event_id } = await view(id);
      const cut = new AbortController();
      const response = await call(`/runs/${id}/events`, { signal: cut.signal });
      try {
        return textOf(await framesUpTo(response, last_event_id));
      } finally {
        cut.abort();
      }
    },
  };
}

/** Reads frames until the one with this number, or to the end; what comes after stays unread. */
export async function framesUpTo(response: Response, seq: number) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const frames = framesIn(text);
    if ((frames.at(-1)?.seq ?? 0) >= seq) return frames.filter((frame) => frame.seq <= seq);
  }
  return framesIn(text);
}

/** The answer, or undefined while nobody listens or the connection breaks: a service that is being started again. */
async function unlessDown<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
