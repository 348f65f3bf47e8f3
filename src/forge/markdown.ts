/** Makes text that others wrote safe to show in pull requests and commit messages. */

/**
 * Unlike an entity or a backslash, which GitHub decodes before it looks for mentions and
 * references, a zero-width space stays in the text and ends the match.
 */
const BREAK = "\u200B";

/** Backtick runs longer than this are broken, so that a delimiter stays shorter than its text. */
const MAX_RUN = 99;

/** C0 and C1 controls except tab and newline. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;
/**
 * Characters that reorder or hide text: bidi marks, embeddings and isolates, soft hyphen, word
 * joiner and invisible operators, byte order mark, annotations, tags. Joiners that scripts and
 * emoji need (U+200C, U+200D) stay.
 */
const DECEPTIVE =
  /[\u00AD\u061C\u180E\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|[\u{E0000}-\u{E007F}]/gu;

/** Where GitHub, or a bot that reads the raw text, would act; a break goes in after each match. */
const ACTIVE: readonly RegExp[] = [
  // mentions of people and teams, and `owner/repo@commit`
  /@/g,
  // `#1` and `owner/repo#1`; `GH-1`, whose hyphen Markdown may escape
  /#(?=\d)/g,
  /GH\\?-(?=\d)/gi,
  // links to issues and pull requests, written with or without a scheme; any link with a scheme
  /\/(?:issues?|pulls?|discussions|commit)\\?\/(?=\w)/gi,
  /:(?=\\?\/\\?\/)/g,
  /www(?=\.)/gi,
  // Markdown links and images, and definitions of their targets
  /\](?=[([:])/g,
  // HTML tags, comments and autolinks
  /<(?=[a-z/!?])/gi,
  // entities, which would spell any of the above
  /&(?=#?\w+;)/g,
  // an instruction that stops checks from running
  /\[(?=(?:skip|ci|no|actions)[ -])/gi,
  // a heading, also within lists and quotes
  /^[ \t\d.)>*+-]*#{1,6}(?=[ \t]|$)/gm,
  // a fence
  /[`~]{2}(?=[`~])/g,
  // a bot's command at the start of a line
  /^[ \t]*\/(?=[a-z])/gim,
];

/** The text without control, bidirectional and invisible characters; line endings become `\n`. */
function clean(text: string): string {
  return text
    .toWellFormed()
    .replaceAll("\r\n", "\n")
    .replace(/[\r\u0085\u2028\u2029]/g, "\n")
    .replace(CONTROLS, "")
    .replace(DECEPTIVE, "");
}

/**
 * Untrusted text that looks the same but does nothing: no mention, issue reference or closing
 * keyword, link, HTML, entity, heading, code fence, `[skip ci]` or bot command survives, in Markdown or
 * in a commit message. Control and bidirectional characters are removed. Idempotent; the result
 * is at most twice as long.
 */
export function neutralise(text: string): string {
  let result = clean(text).replaceAll(BREAK, "");
  for (const pattern of ACTIVE) {
    result = result.replace(pattern, `$&${BREAK}`);
  }
  return result;
}

/**
 * The text as a fenced code block, under a fence longer than any run of backticks or tildes in
 * it (CommonMark 0.31, 4.5), so that nothing in it can end the block. `info` names the language.
 */
export function fence(text: string, info = ""): string {
  const body = shortenRuns(clean(text));
  const delimiter = "`".repeat(Math.max(3, longestRun(body) + 1));
  return `${delimiter}${info}\n${body.endsWith("\n") || body === "" ? body : `${body}\n`}${delimiter}`;
}

/** The text as a code span on one line, with as many backticks as it takes (CommonMark 0.31, 6.1). */
export function inlineCode(text: string): string {
  const body = shortenRuns(singleLine(text, Number.POSITIVE_INFINITY)) || " ";
  const delimiter = "`".repeat(longestRun(body) + 1);
  const padding = body.startsWith("`") || body.endsWith("`") ? " " : "";
  return `${delimiter}${padding}${body}${padding}${delimiter}`;
}

/** The text on one line: white space collapsed, and cut with an ellipsis at `max` code points. */
export function singleLine(text: string, max: number): string {
  const line = clean(text).replace(/\s+/g, " ").trim();
  return cut(line, max);
}

/** At most `max` code points of the text; the last is an ellipsis when some were left out. */
export function cut(text: string, max: number): string {
  if (text.length <= max) {
    return text;
  }
  const points = Array.from(text.slice(0, 2 * max + 2));
  if (points.length <= max) {
    return text;
  }
  const kept = points.slice(0, max - 1).join("");
  return `${kept.trimEnd()}…`;
}

function shortenRuns(text: string): string {
  return text.replace(new RegExp(`[\`~]{${MAX_RUN}}(?=[\`~])`, "g"), `$&${BREAK}`);
}

function longestRun(text: string): number {
  return (text.match(/`+|~+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
