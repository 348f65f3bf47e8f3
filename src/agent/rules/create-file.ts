/** Rule: create a file whose content the prompt spells out. */
import { createFile, type FilePlan } from "./create-file-run.ts";
import { type Cursor, createCursor } from "./cursor.ts";
import { joinPath } from "./paths.ts";
import { type Instruction, type Plan, type Rule, refused } from "./rule.ts";
import { startsQuoted, type Token } from "./tokens.ts";
import { quote } from "./wording.ts";

/** The clauses of one instruction, filled in as they are read. */
interface Draft {
  path?: string;
  folder: string;
  content?: string;
  exact: boolean;
  overwrite: boolean;
  /** True once the instruction is surely about creating a file. */
  claimed: boolean;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));
const ADJECTIVES = words(
  "a an the new simple small short plain text markdown python javascript typescript json yaml toml html css shell bash config configuration source",
);
const FILE_NOUNS = ["file", "script", "document", "module", "page"];
const BEFORE_CONTENT = words("the this that a single following exact exactly only just its initial");
const CONTENT_NOUNS = words("content contents text code body data line lines words source");
const AFTER_CONTENT = words("being is set to as =");
const OVERWRITE_TAIL = words(
  "it the any existing old file one version content contents if already exists present there is needed necessary a current",
);
const REPOSITORY_TAIL = words("the this of root repository repo project codebase folder directory");
/** Words that describe content instead of being it. */
const DESCRIPTION = words(
  "a an the some of that which from as like to for in is it about same similar based and or on with by my our your appropriate suitable",
);

/** `Create a file docs/hello.md with the content "Hello"`. */
export const createFileRule: Rule = {
  name: "create_file",
  examples: [
    'Create a file docs/hello.md with the content "Hello"',
    "Create notes.txt containing: remember the milk",
    'Overwrite VERSION with "2.0.0"',
  ],
  plan(instruction) {
    const draft: Draft = { folder: "", exact: false, overwrite: false, claimed: false };
    const cursor = createCursor(instruction.tokens);
    const read = readWriteTo(cursor, draft) || readCreate(cursor, instruction, draft);
    return read ? planOf(draft) : draft.claimed ? refusal(draft) : undefined;
  },
};

function refusal(draft: Draft): Plan {
  if (draft.path === undefined) {
    return refused(
      "The prompt does not say where the file goes; name its path, in quotes when it has spaces.",
    );
  }
  if (draft.content === undefined) {
    return refused(
      `The prompt does not spell out the content of ${quote(draft.path)}; put the content in quotes or a code block, or ask for an empty file.`,
    );
  }
  return refused(
    `Part of the prompt about ${quote(draft.path)} is not understood; put the whole content in quotes or a code block.`,
  );
}

function planOf(draft: Draft): Plan {
  const { path, content } = draft;
  if (path === undefined || content === undefined) return refusal(draft);
  const named = /^readme$/i.test(path) ? "README.md" : path;
  const complete = draft.exact || content === "" || content.endsWith("\n") ? content : `${content}\n`;
  const plan: FilePlan = {
    path: joinPath(draft.folder, named),
    content: complete,
    overwrite: draft.overwrite,
  };
  return { kind: "ready", run: (task) => createFile(task, plan) };
}

/** `Write "Hello" to docs/hello.md`. */
function readWriteTo(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.position();
  if (cursor.word("write", "put", "save") === undefined) return false;
  const content = cursor.literal();
  if (content !== undefined && cursor.word("to", "into", "in", "as") !== undefined) {
    cursor.skip(ADJECTIVES);
    const named = cursor.word(...FILE_NOUNS) !== undefined;
    cursor.word("called", "named", "at");
    const path = cursor.path(named);
    if (path !== undefined) Object.assign(draft, { path, content, claimed: true });
    if (path !== undefined && readClauses(cursor, draft, undefined)) return true;
  }
  cursor.reset(start);
  return false;
}

function readCreate(cursor: Cursor, instruction: Instruction, draft: Draft): boolean {
  if (!readVerb(cursor, draft)) return false;
  cursor.skip(ADJECTIVES);
  const empty = cursor.word("empty", "blank") !== undefined;
  cursor.skip(ADJECTIVES);
  if (cursor.word("folder", "directory") !== undefined) return false;
  const noun = cursor.word(...FILE_NOUNS) !== undefined;
  if (noun) draft.claimed = true;
  cursor.mark(":");
  const pathNext = cursor.word("called", "named", "at") !== undefined || (noun && !startsClause(cursor));
  const path = cursor.path(pathNext && noun);
  if (path !== undefined) Object.assign(draft, { path, claimed: true });
  if (path === undefined && !noun) return false;
  cursor.word("file");
  if (empty || /(^|\/)(__init__\.py|\.gitkeep|\.keep)$/.test(path ?? "")) draft.content = "";
  return readClauses(cursor, draft, instruction);
}

function readVerb(cursor: Cursor, draft: Draft): boolean {
  if (cursor.word("create", "add", "make", "write", "generate") !== undefined) return true;
  const verb = cursor.word("overwrite", "replace", "set");
  if (verb === undefined) return false;
  draft.overwrite = true;
  cursor.word("the");
  const whole = cursor.word("content", "contents") !== undefined && cursor.word("of", "in") !== undefined;
  cursor.word("the");
  const file = cursor.peek()?.kind === "word" && cursor.word("file") !== undefined;
  if (file || whole) draft.claimed = true;
  return verb === "overwrite" || file || whole;
}

