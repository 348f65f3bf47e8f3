import { expect, test } from "vitest";
import { createAllowList } from "../../../sandbox-runner/src/network/allow-list.ts";

const hosts = [
  "example.org",
  "a.example.org",
  "b.a.example.org",
  "evil-example.org",
  "example.org.evil.net",
  "org",
];
const matches = (entry: string, port = 443) =>
  hosts.filter((host) => createAllowList([entry])({ host, port }));

test("a host is that host on port 443, a wildcard every name below it", () => {
  expect(matches("example.org")).toEqual(["example.org"]);
  expect(matches("*.example.org")).toEqual(["a.example.org", "b.a.example.org"]);
  expect(matches("*.org")).toEqual(["example.org", "a.example.org", "b.a.example.org", "evil-example.org"]);
  expect(matches("example.org", 8443)).toEqual([]);
});

test("a port stands for itself alone", () => {
  expect(matches("example.org:8443", 8443)).toEqual(["example.org"]);
  expect(matches("example.org:8443")).toEqual([]);
  expect(matches("*.example.org:8443", 8443)).toEqual(["a.example.org", "b.a.example.org"]);
});

test("entries may be in capitals, with a trailing dot, in other scripts, and addresses", () => {
  const reached = (entry: string, host: string) => createAllowList([entry])({ host, port: 443 });
  expect(reached("EXAMPLE.org.", "example.org")).toBe(true);
  expect(reached("*.B\u00fccher.example", "a.xn--bcher-kva.example")).toBe(true);
  expect(reached("192.0.2.7", "192.0.2.7")).toBe(true);
  expect(reached("[2001:DB8::0007]:443", "2001:db8::7")).toBe(true);
  expect(reached("[2001:db8::7]", "2001:db8::7")).toBe(true);
});

test("an empty list lets nothing through", () => {
  expect(hosts.filter((host) => createAllowList([])({ host, port: 443 }))).toEqual([]);
});

test.each([
  "",
  "*",
  "*.",
  "*.*.example.org",
  "a.*.example.org",
  "https://example.org",
  "example.org/",
  "example.org:",
  "example.org:0",
  "example.org:https",
  "example.org:1:2",
  "user@example.org",
  "0x7f.1",
  "127.1",
  "\uff11\uff12\uff17.1 ",
  "*.127.0.0.1",
  "::1",
  "[::1",
  "exa mple.org",
  "-example.org",
  `${"a".repeat(64)}.org`,
])("the entry %j is refused by its text", (entry) => {
  expect(() => createAllowList([entry])).toThrow(`The allow-list entry "${entry}" is not one:`);
});
