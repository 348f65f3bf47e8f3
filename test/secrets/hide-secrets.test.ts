import { expect, test } from "vitest";
import { hideSecrets } from "../../src/secrets/hide-secrets.ts";
import { FAKE_SECRETS, fakeToken } from "../support/fake-secrets.ts";

test.each(FAKE_SECRETS.filter(({ path }) => path === undefined).map((fake) => [fake.kind, fake] as const))(
  "a secret of the kind %s is not published",
  async (_kind, { value, line = (it) => it }) => {
    const shown = await hideSecrets(`Uses ${line(value)} for it.`);
    expect(shown).toContain("[redacted]");
    expect(shown).not.toContain(value);
    expect(shown).toMatch(/^Uses /);
  },
);

test("what is around secrets stays, and each is hidden once", async () => {
  const [a, b] = [fakeToken(), fakeToken()];
  expect(await hideSecrets(`first ${a}, then ${b} and ${a}; https://deploy:${a}@acme.io/y`)).toBe(
    "first [redacted], then [redacted] and [redacted]; [redacted]/y",
  );
});

test("a text without a secret is the same", async () => {
  for (const text of ["", "Add a README\n", "ghp_short", "\ud800 é 🚀"])
    expect(await hideSecrets(text)).toBe(text);
});