function startsClause(cursor: Cursor): boolean {
  const token = cursor.peek();
  const clauses = [
    "with",
    "containing",
    "that",
    "which",
    "in",
    "inside",
    "under",
    "saying",
    "having",
    "to",
    "for",
  ];
  return token?.kind !== "word" || clauses.includes(token.text.toLowerCase());
}

/** Reads what may follow the name, in any order; false when something is left over. */
function readClauses(cursor: Cursor, draft: Draft, instruction: Instruction | undefined): boolean {
  while (!cursor.done()) {
    const start = cursor.position();
    cursor.mark(",.(");
    cursor.word("and", "but");
    const read =
      readOverwrite(cursor, draft) ||
      readContent(cursor, draft, instruction) ||
      readLateName(cursor, draft) ||
      readPlace(cursor, draft);
    if (!read) {
      cursor.reset(start);
      return false;
    }
    cursor.mark(")");
  }
  return true;
}

function readOverwrite(cursor: Cursor, draft: Draft): boolean {
  if (cursor.word("overwrite", "overwriting", "replace", "replacing") === undefined) return false;
  cursor.skip(OVERWRITE_TAIL);
  draft.overwrite = true;
  return true;
}

function readLateName(cursor: Cursor, draft: Draft): boolean {
  if (draft.path !== undefined) return false;
  const named = cursor.word("called", "named", "at") !== undefined;
  const path = cursor.path(named);
  if (path !== undefined) draft.path = path;
  return path !== undefined;
}

/** `in the folder docs`, `in docs/`, `to the repository`. */
function readPlace(cursor: Cursor, draft: Draft): boolean {
  const start = cursor.position();
  if (cursor.word("in", "inside", "under", "to", "at", "into") === undefined) return false;
  const before = cursor.position();
  cursor.skip(REPOSITORY_TAIL);
  const folder = draft.folder === "" ? cursor.path(said(cursor, before)) : undefined;
  if (folder !== undefined) draft.folder = folder;
  if (folder !== undefined) cursor.word("folder", "directory");
  if (cursor.position() > before) return true;
  const bare = draft.folder === "" ? cursor.path(true) : undefined;
  if (bare !== undefined && cursor.word("folder", "directory") !== undefined) {
    draft.folder = bare;
    return true;
  }
  cursor.reset(start);
  return false;
}

/** True when a noun like "folder" was just read, after which any word is a name. */
function said(cursor: Cursor, before: number): boolean {
  const after = cursor.position();
  cursor.reset(before);
  cursor.word("the", "this");
  const noun = cursor.word("folder", "directory") !== undefined;
  cursor.reset(after);
  return noun;
}

function readContent(cursor: Cursor, draft: Draft, instruction: Instruction | undefined): boolean {
  if (draft.content !== undefined) return false;
  const start = cursor.position();
  const announced = readAnnouncement(cursor);
  const before = cursor.position();
  cursor.skip(BEFORE_CONTENT);
  for (let at = before; at < cursor.position(); at += 1) draft.exact ||= exactAt(instruction, at);
  const noun = cursor.peek();
  cursor.skip(CONTENT_NOUNS);
  const named = cursor.peek() !== noun;
  const described = cursor.word("of") !== undefined;
  cursor.skip(AFTER_CONTENT);
  const colon = cursor.mark(":") !== undefined;
  const token = cursor.peek();
  if (token?.kind === "rest" || token?.kind === "block" || token?.kind === "quoted") {
    const direct = cursor.position() === start;
    if (direct && token.kind === "quoted") return false;
    cursor.next();
    draft.content = token.text;
    return true;
  }
  const bare = announced && named && !colon && !described;
  if (bare && instruction !== undefined && readBareContent(cursor, draft, instruction)) {
    return true;
  }
  cursor.reset(start);
  return false;
}

function exactAt(instruction: Instruction | undefined, at: number): boolean {
  return /^exact(ly)?$/i.test(instruction?.tokens[at]?.text ?? "");
}

function readAnnouncement(cursor: Cursor): boolean {
  if (cursor.phrase("it", "should", "contain") || cursor.phrase("it", "should", "say")) return true;
  if (cursor.phrase("it", "contains") || cursor.phrase("its", "content", "is")) return true;
  cursor.word("that", "which");
  return (
    cursor.word("with", "containing", "contains", "saying", "says", "reading", "having", "has") !== undefined
  );
}

/**
 * Unquoted content after "with the content": taken only when it cannot be a description of content,
 * since writing a description into the file would be an invention.
 */
function readBareContent(cursor: Cursor, draft: Draft, instruction: Instruction): boolean {
  const tokens = instruction.tokens.slice(cursor.position());
  const [first] = tokens;
  const base = instruction.tokens[0]?.start ?? 0;
  const isPlain = (token: Token): boolean =>
    (token.kind === "word" && !startsQuoted(token.text)) || token.kind === "mark";
  if (first?.kind !== "word" || !tokens.every(isPlain)) return false;
  const literal = /^[^a-z]/.test(first.text) || tokens.filter((token) => token.kind === "word").length <= 2;
  if (!literal || DESCRIPTION.has(first.text.toLowerCase()) || /^[a-z]+(ing|ed)$/.test(first.text))
    return false;
  const last = tokens.at(-1);
  const end = last?.kind === "mark" && last.text === "." ? last.start : (last?.end ?? 0);
  draft.content = instruction.text.slice(first.start - base, end - base);
  while (cursor.next() !== undefined);
  return true;
}
