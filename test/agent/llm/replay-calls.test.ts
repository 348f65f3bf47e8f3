/** The calls with which commits are made over again: what is expressed how, what cannot be, and in which order. */
import { describe, expect, test } from "vitest";
import { createRandom } from "../../support/random.ts";
import { callsForChange, type ReplayCall } from "../../support/replay/calls-for-change.ts";
import { callsForChanges } from "../../support/replay/calls-for-commit.ts";
import type { FileChange } from "../../support/replay/commit-changes.ts";
import { applyEdit } from "../../support/replay/edit.ts";
import { editsForText } from "../../support/replay/edits-for-text.ts";
import { decodeText, encodeText } from "../../support/replay/file-text.ts";
import { hunksBetween } from "../../support/replay/hunks.ts";
import { ODD_TEXTS, oddText } from "../../support/replay/odd-texts.ts";
import { scheduleCalls } from "../../support/replay/schedule-calls.ts";
import { turnsForCalls } from "../../support/replay/turns-for-calls.ts";

const SEEDS = Array.from({ length: 30 }, (_, seed) => seed);

function side(path: string, content: string | Buffer, mode = "100644") {
  return { path, mode, bytes: Buffer.from(content) };
}

function changed(path: string, before: string | Buffer, after: string | Buffer): FileChange {
  return { before: side(path, before), after: side(path, after) };
}

describe("edits", () => {
  test.each([
    ["one line of many that are the same", `${"}\n".repeat(50)}x\n${"}\n".repeat(50)}`, 70],
    ["a character in a line without end", `${"ab".repeat(10_000)}x${"ab".repeat(10_000)}`, 30_001],
    ["half of a surrogate pair", "\u{1f600}\u{1f601}\u{1f602}".repeat(30), 91],
    ["a line of a CRLF file", "one\r\n".repeat(20), 40],
  ])("grow until they are unique: %s", (_what, before, at) => {
    for (const seed of SEEDS) {
      const random = createRandom(seed);
      const after = `${before.slice(0, at)}!${before.slice(at)}`.toWellFormed();
      const edits = editsForText(before, after, random) ?? [];
      expect(edits.reduce<string | undefined>((text, edit) => text && applyEdit(text, edit), before)).toBe(
        after,
      );
      expect(
        edits.every(({ old_text, new_text }) => old_text.isWellFormed() && new_text.isWellFormed()),
      ).toBe(true);
    }
  });

  test("are of every manner", () => {
    const lines = Array.from({ length: 40 }, (_, line) => `line ${line}\r\n`);
    const before = lines.join("");
    const after = lines.with(3, "third\r\n").with(20, "").with(30, "line 30\r\nline 30\r\n").join("");
    const manners = new Set(
      SEEDS.flatMap((seed) => {
        const edits = editsForText(before, after, createRandom(seed)) ?? [];
        const plain = edits.some(({ old_text }) => /(?<!\r)\n/.test(old_text));
        const [first = ""] = edits.map(({ new_text }) => new_text);
        return [
          `${edits.length} edits`,
          plain ? "LF" : "CRLF",
          first.includes("third") ? "down" : "another order",
        ];
      }),
    );
    expect([...manners].toSorted()).toEqual(["3 edits", "CRLF", "LF", "another order", "down"]);
    const renamed = SEEDS.flatMap((seed) => editsForText("a b a\n", "c b c\n", createRandom(seed)) ?? []);
    expect(renamed).toContainEqual({ old_text: "a", new_text: "c", replace_all: true });
  });

  test("follow the tools' contract", () => {
    expect(applyEdit("a a", { old_text: "a", new_text: "b" })).toBeUndefined();
    expect(applyEdit("aaa", { old_text: "aa", new_text: "b" })).toBeUndefined();
    expect(applyEdit("aaa", { old_text: "aa", new_text: "b", replace_all: true })).toBeUndefined();
    expect(applyEdit("a a", { old_text: "a", new_text: "$&", replace_all: true })).toBe("$& $&");
    expect(applyEdit("a\r\nb\r\n", { old_text: "a\nb", new_text: "c\n" })).toBe("c\r\n\r\n");
    expect(applyEdit("a\r\nb\r\n", { old_text: "a", new_text: "c\nd" })).toBe("c\r\nd\r\nb\r\n");
    expect(applyEdit("a\r\nb\r\n", { old_text: "a\r\n", new_text: "c\n" })).toBe("c\nb\r\n");
    expect(applyEdit("a\r\nb\n", { old_text: "a", new_text: "c\nd" })).toBe("c\nd\r\nb\n");
    expect(applyEdit("a", { old_text: "", new_text: "b" })).toBeUndefined();
  });

  test("are of spans that make up the whole difference", () => {
    const lines = Array.from({ length: 5_000 }, (_, line) => `${line}\n`);
    expect(hunksBetween("a\nb\nc\n", "a\nx\nc\n")).toEqual([{ start: 2, end: 4, text: "x\n" }]);
    expect(hunksBetween("a\nb\n", "b\nc")).toEqual([
      { start: 0, end: 2, text: "" },
      { start: 4, end: 4, text: "c" },
    ]);
    const reversed = lines.toReversed().join("");
    expect(hunksBetween(lines.join(""), reversed)).toEqual([
      { start: 0, end: lines.join("").length - 1, text: reversed.slice(0, -1) },
    ]);
  });
});

