/** Guesses how many tokens a text or a conversation has: a vendor's own tokenizer takes megabytes. */
import type { Message } from "../model.ts";

/** Tokens that vendors spend on the frame of a message, and of a call or result. */
const PER_MESSAGE = 4;
const PER_CALL = 10;
/** Encrypted reasoning and signatures: sent as they came, not counted as the text they look like. */
const OPAQUE = /^[\w+/=-]{200,}$/;
const OPAQUE_CHARACTERS_PER_TOKEN = 5;

/**
 * Tokens of a text or of messages, times `factor`: what a vendor counted for an earlier request, divided
 * by what was guessed for it. Against o200k_base: source code, prose and JSON within a tenth on average and
 * a third at worst, scripts other than Latin up to a half too many, base64 a third too few. Time: linear.
 */
export function estimateTokens(of: string | readonly Message[], factor = 1): number {
  const tokens =
    typeof of === "string" ? textTokens(of) : of.reduce((sum, message) => sum + messageTokens(message), 0);
  return Math.ceil(tokens * factor);
}

/** Not rounded, so that the tokens of several are the sum of each one's. */
export function messageTokens(message: Message): number {
  let tokens = counted.get(message);
  if (tokens === undefined) {
    tokens = countMessage(message);
    counted.set(message, tokens);
  }
  return tokens;
}

/** Messages never change, and a conversation is looked at again in each turn. */
const counted = new WeakMap<Message, number>();

function countMessage(message: Message): number {
  switch (message.role) {
    case "user":
      return PER_MESSAGE + textTokens(message.text);
    case "tool":
      return message.results.reduce((sum, { text }) => sum + PER_CALL + textTokens(text), PER_MESSAGE);
    case "assistant": {
      const calls = message.calls.reduce(
        (sum, call) => sum + PER_CALL + textTokens(call.name) + textTokens(call.arguments),
        textTokens(message.text),
      );
      // Which of the two is sent depends on the vendor that is asked.
      return PER_MESSAGE + Math.max(calls, message.raw === undefined ? 0 : rawTokens(message.raw.items));
    }
  }
}

function rawTokens(items: readonly unknown[]): number {
  let opaque = 0;
  const rest = JSON.stringify(items, (_key, value: unknown) => {
    if (typeof value !== "string" || !OPAQUE.test(value)) return value;
    opaque += value.length;
    return "";
  });
  return opaque / OPAQUE_CHARACTERS_PER_TOKEN + textTokens(rest);
}

const SIGN = 0;
const LOWER = 1;
const UPPER = 2;
const DIGIT = 3;
const BLANK = 4;
const NEWLINE = 5;
const CONTROL = 6;
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[a-z]/.test(character)) return LOWER;
  if (/[A-Z]/.test(character)) return UPPER;
  if (/[0-9]/.test(character)) return DIGIT;
  if (/[ \t]/.test(character)) return BLANK;
  if (/[\r\n]/.test(character)) return NEWLINE;
  return code < 32 || code === 127 ? CONTROL : SIGN;
});
/** Tokens of the first character of a run of one kind, and of each that follows; fitted to o200k_base. */
const FIRST = [0.7, 0.6, 0.75, 0.75, 0.05, 0.45, 1];
const NEXT = [0.4, 0.12, 0.25, 0.35, 0.03, 0.1, 1];
const LOWER_AFTER_UPPER = 0.15;
const LOWER_AFTER_DIGIT = 0.9;

function textTokens(text: string): number {
  let tokens = 0;
  let before = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const kind = KINDS[code];
    if (kind === undefined) tokens += beyondAscii(code);
    else if (kind === before) tokens += NEXT[kind] ?? 0;
    else if (kind === LOWER && before === UPPER) tokens += LOWER_AFTER_UPPER;
    else if (kind === LOWER && before === DIGIT) tokens += LOWER_AFTER_DIGIT;
    else tokens += FIRST[kind] ?? 0;
    before = kind ?? -1;
  }
  return tokens;
}

/** Tokens of one UTF-16 unit; a rare script costs about a token for each byte of its UTF-8. */
function beyondAscii(code: number): number {
  if (code < 0x250) return 0.6; // Latin with accents
  if (code >= 0x370 && code < 0x700) return 0.3; // Greek, Cyrillic, Hebrew, Arabic
  if (code >= 0x900 && code < 0xe80) return 0.45; // India's scripts, Thai
  if (code >= 0x2000 && code < 0x2100) return 1; // punctuation
  if (code >= 0x3000 && code < 0xa000) return 0.75; // Chinese and Japanese
  if (code >= 0xac00 && code < 0xd7a4) return 0.6; // Korean
  if (code >= 0xd800 && code < 0xe000) return 1.6; // half of a pair: emoji, rare characters
  return 2.6;
}
