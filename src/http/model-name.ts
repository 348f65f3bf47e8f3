/** What the name of a language model may look like; vendors decide which exist. */
import * as z from "zod";
import type { AgentName } from "../agent/agent.ts";

const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}$/;

export const modelName = z
  .string()
  .regex(MODEL_NAME, "The name of a model has up to 100 letters, digits and . _ : / @ -, such as 'gpt-4'.");

/** Whose model it is, where its name leaves no doubt. */
export function providerOfModel(name: string | null | undefined): AgentName | undefined {
  if (name === null || name === undefined) return undefined;
  if (/^claude/i.test(name)) return "anthropic";
  return /^(?:gpt|chatgpt|codex|o\d)/i.test(name) ? "openai" : undefined;
}
