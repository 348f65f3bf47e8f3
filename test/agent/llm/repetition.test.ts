/** A model that goes round in circles is noticed, one that makes progress is not. */
import { expect, test } from "vitest";
import type { Message } from "../../../src/agent/llm/model.ts";
import { repetitions } from "../../../src/agent/llm/repetition.ts";

let ids = 0;

/** A turn of one call for each argument, and what came of it. */
function turn(inputs: string, result = `result of ${inputs}`): Message[] {
  const calls = inputs.split("").map((input) => ({ id: `c${ids++}`, name: "read_file", arguments: input }));
  const results = calls.map(({ id }) => ({ callId: id, text: result, isError: false }));
  return [
    { role: "assistant", text: `words ${ids}`, calls },
    { role: "tool", results },
  ];
}

const FIRST: Message = { role: "user", text: "The task." };
const NOTE: Message = { role: "user", text: "Go on." };

test("the same call with the same result counts, whatever its id and the words around it", () => {
  expect(repetitions([FIRST, ...turn("a")])).toBe(1);
  expect(repetitions([FIRST, ...turn("a"), ...turn("a"), NOTE, ...turn("a")])).toBe(3);
});

test("another result, argument, name or number of calls is not the same", () => {
  expect(repetitions([FIRST, ...turn("a"), ...turn("a", "another"), ...turn("a")])).toBe(2);
  expect(repetitions([FIRST, ...turn("b"), ...turn("ab"), ...turn("ba"), ...turn("a")])).toBe(1);
  const other = turn("a").map((message) =>
    message.role === "assistant"
      ? { ...message, calls: message.calls.map((call) => ({ ...call, name: "list_files" })) }
      : message,
  );
  expect(repetitions([FIRST, ...turn("a"), ...other])).toBe(1);
});

test("turns in between do not hide a circle", () => {
  const circle = ["a", "b", "c", "a", "b", "c", "a", "b", "c", "a"].flatMap((input) => turn(input));
  expect(repetitions([FIRST, ...circle])).toBe(4);
});

test("of a check that comes back after each edit, only what came since the last one counts", () => {
  const edit = (input: string): Message[] => {
    return turn(input).map((message) => (message.role === "tool" ? { ...message, edited: true } : message));
  };
  const check = () => turn("check", "no problems");
  expect(repetitions([FIRST, ...check(), ...edit("a"), ...check(), ...edit("b"), ...check()])).toBe(1);
  expect(repetitions([FIRST, ...edit("a"), ...check(), ...turn("b"), ...check()])).toBe(2);
  const backAndForth = ["a", "b", "a", "b", "a"].flatMap((input) => [...edit(input), ...check()]);
  expect(repetitions([FIRST, ...backAndForth, ...edit("b")])).toBe(3);
});

test("answers without calls are no turns of it", () => {
  const words: Message = { role: "assistant", text: "Hm.", calls: [] };
  expect(repetitions([FIRST, ...turn("a"), words, NOTE, ...turn("a"), words, NOTE])).toBe(2);
});

test("what was long ago does not count", () => {
  const others = Array.from({ length: 23 }, (_, i) => turn(String.fromCharCode(98 + i)));
  expect(repetitions([FIRST, ...turn("a"), ...others.slice(0, 22).flat(), ...turn("a")])).toBe(2);
  expect(repetitions([FIRST, ...turn("a"), ...others.flat(), ...turn("a")])).toBe(1);
});

test("nothing was done yet", () => {
  expect(repetitions([FIRST])).toBe(0);
});
