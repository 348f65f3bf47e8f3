/** Edits change what they were asked to change and no other byte, in every encoding and with every line ending. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Workspace } from "../../../../src/workspace/workspace.ts";
import { type LocalForge, startForge } from "../../../support/forge/server.ts";
import { open, TOKENS } from "../../../support/open.ts";
import { createRandom, type Random } from "../../../support/random.ts";
import { call } from "../../../support/tool-calls.ts";

type Encoding = "utf8" | "utf8-bom" | "utf16le" | "utf16be" | "latin1";

interface Sample {
  readonly path: string;
  readonly encoding: Encoding;
  text: string;
}

const ENCODINGS: readonly Encoding[] = ["utf8", "utf8-bom", "utf16le", "utf16be", "latin1"];
const ENDINGS = [["\n"], ["\r\n"], ["\n", "\r\n"], ["\n", "\r\n", "\r"], [""]];
const ASCII = ["a", "b", "ab", "aab", " ", "  ", "\t", "x = 1;", "$&", "$1", "\\n", "}", "{"];
const BEYOND: Readonly<Record<Encoding, readonly string[]>> = {
  utf8: ["é", "中", "😀", "\u2028"],
  "utf8-bom": ["é", "中", "😀", "\ufeff"],
  utf16le: ["é", "中", "😀", "\u0100"],
  utf16be: ["é", "中", "😀", "\u0a0d"],
  // As ISO-8859-1: bytes 0x80 to 0x9f too, which the tools show as Windows-1252.
  latin1: ["é", "ÿ", "\u0093", "\u0085", "\u0080"],
};
/** Keeps a file what it is, however it is edited: alone, this byte is not UTF-8. */
const MARK = "\u00e9\n";

let forge: LocalForge;
let workspace: Workspace;
const samples: Sample[] = [];
const random = createRandom(4_2026);

beforeAll(async () => {
  for (const encoding of ENCODINGS) {
    for (let index = 0; index < 60; index++) {
      const text = textIn(encoding, random.pick(ENDINGS), 1 + random.int(30));
      samples.push({ path: `${encoding}/${index}.txt`, encoding, text });
    }
  }
  forge = await startForge({ tokens: TOKENS });
  const files = Object.fromEntries(samples.map((sample) => [sample.path, bytesOf(sample)]));
  ({ workspace } = await open(await forge.addRepository("octo/encodings", { files })));
  await workspace.prefetch(samples.map(({ path }) => path));
});
afterAll(() => forge.close());

function textIn(encoding: Encoding, endings: readonly string[], lines: number): string {
  const line = (): string =>
    Array.from({ length: random.int(6) }, () =>
      random.pick(random.int(3) === 0 ? BEYOND[encoding] : ASCII),
    ).join("");
  let text = encoding === "latin1" ? MARK : "";
  for (let index = 0; index < lines; index++) text += line() + random.pick(endings);
  return text;
}

/** What the file is, by Node's own encoders. */
function bytesOf({ encoding, text }: Sample): Buffer {
  switch (encoding) {
    case "utf8":
      return Buffer.from(text, "utf8");
    case "utf8-bom":
      return Buffer.from(`\ufeff${text}`, "utf8");
    case "utf16le":
      return Buffer.from(`\ufeff${text}`, "utf16le");
    case "utf16be":
      return Buffer.from(`\ufeff${text}`, "utf16le").swap16();
    case "latin1":
      return Buffer.from(text, "latin1");
  }
}

/** A piece of the text, often one that occurs again; sometimes one that may not occur. */
function oldTextIn({ encoding, text }: Sample, choices: Random): string {
  if (choices.int(8) === 0) return choices.pick([...ASCII, ...BEYOND[encoding]]) + choices.pick(ASCII);
  const first = encoding === "latin1" ? MARK.length : 0;
  const start = first + choices.int(Math.max(1, text.length - first));
  return text.slice(start, start + 1 + choices.int(choices.pick([3, 12, 60])));
}

/** The text as the edit should leave it, or undefined where it should be refused. */
function reference(text: string, oldText: string, newText: string, all: boolean): string | undefined {
  const bare = !`${oldText}${newText}`.includes("\r");
  const crlf = bare && /\r\n/.test(text) && !/(?<!\r)\n/.test(text);
  const [old, fresh] = [oldText, newText].map((part) => (crlf ? part.split("\n").join("\r\n") : part));
  if (old === undefined || fresh === undefined || oldText === newText) return undefined;
  const first = text.indexOf(old);
  if (first === -1 || (!all && text.lastIndexOf(old) !== first)) return undefined;
  const parts = text.split(old);
  return parts.join(fresh);
}

test("edit_file leaves the bytes that a plain replacement leaves, over random files and edits", async () => {
  const outcomes = { ok: 0, error: 0, crlf: 0 };
  for (let round = 0; round < 10; round++) {
    for (const sample of samples) {
      // Half the time as models write: whatever the file has, with line feeds.
      const asWritten = random.int(2) === 0 ? (text: string) => text.replaceAll("\r\n", "\n") : String;
      const oldText = asWritten(oldTextIn(sample, random));
      if (oldText === "" || !oldText.isWellFormed() || oldText.startsWith(MARK)) continue;
      let newText = asWritten(textIn(sample.encoding, random.pick(ENDINGS), random.int(3))).replace(MARK, "");
      if (sample.encoding === "latin1" && oldText.includes(MARK)) newText += MARK;
      const all = random.int(3) === 0;
      const expected = reference(sample.text, oldText, newText, all);
      const { outcome } = await call({ workspace }, "edit_file", {
        path: sample.path,
        old_text: oldText,
        new_text: newText,
        replace_all: all,
      });
      const what = JSON.stringify([sample, oldText, newText, all, outcome.text]);
      expect(outcome.status, what).toBe(expected === undefined ? "error" : "ok");
      outcomes[outcome.status]++;
      if (outcome.text.includes("taken as CRLF")) outcomes.crlf++;
      if (expected !== undefined) sample.text = expected;
      expect(Buffer.compare(await workspace.read(sample.path), bytesOf(sample)), what).toBe(0);
    }
  }
  expect(outcomes.ok).toBeGreaterThan(500);
  expect(outcomes.error).toBeGreaterThan(100);
  expect(outcomes.crlf).toBeGreaterThan(50);
});
