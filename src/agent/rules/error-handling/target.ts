/** Reads what "add error handling" is to be added to: functions, files, or everything. */
import type { Cursor } from "../cursor.ts";
import { looksLikePath } from "../paths.ts";
import { EVERYWHERE, readBroad, readScope, readTarget, type Scope } from "../scope.ts";
import type { Language } from "./files.ts";

export interface ErrorHandlingTarget {
  readonly scope: Scope;
  /** Only functions of these names; undefined means all. */
  readonly names: readonly string[] | undefined;
  /** Only files of this language; undefined means both. */
  readonly language: Language | undefined;
}

const TO = ["to", "in", "into", "for", "around", "inside", "within", "on", "throughout", "across", "of"];
const IN = ["in", "of", "from", "inside", "within", "throughout", "across", "for"];
const FUNCTION_NOUNS = ["function", "functions", "method", "methods"];
const ADJECTIVES = new Set(
  "some basic proper better more robust simple appropriate the a an good missing consistent minimal".split(
    " ",
  ),
);
const BLOCK_NOUNS = new Set(
  "block blocks statement statements clause clauses wrapper wrappers code logic".split(" "),
);
const NO_NAMES = new Set(
  "all every each any the this that it them code file files everything python javascript in of from inside within for to and".split(
    " ",
  ),
);
const FILE_ENDING =
  /\.(py|js|mjs|cjs|jsx|ts|mts|cts|tsx|md|txt|json|ya?ml|toml|html|css|go|rs|java|rb|c|h|cpp|sh)$/i;
