/** What vendors document beyond their types, and refuse: what all three have in common. */

/** Sentences: what is wrong with a request. */
export type Complain = (sentence: string) => void;

/** What a server remembers of the answers it gave. */
export interface Issued {
  /** Signatures of thinking and encrypted reasoning, each with what it was given for. */
  readonly signatures: ReadonlyMap<string, Signed>;
}

export interface Signed {
  readonly content: string;
  readonly model: string;
  /** A digest of everything the model had read before. */
  readonly prefix: string;
}

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

export function checkTools(names: readonly string[], complain: Complain): void {
  for (const name of names) {
    if (!TOOL_NAME.test(name)) complain(`the tool name ${JSON.stringify(name)} is not allowed`);
  }
  if (new Set(names).size < names.length) complain("two tools have the same name");
}

/** Arguments that are no JSON object: OpenAI takes them, most servers that speak its protocol do not. */
export function checkArguments(text: string, complain: Complain): void {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      complain(`arguments are no object: ${text.slice(0, 80)}`);
    }
  } catch {
    complain(`arguments are no JSON: ${text.slice(0, 80)}`);
  }
}

/** Half a surrogate pair has no place in UTF-8. */
export function checkUnicode(value: unknown, complain: Complain, path = ""): void {
  if (typeof value === "string") {
    if (!value.isWellFormed()) complain(`${path} has half a surrogate pair`);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) checkUnicode(inner, complain, `${path}/${key}`);
  }
}

/** Every call is answered once, before anything else comes. */
export function createCallLedger(idPattern: RegExp, complain: Complain) {
  const open = new Set<string>();
  const seen = new Set<string>();
  return {
    called(id: string, name: string): void {
      if (!TOOL_NAME.test(name)) complain(`the name ${JSON.stringify(name)} of a call is not allowed`);
      if (!idPattern.test(id)) complain(`the call id ${JSON.stringify(id)} is not allowed`);
      if (seen.has(id)) complain(`the call id ${id} comes twice`);
      seen.add(id);
      open.add(id);
    },
    answered(id: string): void {
      if (!open.delete(id)) complain(`a result for ${JSON.stringify(id)}, which no open call has`);
    },
    /** Something else comes: `what` is it. */
    settled(what: string): void {
      if (open.size > 0) complain(`${what} before the results of ${[...open].join(", ")}`);
      open.clear();
    },
  };
}
