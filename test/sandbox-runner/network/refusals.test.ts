import { expect, test } from "vitest";
import { createRefusals } from "../../../sandbox-runner/src/network/refusals.ts";

test("what is refused is remembered in printable ASCII, until it is taken", () => {
  const refusals = createRefusals();
  refusals.add("a\u001b[2J\r\n\u202eb:443");
  refusals.add("a?[2J???b:443");
  expect(refusals.take()).toEqual(["a?[2J???b:443"]);
  refusals.add("a?[2J???b:443");
  expect(refusals.take()).toEqual(["a?[2J???b:443"]);
  expect(refusals.take()).toEqual([]);
});