test("every odd kind of text is read, and written again as the same bytes", () => {
  for (const { encoding, bom, ...kind } of Object.values(ODD_TEXTS)) {
    const text = oddText({ encoding, bom, ...kind }, createRandom(kind.lines));
    const bytes = encodeText({ encoding, bom, text });
    expect(bytes).toBeDefined();
    const read = bytes === undefined ? undefined : decodeText(bytes);
    expect(read).toEqual(text === "" && !bom ? { encoding: "utf-8", bom, text } : { encoding, bom, text });
  }
});

describe("a change", () => {
  const LATIN = Buffer.from("caf\u00e9 one\n", "latin1");

  test.each<[what: string, change: FileChange, calls: ReturnType<typeof callsForChange>]>([
    [
      "a new file",
      { after: side("a", "\ufeffb") },
      [{ name: "write_file", arguments: { path: "a", content: "\ufeffb" } }],
    ],
    [
      "a deletion, whatever it was",
      { before: side("a", "b", "120000") },
      [{ name: "delete_file", arguments: { path: "a" } }],
    ],
    [
      "a binary file that moves",
      { before: side("a", "\0"), after: side("b", "\0") },
      [{ name: "move_file", arguments: { from: "a", to: "b" } }],
    ],
    [
      "UTF-8 in place of Latin-1",
      changed("a", LATIN, "\u4f60\n"),
      [
        { name: "delete_file", arguments: { path: "a" } },
        { name: "write_file", arguments: { path: "a", content: "\u4f60\n" } },
      ],
    ],
    [
      "an executable that becomes a file",
      { before: side("a", "b", "100755"), after: side("a", "c") },
      [
        { name: "delete_file", arguments: { path: "a" } },
        { name: "write_file", arguments: { path: "a", content: "c" } },
      ],
    ],
    ["a new executable", { after: side("a", "b", "100755") }, "new executable"],
    [
      "a file that becomes executable",
      { before: side("a", "b"), after: side("a", "b", "100755") },
      "mode change",
    ],
    ["a new link", { after: side("a", "b", "120000") }, "symbolic link or submodule"],
    ["a new binary file", { after: side("a", "\0") }, "binary content"],
    ["a new file in Latin-1", { after: side("a", LATIN) }, "new file in a legacy encoding"],
    ["Latin-1 in place of UTF-8", changed("a", "b", LATIN), "change of encoding"],
    ["a binary file that changes", changed("a", "\0a", "\0b"), "binary content"],
    ["a path that no clone should have", { after: side(".git/config", "b") }, "path that may not be written"],
    ["a new file of more than a MiB", { after: side("a", "b".repeat(1_100_000)) }, "arguments over 1 MiB"],
    ["a new file of more than eight", { after: side("a", "b".repeat(8_400_000)) }, "file over 8 MiB"],
  ])("is expressed, or said why it is not: %s", (_what, change, calls) => {
    expect(callsForChange(change, createRandom(1))).toEqual(calls);
  });

  test("of a legacy file keeps its encoding also where the steps between would be UTF-8", () => {
    const before = Buffer.from("\u00e9\nb\nc\nd\n", "latin1");
    const after = Buffer.from("a\nb\nc\n\u00e9\n", "latin1");
    for (const seed of SEEDS) {
      const calls = callsForChange(
        { before: side("a", before), after: side("a", after) },
        createRandom(seed),
      );
      expect(typeof calls === "string" ? calls : written(calls, before)).toEqual(after);
    }
  });
});

