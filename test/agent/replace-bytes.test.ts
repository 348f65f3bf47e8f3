/** Replacement is literal and leaves every other byte alone, in whatever encoding a file is. */
import { describe, expect, test } from "vitest";
import { createRuleAgent } from "../../src/agent/rules/agent.ts";
import { replaceBytes } from "../../src/agent/rules/bytes.ts";
import { createMemoryWorkspace } from "../support/memory-workspace.ts";
import { runAgent } from "../support/run-agent.ts";

const agent = createRuleAgent();
const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === "string" ? [...new TextEncoder().encode(part)] : part)),
  );

async function replace(prompt: string, content: string | Uint8Array, path = "a.txt") {
  const workspace = createMemoryWorkspace({ [path]: content });
  const run = await runAgent(agent, workspace, prompt);
  return { ...run, content: await workspace.read(path) };
}

describe("replacing text", () => {
  test("keeps CRLF, byte order mark, trailing blanks and a missing final line break", async () => {
    const { content } = await replace(
      'Replace "foo" with "bär"',
      bytes([0xef, 0xbb, 0xbf], "foo \r\n\tfoo\r\n\r\nx\nfoo"),
    );
    expect(content).toEqual(bytes([0xef, 0xbb, 0xbf], "bär \r\n\tbär\r\n\r\nx\nbär"));
  });

  test("is literal: no pattern characters in either text", async () => {
    const { content } = await replace('Replace "a.*(b" with "$& $1 \\n"', "axxb a.*(b\n");
    expect(content).toEqual(bytes("axxb $& $1 \\n\n"));
  });

  test("takes line breaks of code blocks for those of the file", async () => {
    const prompt = "Replace\n```\none\ntwo\n```\nwith\n```\nthree\nfour\nfive\n```\nin a.txt";
    expect((await replace(prompt, "zero\r\none\r\ntwo\r\nsix\r\n")).content).toEqual(
      bytes("zero\r\nthree\r\nfour\r\nfive\r\nsix\r\n"),
    );
    expect((await replace(prompt, "one\ntwo")).content).toEqual(bytes("three\nfour\nfive"));
  });

  test("leaves binary files alone and says so when they are named", async () => {
    const binary = bytes("foo", [0, 1, 2], "foo");
    const { content, events, outcome } = await replace('Replace "foo" with "bar" in a.bin', binary, "a.bin");
    expect(content).toEqual(binary);
    expect(events).toEqual([
      { type: "warning", code: "file_skipped", message: "a.bin was left alone: it is binary." },
    ]);
    expect(outcome).toMatchObject({ status: "no_changes", reason: '"foo" does not occur in a.bin.' });
  });

  test("works bytewise in text that is not UTF-8 when both texts are ASCII", async () => {
    const { content } = await replace('Replace "foo" with "bar"', bytes("caf", [0xe9], " foo\n"));
    expect(content).toEqual(bytes("caf", [0xe9], " bar\n"));
  });

  test("skips text that is not UTF-8 when the new text is not ASCII", async () => {
    const latin = bytes("caf", [0xe9], " foo\n");
    const { content, events } = await replace('Replace "foo" with "bär"', latin);
    expect(content).toEqual(latin);
    expect(events).toEqual([
      {
        type: "warning",
        code: "file_skipped",
        message: "a.txt was left alone: it is not UTF-8 and the new text is not plain ASCII.",
      },
    ]);
  });

  test("finds what is in files that a search does not read as text", async () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}.txt`, "x\n"]));
    const workspace = createMemoryWorkspace({ ...many, "latin.txt": bytes([0xe9], " foo\n") });
    await runAgent(agent, workspace, 'Replace "foo" with "bar" everywhere');
    expect(await workspace.read("latin.txt")).toEqual(bytes([0xe9], " bar\n"));
  });

  test("reads every file when a search finds too much to list", async () => {
    const lines = "foo\n".repeat(1_000);
    const many = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`f${index}.txt`, lines]));
    const workspace = createMemoryWorkspace(many);
    const { outcome } = await runAgent(agent, workspace, 'Replace "foo" with "foofoo"');
    expect(outcome).toMatchObject({ status: "edited", title: 'Replace "foo" with "foofoo" in all files' });
    expect(new Set(Object.values(workspace.snapshot()))).toEqual(new Set(["foofoo\n".repeat(1_000)]));
  });

  test("finds a long text and one of line breaks only among many files", async () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}.txt`, "x\n"]));
    const long = "ab".repeat(6_000);
    const workspace = createMemoryWorkspace({ ...many, "long.txt": `${long}\n` });
    await runAgent(agent, workspace, `Replace "${long}" with "c" everywhere`);
    await runAgent(agent, workspace, 'Replace "\n" with "!" everywhere');
    expect(workspace.snapshot()).toMatchObject({ "long.txt": "c!", "f0.txt": "x!" });
  });

  test("answers a glob that the workspace refuses with its message", async () => {
    const { outcome } = await replace(`Replace "x" with "y" in all ${"*".repeat(2_000)} files`, "x\n");
    expect(outcome).toMatchObject({
      status: "no_changes",
      reason: "A glob must have 1 to 1,000 characters.",
    });
  });

  test("keeps the executable bit and does not follow links", async () => {
    const workspace = createMemoryWorkspace({
      "run.sh": { content: "foo", kind: "executable" },
      link: { content: "foo", kind: "symlink" },
    });
    await runAgent(agent, workspace, 'Replace "foo" with "bar"');
    expect(await workspace.entry("run.sh")).toEqual({ path: "run.sh", kind: "executable" });
    expect(workspace.snapshot()).toEqual({ "run.sh": "bar", link: "foo" });
  });
});

describe("replacing bytes", () => {
  const run = (
    text: string,
    search: string,
    replacement: string,
    wholeWord = false,
  ): readonly [string, number] => {
    const result = replaceBytes(bytes(text), {
      search: bytes(search),
      replacement: bytes(replacement),
      wholeWord,
    });
    return [new TextDecoder().decode(result.bytes), result.count];
  };

  test("agrees with the language's own replacement on random texts", () => {
    let state = 1;
    const random = (below: number): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    const text = (length: number): string => Array.from({ length }, () => "ab"[random(2)]).join("");
    for (let round = 0; round < 3_000; round += 1) {
      const [hay, needle, to] = [text(random(30)), text(1 + random(5)), text(random(3))];
      expect(run(hay, needle, to)).toEqual([hay.replaceAll(needle, to), hay.split(needle).length - 1]);
    }
  });

  test("respects whole words, also next to letters that are not ASCII", () => {
    expect(run("foo foobar _foo foo1 äfoo $foo foo.x (foo)", "foo", "x", true)).toEqual([
      "x foobar _foo foo1 äfoo $foo x.x (x)",
      3,
    ]);
    expect(run("aaa aa", "aa", "x", true)).toEqual(["aaa x", 1]);
  });

  test("stays linear on the worst text for a naive search", () => {
    const search = `${"a".repeat(10_000)}b`;
    expect(run("a".repeat(3_000_000), search, "")[1]).toBe(0);
  });
});
