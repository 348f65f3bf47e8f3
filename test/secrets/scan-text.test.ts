/** Which secrets are found, what is taken for one by mistake, and that it ends whatever the text. */
import { rules } from "@secretlint/secretlint-rule-preset-recommend";
import { describe, expect, test } from "vitest";
import { type Hit, scanText } from "../../src/secrets/scan-text.ts";
import { FAKE_SECRETS, fakeToken } from "../support/fake-secrets.ts";

async function hitsIn(text: string, path = "config.txt"): Promise<Hit[]> {
  const hits: Hit[] = [];
  await scanText(text, path, (hit) => hits.push(hit) > 0);
  return hits;
}

describe("a secret", () => {
  test.each(FAKE_SECRETS.map((fake) => [fake.kind, fake.value.slice(0, 12), fake] as const))(
    "of the kind %s (%j…) is found where it is, and nowhere else",
    async (kind, _begin, { value, path, line = (it) => it }) => {
      const before = "const a = 1;\nfunction b() {}\n  key: ";
      const text = `${before}${line(value)}\nafter\n`;
      const found = (await hitsIn(text, path)).map((hit) => [hit.kind, text.slice(hit.start, hit.end)]);
      expect(found).toEqual([[kind, value.trim()]]);
    },
  );

  test("is told of in words that do not hold it", async () => {
    for (const { kind, value } of FAKE_SECRETS) {
      expect(value).not.toContain(kind);
      expect(kind).toMatch(/^[\w ]{5,40}$/);
    }
  });
});

test.each([
  [
    "AWS's own examples",
    "AKIAIOSFODNN7EXAMPLE aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  ],
  ["more of AWS's examples", "ASIAIOSFODNN7EXAMPLE AKIAI44QH8DHBEXAMPLE"],
  ["an account's number and a user's id", "account_id: 1234-5678-9012 AIDAJQABLZS4A3QDU576Q"],
  ["filled in with one letter", `ghp_${"x".repeat(36)} sk_test_${"0".repeat(24)} AKIA${"X".repeat(16)}`],
  ["words in place of a token", "SLACK_TOKEN=xoxb-your-token-here or xoxb-not-a-real-token"],
  ["Slack's own example", "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"],
  ["a variable in .npmrc", `//registry.npmjs.org/:_authToken=\${NPM_TOKEN}`, ".npmrc"],
  ["a placeholder in .npmrc", "//registry.npmjs.org/:_authToken=YOUR_TOKEN", ".npmrc"],
  ["another placeholder in .npmrc", "//registry.npmjs.org/:_authToken=<token>", ".npmrc"],
  [
    "addresses of examples and of this machine",
    "https://user:pass@host.io postgres://app:Tr0ub4dor@db:5432/app mysql://root:hunter22@localhost/x " +
      "https://bob:s3cret99@api.example.com/v1 mongodb://app:Tr0ub4dor@127.0.0.1:27017 redis://:x@cache",
  ],
  ["a template", `postgres://\${USER}:\${PASSWORD}@db.acme.io/app https://{user}:{token}@git.acme.io`],
  ["a key that is not there", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----"],
  ["a public key", `-----BEGIN PUBLIC KEY-----\n${"MIIBIjANBgkqhkiG".repeat(8)}\n-----END PUBLIC KEY-----`],
  ["hashes", `sha512-${"a1B2c3D4".repeat(11)} ${"0123456789abcdef".repeat(4)} sk-learn ghp_short`],
])("%s: no secret", async (_what, text, path?: string) => {
  expect(await hitsIn(text, path)).toEqual([]);
});

test("a text cannot switch the rules off", async () => {
  const token = fakeToken();
  const text = `// secretlint-disable\n${token} // secretlint-disable-line\n`;
  expect(await hitsIn(text)).toMatchObject([{ kind: "GitHub Token" }]);
});

test("the rules that are named to be left out or taken differently are there", () => {
  const ids = rules.map(({ meta }) => meta.id.replace("@secretlint/secretlint-rule-", ""));
  const named = [
    "gcp",
    "filter-comments",
    "aws",
    "basicauth",
    "database-connection-string",
    "privatekey",
    "slack",
  ];
  expect(named.filter((name) => !ids.includes(name))).toEqual([]);
});

describe("a long text", () => {
  const PIECE = 4 * 1024 * 1024;

  test("is looked at in pieces, and what lies on a seam is found once and whole", async () => {
    const token = fakeToken();
    for (const at of [0, PIECE - 40, PIECE - 39, PIECE - 20, PIECE - 1, PIECE, PIECE + 1]) {
      const text = `${" ".repeat(at)}${token}${" ".repeat(PIECE)}`;
      expect(await hitsIn(text), `${at}`).toEqual([
        { kind: "GitHub Token", start: at, end: at + token.length },
      ]);
    }
  });

  test("is not taken for a secret where a seam cuts a longer word", async () => {
    const word = `é${fakeToken()}`;
    expect(await hitsIn(word)).toEqual([]);
    expect(await hitsIn(`${" ".repeat(PIECE - 1)}${word} `)).toEqual([]);
  });

  test("is looked at no further than is asked for", async () => {
    const text = `${`${fakeToken()}\n`.repeat(1000)}${" ".repeat(PIECE)}${fakeToken()}`;
    let told = 0;
    await scanText(text, "a.txt", () => ++told < 3);
    expect(told).toBe(3);
  });

  test.each([
    "ghs_1_",
    "xoxb-a-",
    "postgres://a:b@",
    `-----BEGIN PRIVATE KEY-----${"MIIA".repeat(2500)}`,
    "https://ab:cdef@a.b.",
  ])("made of %.20s comes to an end", async (piece) => {
    expect(Array.isArray(await hitsIn(piece.repeat(Math.ceil(2_000_000 / piece.length))))).toBe(true);
  });
});
