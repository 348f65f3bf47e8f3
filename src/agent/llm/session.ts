/** One task in the hands of models: the conversation, who is at work, and how far they have come. */
import type { AgentIdentity, AgentTask, Feedback } from "../agent.ts";
import { compact, fitted } from "./context/compaction.ts";
import { createInstructions, type InstructionsReader } from "./context/instructions.ts";
import { nudges } from "./context/nudges.ts";
import { firstMessage, systemPrompt } from "./context/prompts.ts";
import { repositoryMap } from "./context/repository-map.ts";
import { estimateTokens } from "./context/tokens.ts";
import { type Compaction, NOT_COMPACTED, viewOf } from "./context/view.ts";
import type { Message, Model, ModelAnswer, ModelRequest, TokenUsage, ToolSpec } from "./model.ts";
import { type ModelProgress, readMessages } from "./progress.ts";
import { NOTHING_SPENT, type Spent, withTurn, withUsage } from "./spending.ts";
import type { Tool } from "./tool.ts";
import { createTools, toolSpecs } from "./tools/registry.ts";

export interface Session {
  readonly task: AgentTask;
  /** At work; another one after a fallback. */
  model: Model;
  /** All that was said, in order; only ever added to. */
  readonly messages: Message[];
  /** How many of them the checkpoints hold. */
  kept: number;
  progress: ModelProgress;
  readonly tools: readonly Tool[];
  readonly specs: readonly ToolSpec[];
  readonly system: string;
  readonly instructions: InstructionsReader;
}

/** Begins a conversation, or goes on with the one the checkpoints have kept. */
export async function openSession(
  task: AgentTask,
  model: Model,
  saved: ModelProgress | undefined,
  spent: Spent = NOTHING_SPENT,
): Promise<Session> {
  const instructions = createInstructions(task.workspace);
  const tools = createTools({ commands: task.commands !== undefined });
  const parts = {
    task,
    model,
    tools,
    specs: toolSpecs(tools),
    system: systemPrompt({ commands: task.commands !== undefined }),
    instructions,
  };
  if (saved !== undefined) {
    const messages = readMessages(task.entries);
    return { ...parts, messages, kept: messages.length, progress: saved };
  }
  // In this order, because the map's request brings the root's instructions too.
  const map = await repositoryMap(task.workspace);
  const root = await instructions.root();
  const { prompt, repository } = task;
  const text = firstMessage({ prompt, repository, map, instructions: root });
  return {
    ...parts,
    messages: [{ role: "user", text: task.redact(text) }],
    kept: 0,
    progress: {
      by: "model",
      provider: model.provider,
      model: model.name,
      conversation: crypto.randomUUID(),
      spent,
      compaction: NOT_COMPACTED,
      scale: 1,
      shownFolders: root === undefined ? [] : [root.folder],
      idleTurns: 0,
      wordyTurns: 0,
      told: [],
      heard: 0,
    },
  };
}

export function identityOf({ provider, name }: Model): AgentIdentity {
  return { name: provider, model: name };
}

/** Hands the conversation to another model, which counts tokens in its own way and is told where things stand. */
export async function handOver(session: Session, to: Model): Promise<void> {
  session.model = to;
  session.progress = { ...session.progress, provider: to.provider, model: to.name, scale: 1 };
  if (session.messages.length === 1) return;
  const changed = (await session.task.workspace.changes()).map(({ path }) => path);
  tell(session, session.task.redact(nudges.handover({ changed })));
}

/** Says something to the model. */
export function tell(session: Session, text: string): void {
  session.messages.push({ role: "user", text });
}

/** Tells the model of a check that failed behind its `finish`, unless the conversation has it already. */
export function hear(session: Session, feedback: Feedback): void {
  const { progress, task } = session;
  if (progress.heard >= feedback.number) return;
  // What is known of the work before says nothing about the repair.
  const { outcome: _outcome, ...rest } = progress;
  session.progress = { ...rest, heard: feedback.number, idleTurns: 0, wordyTurns: 0 };
  tell(session, task.redact(nudges.checkFailed(feedback)));
}