/** The file that edits leave, each read from the bytes before it. */
function written(calls: readonly ReplayCall[], before: Buffer): Buffer | undefined {
  return calls.reduce<Buffer | undefined>((bytes, call) => {
    const file = bytes === undefined ? undefined : decodeText(bytes);
    const text = file && call.name === "edit_file" ? applyEdit(file.text, call.arguments) : undefined;
    return file === undefined || text === undefined ? undefined : encodeText({ ...file, text });
  }, before);
}

describe("changes that are in each other's way", () => {
  const move = (from: string, to: string): ReplayCall => ({ name: "move_file", arguments: { from, to } });

  test.each<[what: string, calls: readonly ReplayCall[], steps: number]>([
    ["two names are swapped", [move("a", "b"), move("b", "a")], 3],
    ["three go round", [move("a", "b"), move("b", "c"), move("c", "a")], 4],
    ["a file becomes a folder of its own name", [move("a", "a/x")], 2],
    ["a folder becomes a file of its own name", [move("c/d", "c")], 2],
    [
      "a folder goes, and a file takes its name",
      [
        { name: "write_file", arguments: { path: "c", content: "" } },
        { name: "delete_file", arguments: { path: "c/d" } },
      ],
      2,
    ],
  ])("are put in order: %s", (_what, calls, steps) => {
    for (const seed of SEEDS) {
      const there = new Map(["a", "b", "c", "c/d"].map((path) => [path, path]));
      const paths = calls.flatMap((call) =>
        call.name === "move_file"
          ? [call.arguments.from]
          : call.name === "write_file"
            ? []
            : [call.arguments.path],
      );
      for (const path of there.keys()) if (!paths.includes(path)) there.delete(path);
      const order = scheduleCalls(
        calls.map((call) => [call]),
        paths,
        createRandom(seed),
      );
      expect(order).toHaveLength(steps);
      for (const call of order) {
        if (call.name === "delete_file") there.delete(call.arguments.path);
        if (call.name === "write_file") there.set(call.arguments.path, "new");
        if (call.name !== "move_file") continue;
        const { from, to } = call.arguments;
        const inTheWay = [...there.keys()].filter(
          (path) => path === to || path.startsWith(`${to}/`) || to.startsWith(`${path}/`),
        );
        expect(inTheWay).toEqual([]);
        there.set(to, there.get(from) ?? "lost");
        there.delete(from);
      }
      const wanted = calls.flatMap((call) =>
        call.name === "move_file"
          ? [[call.arguments.to, call.arguments.from]]
          : call.name === "write_file"
            ? [[call.arguments.path, "new"]]
            : [],
      );
      expect([...there].toSorted()).toEqual(wanted.toSorted());
    }
  });
});

test("a conversation has all calls in their order, stays within the service's bounds, and ends with finish", () => {
  const calls = Array.from(
    { length: 400 },
    (_, number): ReplayCall => ({
      name: "write_file",
      arguments: { path: `${number}`, content: "x".repeat(number === 7 ? 900_000 : 100) },
    }),
  );
  const shapes = new Set<number>();
  for (const seed of SEEDS) {
    const options = { protocol: "chat", title: "Title", summary: "Summary" } as const;
    const turns = turnsForCalls(calls, options, createRandom(seed)) ?? [];
    const made = turns.flatMap((turn) => turn.calls ?? []);
    const paths = made.flatMap(({ name, arguments: input }) =>
      name === "write_file" && typeof input !== "string" && /^\d+$/.test(String(input["path"]))
        ? [input["path"]]
        : [],
    );
    expect(paths).toEqual(calls.map((_call, number) => `${number}`));
    expect(made.at(-1)).toEqual({ name: "finish", arguments: { title: "Title", summary: "Summary" } });
    expect(turns.length).toBeLessThanOrEqual(80);
    expect(Math.max(...turns.map((turn) => turn.calls?.length ?? 0))).toBeLessThanOrEqual(151);
    shapes.add(turns.length);
  }
  expect(shapes.size).toBeGreaterThan(5);
});

test("what is too much for one run is not planned", () => {
  const files = (count: number, size: number): FileChange[] =>
    Array.from({ length: count }, (_, number) => ({ after: side(`${number}`, "x".repeat(size)) }));
  expect(callsForChanges(files(1_001, 1), createRandom(1))).toBe("over 1,000 calls");
  expect(callsForChanges(files(14, 1_000_000), createRandom(1))).toBe("over 12 MiB of edits");
  expect(callsForChanges([], createRandom(1))).toBe("no change");
});
