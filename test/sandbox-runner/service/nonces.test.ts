import { expect, test } from "vitest";
import { createNonces } from "../../../sandbox-runner/src/http/nonces.ts";

test("a nonce can be used once for as long as its request could be accepted", () => {
  const nonces = createNonces(60);
  const answers = [1000, 1059.9, 1060].map((now) => nonces.take("a", 1000, now));
  expect(answers).toEqual(["taken", "reused", "reused"]);
  expect(nonces.take("b", 1060, 1000)).toBe("taken");
  expect(nonces.take("b", 1060, 1120)).toBe("reused");
});

test("nonces are forgotten after that, and never to make place", () => {
  const nonces = createNonces(60, 2);
  const answers = [
    nonces.take("a", 1000, 1000),
    nonces.take("b", 1010, 1010),
    nonces.take("c", 1010, 1010),
    nonces.take("a", 1000, 1010),
    nonces.take("c", 1061, 1061),
    nonces.take("d", 1061, 1061),
    nonces.take("b", 1010, 1061),
  ];
  expect(answers).toEqual(["taken", "taken", "full", "reused", "taken", "full", "reused"]);
});