const NAME = /^[\p{ID_Start}$_#][\p{ID_Continue}$]*(\.#?[\p{ID_Start}$_][\p{ID_Continue}$]*)*$/u;

/** Reads the whole instruction; undefined when it is not about error handling or is not understood to its end. */
export function readErrorHandling(cursor: Cursor): ErrorHandlingTarget | undefined {
  const target = readAdd(cursor) ?? readWrap(cursor) ?? readHandle(cursor);
  return target !== undefined && cursor.done() ? target : undefined;
}

/** `add error handling to …`. */
function readAdd(cursor: Cursor): ErrorHandlingTarget | undefined {
  const start = cursor.position();
  if (
    cursor.word("add", "implement", "introduce", "put", "insert", "include", "improve", "create") !==
    undefined
  ) {
    cursor.skip(ADJECTIVES);
    const topic = readTopic(cursor);
    if (topic !== undefined) {
      cursor.skip(BLOCK_NOUNS);
      const language = topic === "any" ? undefined : topic;
      if (cursor.done()) return { scope: EVERYWHERE, names: undefined, language };
      if (cursor.word("everywhere") !== undefined) return { scope: EVERYWHERE, names: undefined, language };
      if (cursor.word(...TO) !== undefined) return readWhat(cursor, language);
    }
  }
  cursor.reset(start);
  return undefined;
}

/** `wrap … in try/catch`. */
function readWrap(cursor: Cursor): ErrorHandlingTarget | undefined {
  const start = cursor.position();
  if (cursor.word("wrap", "surround") === undefined) return undefined;
  const target = readWhat(cursor, undefined, ["of"]);
  const joint = cursor.word("in", "with", "inside", "into");
  cursor.skip(ADJECTIVES);
  const topic = joint === undefined ? undefined : readTopic(cursor);
  if (target === undefined || topic === undefined) {
    cursor.reset(start);
    return undefined;
  }
  cursor.skip(BLOCK_NOUNS);
  return { ...target, language: topic === "any" ? undefined : topic };
}

/** `handle errors in …`. */
function readHandle(cursor: Cursor): ErrorHandlingTarget | undefined {
  const start = cursor.position();
  if (cursor.word("handle") !== undefined) {
    cursor.word("all");
    const errors = cursor.word("errors", "exceptions") !== undefined;
    if (errors && cursor.done()) return { scope: EVERYWHERE, names: undefined, language: undefined };
    if (errors && cursor.word(...TO) !== undefined) return readWhat(cursor, undefined);
  }
  cursor.reset(start);
  return undefined;
}

/** `error handling`, or a language's own words for it. */
function readTopic(cursor: Cursor): Language | "any" | undefined {
  for (const noun of ["error", "errors", "exception", "exceptions"]) {
    if (cursor.phrase(noun, "handling") || cursor.phrase(noun, "handlers") || cursor.phrase(noun, "handler"))
      return "any";
  }
  if (cursor.word("error-handling", "exception-handling") !== undefined) return "any";
  if (cursor.word("try/except", "try-except", "try..except", "try...except") !== undefined) return "python";
  if (cursor.phrase("try", "except") || cursor.phrase("try", "and", "except")) return "python";
  if (cursor.word("try/catch", "try-catch", "try..catch", "try...catch") !== undefined) return "script";
  if (cursor.phrase("try", "catch") || cursor.phrase("try", "and", "catch")) return "script";
  return undefined;
}

function readWhat(
  cursor: Cursor,
  language: Language | undefined,
  prepositions: readonly string[] = IN,
): ErrorHandlingTarget | undefined {
  const start = cursor.position();
  const broad = readBroad(cursor);
  const all = broad === undefined && readAllFunctions(cursor);
  const names = broad !== undefined || all ? undefined : readNames(cursor);
  const isFolder = names !== undefined && cursor.word("folder", "directory") !== undefined;
  if (all || (names !== undefined && !isFolder)) {
    const scope = readScope(cursor, prepositions) ?? EVERYWHERE;
    return { scope, names, language: scope === EVERYWHERE ? language : undefined };
  }
  if (broad === undefined) cursor.reset(start);
  const scope = broad ?? readTarget(cursor);
  if (scope === undefined) return undefined;
  return { scope, names: undefined, language: scope === EVERYWHERE ? language : undefined };
}

/** `all functions`, `every method`, `the functions`. */
function readAllFunctions(cursor: Cursor): boolean {
  const start = cursor.position();
  const every = cursor.word("all", "every", "each") !== undefined;
  const the = cursor.word("the", "of") !== undefined;
  cursor.word("the");
  if ((every || the) && cursor.word(...FUNCTION_NOUNS) !== undefined) {
    if (cursor.word("and") !== undefined && cursor.word(...FUNCTION_NOUNS) === undefined) cursor.reset(start);
    const named = cursor.peek()?.kind === "quoted" || (!every && isName(cursor));
    if (!named) return cursor.position() > start;
  }
  cursor.reset(start);
  return false;
}

/** `the main function`, `load()`, `the functions load and save`, `Config.load`. */
function readNames(cursor: Cursor): readonly string[] | undefined {
  cursor.word("the");
  cursor.word("both");
  cursor.word(...FUNCTION_NOUNS);
  const names: string[] = [];
  for (;;) {
    const start = cursor.position();
    if (names.length > 0 && cursor.mark(",") === undefined && cursor.peek()?.text.toLowerCase() !== "and")
      break;
    cursor.word("and");
    cursor.word("the");
    if (!isName(cursor)) {
      cursor.reset(start);
      break;
    }
    names.push((cursor.next()?.text ?? "").replace(/\(\)$/, ""));
  }
  cursor.word(...FUNCTION_NOUNS);
  return names.length === 0 ? undefined : names;
}

/** True when the next token is a function's name and not a path or an ordinary word. */
function isName(cursor: Cursor): boolean {
  const token = cursor.peek();
  if (token?.kind !== "word" && token?.kind !== "quoted") return false;
  const text = token.text.replace(/\(\)$/, "");
  if (NO_NAMES.has(text.toLowerCase()) || text.length > 200) return false;
  const isFile = looksLikePath(text) && (text.includes("/") || FILE_ENDING.test(text) || !text.includes("."));
  return !isFile && NAME.test(text);
}
