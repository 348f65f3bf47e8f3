/** What a scripted run is to send; it travels as the run's prompt. */

export interface Script {
  readonly events: number;
  /** Length of each event's text. */
  readonly characters: number;
  /** Events between two turns of the event loop. */
  readonly burst: number;
  /** Fetched before the first of the events; whoever answers says when they begin. */
  readonly gate?: string;
}

export function writeScript(script: Script): string {
  return JSON.stringify(script);
}

export function readScript(prompt: string): Script {
  return JSON.parse(prompt) as Script;
}
