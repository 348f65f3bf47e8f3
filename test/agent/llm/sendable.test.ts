/** What other vendors' calls are called on the wire. */
import { expect, test } from "vitest";
import type { Message } from "../../../src/agent/llm/model.ts";
import { wireIds } from "../../../src/agent/llm/sendable.ts";

test("a name that is made up is none that the vendor gave itself", () => {
  const answer = (id: string, protocol: string): Message => ({
    role: "assistant",
    text: "",
    calls: [{ id, name: "read_file", arguments: "{}" }],
    raw: { protocol, items: [] },
  });
  const messages = [answer("a", "other"), answer("call00000", "own"), answer("b", "other")];
  expect(["a", "call00000", "b"].map(wireIds(messages, "own"))).toEqual([
    "call00001",
    "call00000",
    "call00002",
  ]);
});
