/** Where requests come from: proxies are believed as far as the operator's own go. */
import { expect, test } from "vitest";
import { clientAddress } from "../../src/http/client-address.ts";

const PEER = "192.0.2.1";

test.each([
  ["nobody's word without proxies", 0, "203.0.113.9", PEER],
  ["what the proxy added", 1, "203.0.113.9", "203.0.113.9"],
  ["not what the client made up before that", 1, "198.51.100.7, 203.0.113.9", "203.0.113.9"],
  ["what the first of two proxies added", 2, "198.51.100.7,203.0.113.9 , 192.0.2.2", "203.0.113.9"],
  ["IPv6", 1, "2001:DB8::1", "2001:DB8::1"],
  ["the peer where the proxy added nothing", 1, undefined, PEER],
  ["the peer where a proxy was passed by", 2, "203.0.113.9", PEER],
  ["the peer for what is no address", 1, "203.0.113.9, somebody", PEER],
  ["the peer for an empty list", 1, "", PEER],
])("is %s", (_, proxies, forwarded, address) => {
  const headers = new Headers(forwarded === undefined ? {} : { "x-forwarded-for": forwarded });
  expect(clientAddress(PEER, headers, proxies)).toBe(address);
});

test("is unknown where nobody knows the peer", () => {
  expect(clientAddress(undefined, new Headers(), 1)).toBeUndefined();
});
