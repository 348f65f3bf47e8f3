import { describe, expect, test } from "vitest";
import { cut, fence, inlineCode, neutralise, singleLine } from "../../src/forge/markdown.ts";

/** Shows the zero-width space. */
const seen = (text: string): string => text.replaceAll("\u200B", "·");

describe("attack 19: neutralised text does nothing on GitHub", () => {
  test.each([
    ["mentions of people", "Thanks @octocat!", "Thanks @·octocat!"],
    ["mentions of teams", "cc @org/team", "cc @·org/team"],
    ["mentions after an escape", "\\@org", "\\@·org"],
    ["mentions spelled with entities", "&#64;org &#x40;org &commat;org", "&#·64;org &·#x40;org &·commat;org"],
    ["closing keywords", "Fixes #1, closes: #23", "Fixes #·1, closes: #·23"],
    ["references to other repositories", "resolves owner/repo#1", "resolves owner/repo#·1"],
    ["references spelled with entities", "fixes &num;1 &#35;1", "fixes &·num;1 &#·35;1"],
    ["references in GitHub's other form", "Fixes GH-1 gh-22 GH\\-3", "Fixes GH-·1 gh-·22 GH\\-·3"],
    ["links to issues", "Closes https://github.com/o/r/issues/1", "Closes https:·//github.com/o/r/issues/·1"],
    ["links without a scheme", "www.github.com/o/r/pull/1", "www·.github.com/o/r/pull/·1"],
    ["links with an escaped scheme", "https\\://x https:\\/\\/x", "https\\:·//x https:·\\/\\/x"],
    ["references to commits", "o/r@0123abc", "o/r@·0123abc"],
    ["Markdown links and images", "![x](y) [a][b]", "![x]·(y) [a]·[b]"],
    ["definitions of links", "[x]: y", "[x]·: y"],
    ["HTML comments", "<!-- hidden -->", "<·!-- hidden -->"],
    ["HTML tags", "<img src=x></p><?x?>", "<·img src=x><·/p><·?x?>"],
    ["headings", "# A\n- ## B", "#· A\n- ##· B"],
    ["fences", "```js\n~~~~", "``·`js\n~~·~~"],
    ["words that stop checks", "[skip ci] [ci skip] [NO CI]", "[·skip ci] [·ci skip] [·NO CI]"],
    ["bot commands", "/approve\n  /merge now", "/·approve\n  /·merge now"],
    ["control characters", "a\u0000b\u001b[31mc\u0085d\u009fe", "ab[31mc\nde"],
    ["line endings", "a\r\nb\rc\u2028d", "a\nb\nc\nd"],
    ["bidirectional characters", "\u202eevil\u2066\u200f\u061c", "evil"],
    ["invisible characters", "@\u2060or\u00adg \u{E0041}\uFEFF#\u200b1", "@·org #·1"],
    ["lone surrogates", "\ud800#1", "\ufffd#·1"],
  ])("%s", (_name, text, expected) => {
    expect(seen(neutralise(text))).toBe(expected);
  });

  test.each([
    "Plain prose, 50% of it: a < b && c > d, e-mail # 5.",
    "C# and `code` with *emphasis*, and/or a list:\n- one\n- two",
    "Emoji 👩‍💻 and नमस्ते stay whole.",
  ])("%j stays as it is", (text) => {
    expect(neutralise(text)).toBe(text);
  });

  test("neutralised text can be neutralised again", () => {
    const once = neutralise("@org Fixes #1 <!-- x --> https://x [skip ci]");
    expect(neutralise(once)).toBe(once);
  });

  test("a cut cannot bring anything back", () => {
    const text = neutralise("Fixes #123 by @org");
    for (let max = 1; max <= text.length; max += 1) {
      expect(cut(text, max)).not.toMatch(/#\d|@\w/);
    }
  });
});

describe("fence", () => {
  test.each([
    ["plain text", "a\nb", "```\na\nb\n```"],
    ["text with a line end", "a\n", "```\na\n```"],
    ["nothing", "", "```\n```"],
    ["a fence", "```js\nx\n```", "````\n```js\nx\n```\n````"],
    ["a longer fence of tildes", "~~~~~\nx", "``````\n~~~~~\nx\n``````"],
    ["controls and bidirectional text", "a\u0007\u202eb\r\nc", "```\nab\nc\n```"],
  ])("of %s", (_name, text, expected) => {
    expect(fence(text)).toBe(expected);
  });

  test("names the language", () => {
    expect(fence("a", "diff")).toBe("```diff\na\n```");
  });

  test("stays short for absurd runs, by breaking them", () => {
    const fenced = fence("`".repeat(1000));
    expect([fenced.indexOf("\n"), /`{101}/.test(fenced)]).toEqual([100, false]);
  });
});

describe("inlineCode", () => {
  test.each([
    ["src/a.ts", "`src/a.ts`"],
    ["a`b", "``a`b``"],
    ["`a``", "``` `a`` ```"],
    ["a\nb\u202e", "`a b`"],
    ["", "` `"],
  ])("of %j is %s", (text, expected) => {
    expect(inlineCode(text)).toBe(expected);
  });
});

describe("singleLine", () => {
  test.each([
    ["  a\n\tb  c ", 72, "a b c"],
    ["abcdef", 6, "abcdef"],
    ["abcdefg", 6, "abcde…"],
    ["abcd efg", 6, "abcd…"],
    ["🚀🚀🚀🚀", 3, "🚀🚀…"],
    ["🚀🚀🚀", 3, "🚀🚀🚀"],
  ])("of %j within %i is %j", (text, max, expected) => {
    expect(singleLine(text, max)).toBe(expected);
  });
});
