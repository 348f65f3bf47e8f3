/** A small run for tests of the routes, and how they read what comes back. */
import type { RecordedEvent } from "../../src/run/events.ts";
import { DONE } from "./ending.ts";
import { runIdOf, TIME } from "./memory-host.ts";

export const GOOD = { repoUrl: "https://github.com/octocat/hello", prompt: "Fix it" };
/** Of the first run a test app starts. */
export const ID = runIdOf(1);
export const JSON_ONLY = { accept: "application/json" };

const working: RecordedEvent = { seq: 1, time: TIME, type: "progress", message: "Working.", step: "edit" };
const done: RecordedEvent = { seq: 2, time: TIME, ...DONE };
/** Scripts of a run that has ended, and of one that goes on. */
export const finished = () => [working, done];
export const goesOn = () => [working];

/** The ids of the events in a stream. */
export function ids(text: string): string[] {
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, id = ""]) => id);
}

export async function problem(response: Response): Promise<unknown[]> {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return [response.status, error.code, error.message];
}
