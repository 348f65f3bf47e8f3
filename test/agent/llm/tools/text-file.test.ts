/** Bytes become text and the same bytes again; what occurs where is found as a plain search finds it. */
import { describe, expect, test } from "vitest";
import { firstOccurrence, occurrences } from "../../../../src/agent/llm/tools/occurrences.ts";
import { asInFile, decodeFile, encodeText } from "../../../../src/agent/llm/tools/text-file.ts";
import { createRandom } from "../../../support/random.ts";

/** Bytes 0x80 to 0x9f in Windows-1252, as the WHATWG index has them. */
const HIGH = [
  ...[0x20ac, 0x81, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021],
  ...[0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f],
  ...[0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014],
  ...[0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178],
];

describe("a file's text", () => {
  test("has a character of its own for every byte that is not UTF-8", () => {
    const bytes = Uint8Array.from({ length: 255 }, (_, index) => index + 1);
    const file = decodeFile(bytes);
    const expected = Array.from(bytes, (byte) => (byte >= 0x80 && byte < 0xa0 ? HIGH[byte - 0x80] : byte));
    expect(Array.from(file?.text ?? "", (character) => character.codePointAt(0))).toEqual(expected);
    expect(file).toMatchObject({ encoding: "windows-1252", bom: false });
    if (file === undefined) return;
    expect(encodeText(file.text, file)).toEqual(bytes);
    const asLatin1 = Buffer.from(bytes).toString("latin1");
    expect(encodeText(asLatin1, file)).toEqual(bytes);
    expect(asInFile(asLatin1, file)).toBe(file.text);
  });

  test("comes from the same bytes that it makes, whatever they are", () => {
    const random = createRandom(1252);
    const starts = [[], [0xff, 0xfe], [0xfe, 0xff], [0xef, 0xbb, 0xbf], [0xff], [0xef, 0xbb]];
    const seen = new Map<string, number>();
    for (let round = 0; round < 5_000; round++) {
      const highest = random.pick([0x7f, 0xff, 0xd8]);
      const rest = Array.from({ length: random.int(12) }, () => random.int(highest + 1));
      const bytes = Uint8Array.from([...random.pick(starts), ...rest]);
      const file = decodeFile(bytes);
      const kind = file === undefined ? "binary" : `${file.encoding}${file.bom ? " with mark" : ""}`;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (file === undefined) expect([...bytes]).toContain(0);
      else {
        expect(file.text.isWellFormed()).toBe(true);
        expect(encodeText(file.text, file)).toEqual(bytes);
      }
    }
    const kinds = [
      "binary",
      "utf-16be with mark",
      "utf-16le with mark",
      "utf-8",
      "utf-8 with mark",
      "windows-1252",
    ];
    for (const kind of kinds) expect([kind, (seen.get(kind) ?? 0) > 20]).toEqual([kind, true]);
    expect(seen.size).toBe(kinds.length);
  });
});

describe("occurrences", () => {
  test("are those of a plain search, over random texts", () => {
    const random = createRandom(20_261_122);
    const text = (length: number) => Array.from({ length }, () => random.pick(["a", "b"])).join("");
    for (let round = 0; round < 5_000; round++) {
      const [hay, needle] = [text(random.int(40)), text(1 + random.int(12))];
      for (const overlapping of [true, false]) {
        const expected: number[] = [];
        for (let at = hay.indexOf(needle); at !== -1; ) {
          expected.push(at);
          at = hay.indexOf(needle, at + (overlapping ? 1 : needle.length));
        }
        expect([hay, needle, [...occurrences(hay, needle, overlapping)]]).toEqual([hay, needle, expected]);
      }
      expect(firstOccurrence(hay, needle)).toBe(hay.indexOf(needle));
    }
  });
});
