/** What a display can do; there is one for people at a terminal and one for pipes. */
import type { DoneEvent, RecordedEvent } from "../../src/run/events.ts";

export interface Ending {
  readonly done: DoneEvent;
  /** What the run changed, as `git diff` prints it or as the patch of the `done` event; empty for nothing. */
  readonly diff: string;
  /** What stays up until Ctrl-C. */
  readonly kept: Kept | undefined;
}

export interface Kept {
  readonly forgeUrl: string;
  readonly workerUrl: string;
  /** What `repoUrl` has to be in further requests. */
  readonly repoUrl: string;
}

export interface Display {
  begin(facts: { readonly repository: string; readonly prompt: string }): void;
  /** A task of the demo itself begins; the next one, or the first event, ends it. */
  starting(what: string): void;
  started(): void;
  event(event: RecordedEvent): void;
  /** The run is over: shows what came of it. */
  finish(ending: Ending): void;
  /** One line more, about the demo itself. */
  note(text: string): void;
  /** Leaves the terminal as it was. More calls do nothing; safe in an exit handler. */
  close(): void;
}

/** A request like the demo's, to send by hand while everything is kept up. */
export function curlExample({ workerUrl, repoUrl }: Kept): string {
  const body = JSON.stringify({ repoUrl, prompt: 'Create a file notes.md with the content "Hello"' });
  return `curl -N ${workerUrl}/code -H 'content-type: application/json' -d '${body}'`;
}
