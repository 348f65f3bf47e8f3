/** Finds what would act, or hide, in words that stand in a pull request or a commit. */

/** What GitHub, a browser or a bot would do something about, each with a name. */
const ACTIVE: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["mention", /@\w[\w-]*/g],
  ["reference", /#\d+|\bGH-\d+/gi],
  ["link", /\w*:\/\/\S*|\bwww\.\S*/gi],
  ["Markdown link", /\]\(|\]\[|\]:/g],
  ["HTML", /<[a-z/!?][^>]{0,20}/gi],
  ["entity", /&#?\w+;/g],
  ["word that stops checks", /\[(?:skip|ci|no|actions) [^\]]*\]/gi],
  ["command", /^[ \t]*\/[a-z]+/gim],
  // but for line breaks, the zero-width space that keeps words from acting, and the joiners of scripts and emoji
  ["invisible character", /(?![\n\u200b-\u200d])[\p{Cc}\p{Cf}]/gu],
];

/** Names of what is active, each with the text. Empty for words that do nothing. */
export function activeIn(text: string): readonly string[] {
  return ACTIVE.flatMap(([name, pattern]) =>
    [...text.matchAll(pattern)].map(([match]) => `${name}: ${match}`),
  );
}

/** The same for a pull request's body: GitHub leaves code alone, but takes the line of a heading for a section. */
export function activeInBody(body: string, headings: readonly string[]): readonly string[] {
  const prose = withoutCode(body);
  const others = prose.filter((line) => /^ {0,3}#{1,6}(?:\s|$)/.test(line) && !headings.includes(line));
  return [...activeIn(prose.join("\n")), ...others.map((line) => `heading: ${line}`)];
}

/** The lines outside of fenced code (CommonMark 0.31, 4.5), without code spans (6.1). */
function withoutCode(markdown: string): readonly string[] {
  const lines: string[] = [];
  let fence: string | undefined;
  for (const line of markdown.split("\n")) {
    const marks = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined && marks !== undefined) fence = marks;
    else if (fence === undefined) lines.push(withoutSpans(line));
    else if (marks?.[0] === fence[0] && (marks?.length ?? 0) >= fence.length && /^[\s`~]*$/.test(line))
      fence = undefined;
  }
  return fence === undefined ? lines : [...lines, "# a fence that is not closed"];
}

function withoutSpans(line: string): string {
  return line.replace(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, "(code)");
}
