import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  fromHex,
  importSecret,
  type SignedParts,
  STREAMED_BODY,
  sha256Hex,
  signatureHeaders,
  signParts,
  toHex,
  verifyParts,
} from "../../src/sandbox/sign.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const key = await importSecret(SECRET);
const parts: SignedParts = {
  method: "POST",
  target: "/v1/sandboxes/abc/exec?x=ä",
  contentHash: "00ff",
  time: 1_790_000_000,
  nonce: "0123",
};

describe("a request's signature", () => {
  test("is an HMAC-SHA-256 over its parts, one a line", async () => {
    const text = "tiny-backspace-sandbox-v1\nPOST\n/v1/sandboxes/abc/exec?x=ä\n00ff\n1790000000\n0123";
    expect(await signParts(key, parts)).toBe(createHmac("sha256", SECRET).update(text).digest("hex"));
  });

  test("verifies for these parts and this secret only", async () => {
    const signature = await signParts(key, parts);
    expect(await verifyParts(key, parts, signature)).toBe(true);
    const others: [string, Parameters<typeof verifyParts>][] = [
      ["method", [key, { ...parts, method: "PUT" }, signature]],
      ["target", [key, { ...parts, target: "/v1/sandboxes/abd/exec?x=ä" }, signature]],
      ["contentHash", [key, { ...parts, contentHash: "00fe" }, signature]],
      ["time", [key, { ...parts, time: parts.time + 1 }, signature]],
      ["nonce", [key, { ...parts, nonce: "0124" }, signature]],
      ["secret", [await importSecret(`${SECRET}0`), parts, signature]],
      ["signature", [key, parts, signature.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))]],
      ["no signature", [key, parts, ""]],
      ["no hex", [key, parts, "zz".repeat(32)]],
      ["a part of it", [key, parts, signature.slice(0, 62)]],
    ];
    for (const [name, args] of others) expect([name, await verifyParts(...args)]).toEqual([name, false]);
  });

  test("goes into headers with the time in seconds and a nonce that is never the same", async () => {
    const request = { method: "POST", target: "/x", body: '{"a":"ä"}' };
    const [one, two] = await Promise.all([1, 2].map(() => signatureHeaders(key, request, 1_790_000_000_999)));
    expect(one).toEqual({
      "x-sandbox-signature": expect.stringMatching(/^[0-9a-f]{64}$/),
      "x-sandbox-time": "1790000000",
      "x-sandbox-nonce": expect.stringMatching(/^[0-9a-f]{32}$/),
      "x-sandbox-content-sha256": createHash("sha256").update(request.body).digest("hex"),
    });
    expect(two?.["x-sandbox-nonce"]).not.toBe(one?.["x-sandbox-nonce"]);
    const streamed = await signatureHeaders(key, { ...request, body: STREAMED_BODY }, 0);
    expect(streamed["x-sandbox-content-sha256"]).toBe("STREAMED");
  });
});

test("hex is read and written as two digits for each byte, and what is not hex is nothing", async () => {
  expect(toHex(Uint8Array.of(0, 15, 255).buffer)).toBe("000fff");
  expect([...fromHex("000fff")]).toEqual([0, 15, 255]);
  for (const text of ["", "0", "0g", "0F", " 00", "00\n"]) expect(fromHex(text).byteLength).toBe(0);
  expect(await sha256Hex(new Uint8Array())).toBe(createHash("sha256").digest("hex"));
});
