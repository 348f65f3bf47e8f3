/** Guessed tokens, against what OpenAI's o200k_base counts for the same texts. */
import { expect, test } from "vitest";
import { estimateTokens, messageTokens } from "../../../../src/agent/llm/context/tokens.ts";
import type { Message } from "../../../../src/agent/llm/model.ts";

const CODE = `export function firstWhere(items: readonly number[], holds: (item: number) => boolean): number | undefined {
  let high = items.length - 1;
  const last = items[high];
  if (last === undefined || !holds(last)) return undefined;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (item !== undefined && holds(item)) high = middle;
  }
  return items[high];
}
`;

test.each([
  ["source code", CODE, 102, 0.1],
  ["source code inside JSON", JSON.stringify({ path: "src/a.ts", content: CODE }), 124, 0.1],
  [
    "English",
    "A run belongs to the run host, not to the connection. Closing a connection cancels nothing, and whoever lost it reads on from the last event that arrived.",
    33,
    0.1,
  ],
  [
    "French",
    "Nous devons ajouter la gestion des erreurs à cette fonction, car elle lève une exception lorsque le fichier n'existe pas déjà.",
    26,
    0.2,
  ],
  [
    "Chinese",
    "我们需要在这个函数里加入错误处理，因为它在文件不存在的时候会抛出异常。请先阅读代码，然后进行修改并运行测试。",
    32,
    0.5,
  ],
  [
    "Russian",
    "Нам нужно добавить обработку ошибок в эту функцию, потому что она выбрасывает исключение, если файл не существует.",
    25,
    0.35,
  ],
  ["a hash", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", 43, 0.1],
  [
    "base64",
    "QSBydW4gYmVsb25ncyB0byB0aGUgcnVuIGhvc3QsIG5vdCB0byB0aGUgY29ubmVjdGlvbi4gQ2xvc2luZyBhIGNvbm5lY3Rpb24gY2FuY2VscyBub3RoaW5nLg==",
    87,
    0.35,
  ],
])("the guess for %s is near the count", (_, text, counted, error) => {
  expect(Math.abs(estimateTokens(text) / counted - 1)).toBeLessThan(error);
});

test("nothing has no tokens, and a factor scales what is guessed", () => {
  expect(estimateTokens("")).toBe(0);
  expect(estimateTokens([])).toBe(0);
  expect(estimateTokens(CODE, 2)).toBeGreaterThanOrEqual(2 * estimateTokens(CODE) - 2);
});

test("a conversation has the tokens of its texts, calls and results", () => {
  const messages: readonly Message[] = [
    { role: "user", text: CODE },
    { role: "assistant", text: "", calls: [{ id: "1", name: "write_file", arguments: CODE }] },
    { role: "tool", results: [{ callId: "1", text: CODE, isError: false }] },
  ];
  const sum = messages.reduce((total, message) => total + messageTokens(message), 0);
  expect(estimateTokens(messages)).toBe(Math.ceil(sum));
  expect(sum).toBeGreaterThan(3 * 98);
  expect(sum).toBeLessThan(3 * 98 + 50);
});

test("of an answer as its vendor wants it back, encrypted parts count less than the text they look like", () => {
  const calls = [{ id: "1", name: "finish", arguments: "{}" }];
  const answer = (items: readonly unknown[]): Message => ({
    role: "assistant",
    text: "",
    calls,
    raw: { protocol: "p", items },
  });
  const plain = messageTokens({ role: "assistant", text: "", calls });
  expect(messageTokens(answer([]))).toBe(plain);
  expect(messageTokens(answer([{ type: "thinking", thinking: CODE }]))).toBeGreaterThan(plain + 80);
  const sealed = "QSBydW4gYmVsb25ncyB0".repeat(100);
  expect(messageTokens(answer([{ content: [{ encrypted_content: sealed }] }]))).toBeGreaterThan(380);
  expect(messageTokens(answer([{ content: [{ encrypted_content: sealed }] }]))).toBeLessThan(440);
});
