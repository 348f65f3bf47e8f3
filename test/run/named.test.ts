/** How commands are named in sentences. */
import { expect, test } from "vitest";
import { named } from "../../src/run/verify/named.ts";
import { fakeToken } from "../support/fake-secrets.ts";

const deps = { redact: (text: string) => text.replaceAll("canary", "[redacted]") };
const name = async (command: string) => await named({ deps } as Parameters<typeof named>[0], command);

test("a long one is cut, and of several lines there is the first", async () => {
  expect(await name("npm test")).toBe('"npm test"');
  expect(await name("# lint first\nexit 3\n")).toBe('"# lint first …"');
  expect(await name(`echo ${"x".repeat(500)}`)).toBe(`"echo ${"x".repeat(94)}…"`);
});

test("no part of a secret is left where it is cut", async () => {
  expect(await name(`${"x".repeat(95)} canary`)).toBe(`"${"x".repeat(95)} [re…"`);
  expect(await name(`KEY=${fakeToken()} ${"x".repeat(99)}`)).not.toContain("ghp_");
  expect(await name(`${"x".repeat(85)} ${fakeToken()}`)).not.toContain("ghp_");
});