/** True the first time. */
export function tellOnce(session: Session, what: ModelProgress["told"][number], text: string): boolean {
  const { progress } = session;
  if (progress.told.includes(what)) return false;
  session.progress = { ...progress, told: [...progress.told, what] };
  tell(session, text);
  return true;
}

/** Tokens an answer may have: not so many that nothing of a small window is left for the conversation. */
export function longestAnswer({ contextWindow, maxOutputTokens }: Model): number {
  return Math.min(maxOutputTokens, Math.floor(contextWindow / 4));
}

/** What is sent to the model, and about how many tokens that is. */
export interface View {
  readonly messages: readonly Message[];
  /** With the system prompt and the tools. */
  readonly tokens: number;
}

/**
 * The conversation as the model is shown it: what is old is left out once it has become long. `shorter` leaves
 * out more, for a vendor that found it too long whatever we reckon.
 */
export function nextView(session: Session, shorter: boolean): View {
  const { messages, model, progress, specs, system } = session;
  const { compaction, scale } = progress;
  const overhead = estimateTokens(system + JSON.stringify(specs), scale);
  const input = {
    messages,
    compaction,
    window: model.contextWindow,
    maxOutput: longestAnswer(model),
    overhead,
    factor: scale,
  };
  if (shorter) {
    const now = estimateTokens(viewOf(messages, compaction), scale);
    const half = compact({ ...input, window: overhead + Math.floor(now / 2), maxOutput: 0 });
    session.progress = compacted(progress, half);
    const view = viewOf(messages, half);
    return { messages: view, tokens: overhead + estimateTokens(view, scale) };
  }
  const fit = fitted(input);
  session.progress = compacted(progress, fit.compaction);
  return { messages: fit.view, tokens: overhead + fit.tokens };
}

/** Instructions of folders may have been left out with the results they came with: they are shown again in time. */
function compacted(progress: ModelProgress, compaction: Compaction): ModelProgress {
  if (compaction === progress.compaction) return progress;
  return { ...progress, compaction, shownFolders: progress.shownFolders.filter((folder) => folder === "") };
}

export function requestFor(
  session: Session,
  view: View,
  maxOutputTokens: number,
  signal: AbortSignal,
): ModelRequest {
  const { progress, specs, system } = session;
  return {
    system,
    tools: specs,
    messages: view.messages,
    conversation: progress.conversation,
    maxOutputTokens,
    signal,
  };
}

/**
 * An answer for the conversation, which is stored and may go to another vendor. One that held a secret loses the
 * vendor's own form of it.
 */
function withoutSecrets(
  message: ModelAnswer["message"],
  redact: AgentTask["redact"],
): ModelAnswer["message"] {
  const { raw, ...plain } = message;
  const own = JSON.stringify(raw ?? null);
  const clean = {
    ...plain,
    text: redact(plain.text),
    calls: plain.calls.map(({ id, name, arguments: input }) => ({
      id,
      name: redact(name),
      arguments: redact(input),
    })),
  };
  // its own form has reasoning too, which is in none of the others
  return JSON.stringify(clean) === JSON.stringify(plain) && redact(own) === own ? message : clean;
}

/** Adds an answer and what it cost; the vendor's count, where there is one, tells how good our estimate is. */
export function takeAnswer(session: Session, { message, usage }: ModelAnswer, estimated: number): void {
  const { model, progress } = session;
  session.messages.push(withoutSecrets(message, session.task.redact));
  const scale = usage.input === 0 ? progress.scale : (progress.scale * usage.input) / estimated;
  session.progress = {
    ...progress,
    spent: withTurn(progress.spent, usage, model.price),
    scale: Math.min(4, Math.max(0.25, scale)),
  };
}

/** Adds what an attempt cost whose answer came to nothing. */
export function takeFailure(session: Session, usage: TokenUsage): void {
  const { model, progress } = session;
  session.progress = { ...progress, spent: withUsage(progress.spent, usage, model.price) };
}

/** The messages that no checkpoint has kept yet; they count as kept from now on. */
export function takeNew(session: Session): readonly Message[] {
  const added = session.messages.slice(session.kept);
  session.kept = session.messages.length;
  return added;
}
