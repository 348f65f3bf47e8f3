/** What vendors take of a conversation that another vendor's model had. */
import type { Message } from "./model.ts";

/** Stands where a vendor refuses a text of nothing but white space. */
const NOTHING = "(nothing)";
const NAME = /[^a-zA-Z0-9_-]/g;
const MAX_NAME = 64;

/** A text every vendor takes: well-formed, and not blank. */
export function sendableText(text: string): string {
  return text.trim() === "" ? NOTHING : text.toWellFormed();
}

/** Models make up names of tools; vendors take them back in these letters only. */
export function sendableName(name: string): string {
  return name.replace(NAME, "_").slice(0, MAX_NAME) || "_";
}

/** Arguments as an object. What a model wrote that is none is under `invalid_arguments`. */
export function sendableArguments(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text, (_, inner) =>
      typeof inner === "string" ? inner.toWellFormed() : inner,
    );
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // the model sees what it wrote
  }
  return { invalid_arguments: text.toWellFormed() };
}

/** The same as JSON: as it was written where it is an object. */
export function sendableJson(text: string): string {
  const value = sendableArguments(text);
  return "invalid_arguments" in value ? JSON.stringify(value) : text.toWellFormed();
}

/**
 * The id each call goes by on the wire. A vendor's own ids stay as they are; those of others become nine letters
 * and digits, which is what the strictest server takes, numbered from the start of the conversation.
 */
export function wireIds(messages: readonly Message[], protocol: string): (id: string) => string {
  const answers = messages.filter((message) => message.role === "assistant");
  const isOwn = ({ raw }: (typeof answers)[number]): boolean => raw?.protocol === protocol;
  const taken = new Set(answers.filter(isOwn).flatMap(({ calls }) => calls.map(({ id }) => id)));
  const names = new Map<string, string>();
  let made = 0;
  const makeUp = (): string => {
    for (;;) {
      const name = `call${String(made).padStart(5, "0")}`;
      made += 1;
      if (!taken.has(name)) return name;
    }
  };
  for (const answer of answers) {
    for (const { id } of answer.calls) names.set(id, isOwn(answer) ? id : makeUp());
  }
  return (id) => names.get(id) ?? id;
}
