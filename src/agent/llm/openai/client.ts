/** OpenAI's SDK, set up for one request, and what is known of its models by name. */
import { OpenAI } from "openai/client";
import type { AdapterOptions, Transport } from "../adapter.ts";

export const OPENAI_HOST = "api.openai.com";

/** Costs some ten microseconds. Nothing of the environment is sent, nothing is logged, nothing tried again. */
export function openaiClient(options: AdapterOptions, transport: Transport): OpenAI {
  return new OpenAI({
    apiKey: options.apiKey,
    baseURL: options.baseUrl,
    fetch: transport.fetch,
    timeout: Math.ceil(options.answerTimeoutMs),
    maxRetries: 0,
    logLevel: "off",
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
  });
}

/** Those that think before they answer: o1 and later, GPT-5 and later but for the ones made for chat. */
export function isReasoningModel(name: string): boolean {
  return /^(?:o\d|gpt-(?:[5-9]|\d\d)|codex-)/.test(name) && !name.includes("-chat");
}
