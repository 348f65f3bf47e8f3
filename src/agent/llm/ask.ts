/** Gets one answer out of a model, over its vendor's bad moments. */
import { sleep } from "../../sleep.ts";
import type { AgentEvent } from "../agent.ts";
import { type Model, type ModelAnswer, ModelError, type ModelRequest } from "./model.ts";
import { remedyFor } from "./recovery.ts";

export interface AskOptions {
  /** Makes the request; again and `shorter` when the conversation turned out not to fit. */
  readonly request: (shorter: boolean) => ModelRequest;
  /** Ends waits and the request. */
  readonly signal: AbortSignal;
  /** At least 0, below 1. */
  readonly random: () => number;
}

/**
 * The answer, or the error for which the model was given up; its words are yielded as they arrive, and a
 * warning before each wait. Throws the signal's reason.
 */
export async function* ask(
  model: Model,
  { request, signal, random }: AskOptions,
): AsyncGenerator<AgentEvent, ModelAnswer | ModelError> {
  let shorter = false;
  for (let failures = 0; ; failures++) {
    try {
      return yield* words(model.answer(request(shorter)));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ModelError)) throw error;
      const remedy = remedyFor(error, failures, random);
      if (remedy.kind === "give_up") return error;
      shorter = remedy.kind === "shorten";
      if (remedy.kind === "wait") {
        const message = `${error.message} Trying again in ${Math.ceil(remedy.milliseconds / 1000)} s.`;
        yield { type: "warning", message, code: "waiting" };
        await sleep(remedy.milliseconds, signal);
      }
    }
  }
}

async function* words(answer: ReturnType<Model["answer"]>): AsyncGenerator<AgentEvent, ModelAnswer> {
  let ended = false;
  try {
    for (;;) {
      const next = await answer.next();
      if (next.done === true) {
        ended = true;
        return next.value;
      }
      const { delta } = next.value;
      if (delta !== "") yield { type: "text", message: delta, delta };
    }
  } finally {
    // Whoever stops listening ends the request.
    if (!ended) await answer.return(undefined as never);
  }
}
