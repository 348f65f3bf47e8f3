/** The agent that models drive: turn by turn until one finishes, over to the next when one fails, and to the rules last. */
import type { Agent, AgentEvent, AgentIdentity, AgentOutcome, AgentTask, FallbackEvent } from "../agent.ts";
import { ask } from "./ask.ts";
import { decide } from "./decide.ts";
import { givenUp, incomplete } from "./endings.ts";
import { type Model, ModelError, type TokenUsage } from "./model.ts";
import { type ModelProgress, readProgress } from "./progress.ts";
import {
  handOver,
  hear,
  identityOf,
  longestAnswer,
  nextView,
  openSession,
  requestFor,
  type Session,
  takeAnswer,
  takeFailure,
  takeNew,
} from "./session.ts";
import { allowance, NOTHING_SPENT, usageEvent } from "./spending.ts";
import { rulesAtWork } from "./take-over.ts";
import { carryOutCalls } from "./turn.ts";

export interface LlmAgentOptions {
  /** Those that can be used, in the order in which they are. */
  readonly models: readonly Model[];
  /** Does the work when no model can. */
  readonly rules: Agent;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** At least 0, below 1. */
  readonly random: () => number;
}

/**
 * A turn is one answer and the calls in it; its edits, results and costs are kept together. The
 * conversation belongs to no vendor, so another model goes on where the one before failed.
 */
export function createLlmAgent(options: LlmAgentOptions): Agent {
  const { models, rules } = options;
  const [first] = models;
  return {
    ...(first === undefined ? { name: rules.name } : identityOf(first)),
    async *run(task) {
      task.signal.throwIfAborted();
      const saved = readProgress(task.transcript);
      if (saved?.by === "rules" || (saved === undefined && first === undefined)) {
        const fresh = { by: "rules", spent: NOTHING_SPENT, made: false } as const;
        return yield* rulesAtWork(rules, task, saved ?? fresh);
      }
      const answered = saved !== undefined && saved.heard >= (task.feedback?.number ?? 0);
      return (answered ? saved.outcome : undefined) ?? (yield* modelsAtWork(options, task, saved));
    },
  };
}

/** Who was at work and cannot go on. */
interface Lost {
  readonly identity: AgentIdentity;
  /** A sentence. */
  readonly reason: string;
}

async function* modelsAtWork(
  options: LlmAgentOptions,
  task: AgentTask,
  saved: ModelProgress | undefined,
): AsyncGenerator<AgentEvent, AgentOutcome> {
  const { models, rules } = options;
  const before = models.findIndex(
    ({ provider, name }) => provider === saved?.provider && name === saved.model,
  );
  let lost = saved !== undefined && before < 0 ? gone(saved, models) : undefined;
  let session: Session | undefined;
  for (const model of models.slice(Math.max(0, before))) {
    if (lost !== undefined) yield fallback(lost, identityOf(model));
    session ??= await openSession(task, model, saved);
    if (lost !== undefined) await handOver(session, model);
    if (task.feedback !== undefined) hear(session, task.feedback);
    if (model.price === undefined && (lost !== undefined || saved === undefined)) yield priceless(model);
    const end = yield* converse(session, options);
    if (!(end instanceof ModelError)) return end;
    lost = { identity: identityOf(model), reason: end.message };
  }
  if (lost === undefined) throw new Error("models are at work, and there are none");
  // The work itself was finished: doing it once more by rules would repair nothing.
  if (task.feedback !== undefined) return givenUp(lost.reason);
  yield fallback(lost, { name: rules.name });
  return yield* rulesAtWork(rules, task, {
    by: "rules",
    spent: session?.progress.spent ?? saved?.spent ?? NOTHING_SPENT,
    reason: lost.reason,
    made: (await task.workspace.changes()).length > 0,
  });
}

/** Turns with one model, until the work has ended or the model has to be given up. */
async function* converse(
  session: Session,
  { now, random }: LlmAgentOptions,
): AsyncGenerator<AgentEvent, AgentOutcome | ModelError> {
  const { task } = session;
  const { deadline } = task.budget;
  const signal = AbortSignal.any([task.signal, deadline]);
  for (;;) {
    task.signal.throwIfAborted();
    let view = nextView(session, false);
    const { model } = session;
    const request = (shorter: boolean) => {
      if (shorter) view = nextView(session, true);
      const { spent } = session.progress;
      const room = allowance(spent, task.budget, model.price, longestAnswer(model), view.tokens);
      return typeof room === "string" ? room : requestFor(session, view, room, signal);
    };
    // kept at once: whoever goes on behind an interruption has spent it too, and has told of it
    const failed = (usage: TokenUsage): AgentEvent[] => {
      takeFailure(session, usage);
      const { progress } = session;
      return [
        { type: "checkpoint", transcript: progress, append: takeNew(session) },
        usageEvent(progress.spent),
      ];
    };
    let answer: Awaited<ReturnType<ReturnType<typeof ask>["next"]>>["value"];
    try {
      answer = yield* ask(model, { request, failed, signal, random });
    } catch (error) {
      task.signal.throwIfAborted();
      if (deadline.aborted) return incomplete(session, OUT_OF_TIME);
      throw error;
    }
    if (answer instanceof ModelError) return answer;
    if (typeof answer === "string") return incomplete(session, answer);
    takeAnswer(session, answer, view.tokens);
    const finished = yield* carryOutCalls(session, answer.message, now);
    const outcome = await decide(session, answer, finished);
    const transcript = outcome === undefined ? session.progress : { ...session.progress, outcome };
    yield { type: "checkpoint", transcript, append: takeNew(session) };
    yield usageEvent(session.progress.spent);
    if (outcome !== undefined) return outcome;
  }
}

const OUT_OF_TIME =
  "The run came to the end of its time (limits.timeout_seconds); the rest of it was kept for publishing the work so far.";

/** The service was started again meanwhile. */
function gone({ provider, model }: ModelProgress, models: readonly Model[]): Lost {
  const renamed = models.some((one) => one.provider === provider);
  const reason = renamed
    ? `The service was set up anew and no longer uses ${model}.`
    : `There is no key for ${provider} any more: one that came with the request is kept in memory only, and the service was started again.`;
  return { identity: { name: provider, model }, reason };
}

function fallback({ identity, reason }: Lost, to: AgentIdentity): FallbackEvent {
  const next = to.model === undefined ? "fixed rules go" : `${to.name} (${to.model}) goes`;
  const message = `${reason} So ${next} on; edits made so far are kept.`;
  return { type: "fallback", message, from: identity, to, reason };
}

function priceless({ name }: Model): AgentEvent {
  const message = `The price of ${name} is not known, so limits.max_cost_usd cannot be kept; limits.max_tokens is. The operator can set MODEL_PRICES.`;
  return { type: "warning", message, code: "price_unknown" };
}
