/** Conversations as the loop has them, for tests of what becomes of them. */
import type { Message, ToolCall } from "../../../../src/agent/llm/model.ts";
import { createRandom, type Random } from "../../../support/random.ts";

export interface MadeCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>> | string;
  readonly result: string;
  readonly isError?: boolean;
}

/** One turn: an answer with these calls, and their results. Ids are made from `id`. */
export function turn(id: string, calls: readonly MadeCall[], text = ""): readonly Message[] {
  const made = calls.map(
    ({ name, arguments: written }, i): ToolCall => ({
      id: `${id}-${i}`,
      name,
      arguments: typeof written === "string" ? written : JSON.stringify(written),
    }),
  );
  const answer: Message = {
    role: "assistant",
    text,
    calls: made,
    raw: { protocol: "scripted", items: [{ type: "reasoning", id }] },
  };
  const results = calls.map(({ result, isError = false }, i) => ({
    callId: `${id}-${i}`,
    text: result,
    isError,
  }));
  return results.length === 0 ? [answer] : [answer, { role: "tool", results }];
}

export function read(
  path: string,
  lines: number,
  range: { start_line?: number; end_line?: number } = {},
): MadeCall {
  const text = Array.from({ length: lines }, (_, i) => `${i + 1}\tconst line${i} = ${i};`).join("\n");
  return { name: "read_file", arguments: { path, ...range }, result: `${path}, ${lines} lines:\n${text}` };
}

export function edit(path: string, length = 40): MadeCall {
  return {
    name: "edit_file",
    arguments: { path, old_text: "o".repeat(length), new_text: "n".repeat(length) },
    result: `Edited ${path}.`,
  };
}

const PATHS = ["src/a.ts", "./src/a.ts", "src/b c.ts", "docs/ünï.md", "x/\u202e\n.ts", "d/e/f/g.py"];
const TEXTS = [
  "const x = 1;\n",
  "日本語のテキスト",
  "\u{1f600}",
  "lorem ipsum dolor ",
  '"\\\n{}',
  "0123456789abcdef",
  "\u0000\u001b",
];

/** A turn nobody would plan: any number of calls, odd arguments, results from nothing to very long. */
export function randomTurn(random: Random, id: string, longest: number): readonly Message[] {
  const bulk = (): string => random.pick(TEXTS).repeat(random.int(random.pick([2, 30, longest])) + 1);
  const calls = Array.from({ length: random.pick([0, 1, 1, 1, 2, 5]) }, (): MadeCall => {
    const path = random.pick(PATHS);
    const isError = random.int(5) === 0;
    switch (random.int(6)) {
      case 0:
        return {
          name: "edit_file",
          arguments: { path, old_text: bulk(), new_text: bulk() },
          result: "Edited.",
          isError,
        };
      case 1:
        return {
          name: "write_file",
          arguments: { path, content: bulk(), elided: "x" },
          result: bulk(),
          isError,
        };
      case 2:
        return {
          name: "move_file",
          arguments: { from: path, to: random.pick(PATHS) },
          result: "Moved.",
          isError,
        };
      case 3:
        return {
          name: random.pick(["read_file", bulk().slice(0, 3_000)]),
          arguments: bulk(),
          result: bulk(),
          isError: true,
        };
      default:
        return {
          name: "read_file",
          arguments: {
            path,
            ...(random.int(2) === 0 ? { start_line: random.int(9), end_line: 5 + random.int(9) } : {}),
          },
          result: bulk(),
          isError,
        };
    }
  });
  const note: readonly Message[] =
    random.int(4) === 0 ? [{ role: "user", text: bulk().slice(0, 2_000) }] : [];
  return [...turn(id, calls, random.int(3) === 0 ? bulk().slice(0, 5_000) : ""), ...note];
}

/** A whole conversation of up to `turns` turns. */
export function randomConversation(seed: number, turns: number, longest: number): readonly Message[] {
  const random = createRandom(seed);
  const first: Message = { role: "user", text: random.pick(TEXTS).repeat(1 + random.int(400)) };
  const rest = Array.from({ length: random.int(turns) }, (_, i) => randomTurn(random, `t${i}`, longest));
  return [first, ...rest.flat()];
}
