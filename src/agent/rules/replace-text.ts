/** Rule: replace one text with another, literally, in the files the prompt names. */
import { type Cursor, createCursor } from "./cursor.ts";
import { applyReplacement, type Replacement } from "./replace-run.ts";
import { type Plan, type Rule, refused } from "./rule.ts";
import { EVERYWHERE, readScope, type Scope } from "./scope.ts";
import { quote } from "./wording.ts";

const IN = ["in", "inside", "across", "throughout", "within", "for", "of"];
const QUANTIFIERS = new Set(
  "all every each any the of occurrence occurrences instance instances use uses mention mentions exact literal".split(
    " ",
  ),
);
/** After one of these a bare word is surely text. */
const TEXT_NOUNS = ["text", "word", "words", "string", "term", "phrase", "texts"];
/** After one of these it is a name: only whole words are meant. */
const NAME_NOUNS = [
  "function",
  "method",
  "class",
  "variable",
  "constant",
  "identifier",
  "symbol",
  "type",
  "interface",
  "module",
];
const JOINTS: Readonly<Record<string, readonly string[]>> = {
  replace: ["with", "by", "to", "->", "=>", "→"],
  substitute: ["with", "by"],
  swap: ["with", "for"],
  change: ["to", "into", "->", "=>", "→"],
  rename: ["to", "into", "as", "->", "=>", "→"],
};

interface Draft {
  scope: Scope | undefined;
  wholeWord: boolean;
}

/** `Replace "foo" with "bar" in src/a.ts`. */
export const replaceTextRule: Rule = {
  name: "replace_text",
  examples: [
    'Replace "foo" with "bar" in src/a.ts',
    'Replace "http://" with "https://" everywhere',
    'Rename "oldName" to "newName" in all *.py files',
    'Remove "console.log(state);" from src/a.js',
  ],
  plan(instruction) {
    const cursor = createCursor(instruction.tokens);
    const draft: Draft = { scope: readScope(cursor, IN), wholeWord: false };
    cursor.mark(",:");
    return planReplace(cursor, draft) ?? planRemove(cursor, draft);
  },
};

function planReplace(cursor: Cursor, draft: Draft): Plan | undefined {
  const start = cursor.position();
  const verb = cursor.word(...Object.keys(JOINTS));
  if (verb === undefined) return undefined;
  readModifiers(cursor, draft);
  cursor.skip(QUANTIFIERS);
  const noun = readNoun(cursor, draft);
  const from = readText(cursor);
  readModifiers(cursor, draft);
  const early = draft.scope === undefined ? readScope(cursor, IN) : undefined;
  if (early !== undefined) draft.scope = early;
  const joint = cursor.word(...(JOINTS[verb] ?? []));
  if (joint !== undefined) cursor.skip(new Set(["the", "text", "word", "string"]));
  cursor.mark(":");
  const to = joint === undefined ? undefined : readText(cursor);
  if (from === undefined || to === undefined || !readTail(cursor, draft)) {
    cursor.reset(start);
    return undefined;
  }
  if (verb === "rename" && draft.scope === undefined && !noun) return undefined;
  const clear =
    from.quoted || noun || (verb === "rename" && draft.scope !== undefined) || isTelling(from.text);
  if (!clear) {
    return refused(
      `Put the exact text in quotes so that it is clear what to replace: replace ${quote(from.text)} with ${quote(to.text)} in a named file or everywhere.`,
    );
  }
  return ready({ from: from.text, to: to.text, ...settle(draft) });
}

/** `Remove "x" from src/a.ts`. */
function planRemove(cursor: Cursor, draft: Draft): Plan | undefined {
  if (cursor.word("remove", "delete", "erase", "strip") === undefined) return undefined;
  readModifiers(cursor, draft);
  cursor.skip(QUANTIFIERS);
  const noun = cursor.word(...TEXT_NOUNS) !== undefined;
  const from = cursor.literal();
  if (from === undefined) return undefined;
  draft.scope ??= readScope(cursor, ["from", ...IN]);
  if ((draft.scope === undefined && !noun) || !readTail(cursor, draft)) return undefined;
  return ready({ from, to: "", ...settle(draft) });
}

function settle(draft: Draft): { scope: Scope; wholeWord: boolean } {
  return { scope: draft.scope ?? EVERYWHERE, wholeWord: draft.wholeWord };
}

function ready(replacement: Replacement): Plan {
  if (replacement.from === "") return refused("The text to replace is empty.");
  if (replacement.from === replacement.to) return refused("The text and its replacement are the same.");
  return { kind: "ready", run: (task) => applyReplacement(task, replacement) };
}

function readNoun(cursor: Cursor, draft: Draft): boolean {
  if (cursor.word(...TEXT_NOUNS) !== undefined) return true;
  if (cursor.word(...NAME_NOUNS) === undefined) return false;
  draft.wholeWord = true;
  return true;
}

function readText(cursor: Cursor): { text: string; quoted: boolean } | undefined {
  const literal = cursor.literal();
  if (literal !== undefined) return { text: literal, quoted: true };
  const token = cursor.peek();
  if (token?.kind !== "word") return undefined;
  cursor.next();
  return { text: token.text, quoted: false };
}

/** `whole word`, `as whole words`, `whole words only`. */
function readModifiers(cursor: Cursor, draft: Draft): void {
  const start = cursor.position();
  cursor.word("as", "only");
  cursor.word("a");
  const whole = cursor.word("whole") !== undefined && cursor.word("word", "words") !== undefined;
  if (!whole) {
    cursor.reset(start);
    return;
  }
  cursor.word("only");
  draft.wholeWord = true;
}

/** The scope and modifiers after the texts; false when something else is left over. */
function readTail(cursor: Cursor, draft: Draft): boolean {
  for (;;) {
    cursor.mark(",");
    readModifiers(cursor, draft);
    if (cursor.done()) return true;
    const scope = readScope(cursor, IN);
    if (scope === undefined || (draft.scope !== undefined && draft.scope !== EVERYWHERE)) return false;
    draft.scope = scope;
  }
}

/** True for a bare word that can only be meant literally: `foo_bar`, `fooBar`, `v1.2`, `FOO`. */
function isTelling(word: string): boolean {
  return !/^[A-Z]?[a-z]+$/.test(word);
}
