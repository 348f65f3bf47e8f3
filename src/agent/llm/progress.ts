/** Where a model's work stands, as it is kept with each checkpoint; the conversation itself is appended to. */
import * as z from "zod";
import { AGENT_NAMES, type AgentOutcome } from "../agent.ts";
import type { Compaction } from "./context/view.ts";
import type { Message } from "./model.ts";

const count = z.number().nonnegative();
const spent = z.object({
  turns: count,
  input: count,
  cached: count,
  output: count,
  estimated: count.default(0),
  usd: count,
});

const modelProgress = z.object({
  by: z.literal("model"),
  provider: z.enum(AGENT_NAMES),
  model: z.string(),
  /** Names the conversation to the vendor's cache. */
  conversation: z.string(),
  spent,
  /** What of the conversation the model is shown. */
  compaction: z.custom<Compaction>(isObject),
  /** Tokens a token of our estimate has turned out to be. */
  scale: z.number().positive(),
  /** Folders whose instructions the model has been shown. */
  shownFolders: z.array(z.string()),
  /** Turns in a row without an edit. */
  idleTurns: count,
  /** Turns in a row without a call. */
  wordyTurns: count,
  /** What the model has been told once and need not be told again. */
  told: z.array(z.enum(["low", "nothing_changed", "secrets"])),
  /** How many failing checks it has been told of. */
  heard: count.default(0),
  /** Set by the last turn. */
  outcome: z.custom<AgentOutcome>(isObject).optional(),
});
export type ModelProgress = z.infer<typeof modelProgress>;

const ruleProgress = z.object({
  by: z.literal("rules"),
  spent,
  /** Why the rules took over; absent when they were at work from the start. */
  reason: z.string().optional(),
  /** Whether a model had made edits by then. */
  made: z.boolean(),
  rules: z.unknown().optional(),
});
export type RuleProgress = z.infer<typeof ruleProgress>;

const progress = z.discriminatedUnion("by", [modelProgress, ruleProgress]);

/** What an earlier attempt left; undefined on the first. Throws for what is not this agent's. */
export function readProgress(transcript: unknown): z.infer<typeof progress> | undefined {
  return transcript === undefined ? undefined : progress.parse(transcript);
}

/** The conversation that the checkpoints before have kept. */
export function readMessages(entries: readonly unknown[] | undefined): Message[] {
  return [...((entries ?? []) as readonly Message[])];
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
