/** An answer while it arrives: words as they are said, tool calls piece by piece, and no more than fits. */
import type { Message, ModelAnswer, TokenUsage, ToolCall } from "./model.ts";
import type { VendorError } from "./vendor-error.ts";

/** Characters of text, reasoning and arguments together. */
const MAX_CHARACTERS = 4 * 1024 * 1024;
/** Every call counts as this many characters: some 400 fit, were they empty. */
const CALL_CHARACTERS = 10_000;
const CHARACTERS_PER_TOKEN = 4;
/** What all protocols here take for an id, and keep as it is. */
const CALL_ID = /^[a-zA-Z0-9_.:-]{1,40}$/;

export interface CallDraft {
  /** Sets what is not known yet; empty ones are none. */
  identify(given: {
    readonly id?: string | null | undefined;
    readonly name?: string | null | undefined;
  }): void;
  append(piece: string): void;
  /** The arguments as the vendor gives them when they are complete. */
  replace(text: string): void;
  readonly length: number;
}

export interface Draft {
  /** The model's words. */
  text(piece: string): void;
  /** Words of the model that are shown, and are not part of its answer. */
  aside(piece: string): void;
  /** What is neither shown nor part of the answer; it counts. */
  hidden(piece: string): void;
  call(): CallDraft;
  /** The final words on how it ended. */
  stopped(reason: "length" | "other"): void;
  used(usage: TokenUsage): void;
  /** What tokens are estimated from when the vendor does not count them. */
  asked(body: unknown): void;
  /** The vendor's own items; `ids` are the calls' in the order they began. */
  raw(items: (ids: readonly string[]) => readonly unknown[]): void;
  /** What was shown since the last time, without half a surrogate pair at its end. */
  said(): string;
  /** What is left of it. */
  rest(): string;
  /** What it has cost so far, for an answer that is not going to be complete; `longest` is what it may have, in tokens. */
  usage(longest: number): TokenUsage;
  /** Throws for an answer with nothing in it, but for one that was cut: its model may have thought, which costs. */
  finish(): ModelAnswer;
}

/** `messages` is the conversation: no call of the answer gets an id that is in it. */
export function createDraft(messages: readonly Message[], protocol: string, fail: VendorError): Draft {
  const calls: { id: string; name: string; pieces: string[]; length: number }[] = [];
  const words: string[] = [];
  let shown = "";
  let characters = 0;
  let stop: "length" | "other" = "other";
  let usage: TokenUsage | undefined;
  let body: unknown = "";
  let items: (ids: readonly string[]) => readonly unknown[] = () => [];

  const count = (length: number): void => {
    characters += length;
    if (characters + calls.length * CALL_CHARACTERS > MAX_CHARACTERS) throw fail("answer_too_long");
  };
  const show = (piece: string): void => {
    count(piece.length);
    shown += piece;
  };

  /** Some servers do not count, or say 0: budgets need a number. */
  function counted(): TokenUsage {
    const { input = 0, output = 0, cached = 0, cacheWrites = 0 } = usage ?? {};
    return {
      input: input || Math.ceil(JSON.stringify(body).length / CHARACTERS_PER_TOKEN),
      cached,
      cacheWrites,
      output: output || received(),
      ...(input === 0 || output === 0 ? { estimated: true } : {}),
    };
  }

  function received(): number {
    return Math.ceil(characters / CHARACTERS_PER_TOKEN);
  }

  /** What a vendor counts before the end leaves out what comes behind it; what it may not send it may not charge. */
  function countedSoFar(longest: number): TokenUsage {
    const sofar = counted();
    return { ...sofar, output: Math.max(usage?.output ?? 0, Math.min(received(), longest)), estimated: true };
  }

  function finish(): ModelAnswer {
    const text = words.join("").toWellFormed();
    const empty = text.trim() === "" && calls.length === 0;
    if (empty && stop !== "length") throw fail("empty_answer");
    const finished = identified(calls, messages, fail);
    const ids = finished.map(({ id }) => id);
    return {
      message: {
        role: "assistant",
        text,
        calls: finished,
        raw: { protocol, items: empty ? [] : items(ids) },
      },
      stop: stop === "length" ? "length" : finished.length > 0 ? "calls" : "end",
      usage: counted(),
    };
  }

  return {
    text(piece) {
      show(piece);
      words.push(piece);
    },
    aside: show,
    hidden: (piece) => count(piece.length),
    call() {
      const call = { id: "", name: "", pieces: [] as string[], length: 0 };
      calls.push(call);
      count(0);
      return {
        identify({ id, name }) {
          if (call.id === "") call.id = id ?? "";
          if (call.name === "") call.name = name ?? "";
          count((id ?? "").length + (name ?? "").length);
        },
        append(piece) {
          count(piece.length);
          call.pieces.push(piece);
          call.length += piece.length;
        },
        replace(text) {
          count(Math.max(0, text.length - call.length));
          call.pieces = [text];
          call.length = text.length;
        },
        get length() {
          return call.length;
        },
      };
    },
    stopped(reason) {
      stop = reason;
    },
    used(counted) {
      usage = counted;
    },
    asked(sent) {
      body = sent;
    },
    raw(made) {
      items = made;
    },
    said() {
      const end = isHighSurrogate(shown.charCodeAt(shown.length - 1)) ? shown.length - 1 : shown.length;
      const whole = shown.slice(0, end).toWellFormed();
      shown = shown.slice(end);
      return whole;
    },
    rest: () => shown.toWellFormed(),
    usage: countedSoFar,
    finish,
  };
}

/**
 * The calls with ids that no other call of the conversation has. An id is made up from the call's place where
 * the vendor gave none, or one that cannot be kept: the same answer to the same conversation gets the same.
 */
function identified(
  calls: readonly { readonly id: string; readonly name: string; readonly pieces: readonly string[] }[],
  messages: readonly Message[],
  fail: VendorError,
): ToolCall[] {
  const taken = new Set(
    messages.flatMap((message) => (message.role === "assistant" ? message.calls.map(({ id }) => id) : [])),
  );
  return calls.map(({ id: given, name, pieces }, index) => {
    if (name === "") throw fail("broken_stream", { detail: "sent a tool call without a name" });
    let id = given;
    for (let more = 0; !CALL_ID.test(id) || taken.has(id); more += 1) {
      id = `call_${messages.length}_${index}${more === 0 ? "" : `_${more}`}`;
    }
    taken.add(id);
    const text = pieces.join("").toWellFormed();
    return { id, name: name.toWellFormed(), arguments: text.trim() === "" ? "{}" : text };
  });
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
