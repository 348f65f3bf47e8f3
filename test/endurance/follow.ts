/** A reader that loses its connection and resumes where it was, as often as it takes to have the whole log. */
import type { Api } from "../support/api.ts";
import { type Frame, framesIn } from "../support/frames.ts";
import { until } from "../support/until.ts";
import { isConnectionLoss } from "./persist.ts";

export interface Followed {
  readonly frames: readonly Frame[];
  /** How often it had to resume, or chose to. */
  readonly resumed: number;
}

export interface FollowOptions {
  /** How much of the next connection to read before hanging up, in characters; everything unless told. */
  readonly nextCut?: () => number;
  readonly deadlineMs?: number;
}

/** Runs take a few seconds; a stream that is open for so long is of a run that is stuck. */
const LONGEST_CONNECTION_MS = 60_000;

/** Reads until it has seen `done`, or is told that there is nothing more. A service that is down is asked again. */
export async function follow(
  api: Api,
  id: string,
  { nextCut = () => Number.POSITIVE_INFINITY, deadlineMs = 120_000 }: FollowOptions = {},
): Promise<Followed> {
  const frames: Frame[] = [];
  let connections = 0;
  await until(
    `a reader of ${id} has seen everything`,
    async () => {
      const part = await readPart(api, id, frames.at(-1)?.seq ?? 0, nextCut());
      if (part === "down") return false;
      connections += 1;
      if (part === "nothing more") return true;
      frames.push(...part);
      return frames.at(-1)?.text.includes('"type":"done"');
    },
    deadlineMs,
  );
  return { frames, resumed: connections - 1 };
}

/** Complete frames of one connection, however it ends. */
async function readPart(
  api: Api,
  id: string,
  after: number,
  characters: number,
): Promise<readonly Frame[] | "down" | "nothing more"> {
  const hangUp = new AbortController();
  let text = "";
  try {
    const headers = { "last-event-id": String(after) };
    const signal = AbortSignal.any([hangUp.signal, AbortSignal.timeout(LONGEST_CONNECTION_MS)]);
    const response = await api.call(`/runs/${id}/events`, { headers, signal });
    if (response.status === 204) return "nothing more";
    if (response.status !== 200) throw new Error(`events answered ${response.status}`);
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length >= characters) break;
    }
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") {
      throw new Error(`run ${id} neither goes on nor ends: a reader heard of nothing behind event ${after}`);
    }
    if (!isConnectionLoss(error)) throw error;
    if (text === "") return "down";
  } finally {
    hangUp.abort();
  }
  return framesIn(text.slice(0, characters));
}
