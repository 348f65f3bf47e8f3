/** Gets one answer out of a model, over its vendor's bad moments. */
import { sleep } from "../../sleep.ts";
import type { AgentEvent } from "../agent.ts";
import { type Model, type ModelAnswer, ModelError, type ModelRequest, type TokenUsage } from "./model.ts";
import { remedyFor } from "./recovery.ts";

export interface AskOptions {
  /**
   * Makes the request, each time anew; `shorter` when the conversation turned out not to fit. A sentence when a
   * limit leaves no room for it.
   */
  readonly request: (shorter: boolean) => ModelRequest | string;
  /** Takes down what an attempt cost that failed. */
  readonly failed: (usage: TokenUsage) => Iterable<AgentEvent>;
  /** Ends waits and the request. */
  readonly signal: AbortSignal;
  /** At least 0, below 1. */
  readonly random: () => number;
}

/**
 * The answer, the error for which the model was given up, or why there is no room to ask; words are yielded as they arrive, and a
 * warning before each wait. Throws the signal's reason.
 */
export async function* ask(
  model: Model,
  { request, failed, signal, random }: AskOptions,
): AsyncGenerator<AgentEvent, ModelAnswer | ModelError | string> {
  let asked = request(false);
  for (let failures = 0; ; failures++) {
    if (typeof asked === "string") return asked;
    try {
      return yield* words(model.answer(asked));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ModelError)) throw error;
      if (error.usage !== undefined) yield* failed(error.usage);
      const remedy = remedyFor(error, failures, random);
      if (remedy.kind === "give_up") return error;
      asked = request(remedy.kind === "shorten");
      if (remedy.kind === "wait" && typeof asked !== "string") {
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
