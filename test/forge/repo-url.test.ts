/** Which repository URLs are read, and how; the refused ones are in test/support/bad-urls.ts. */
import { describe, expect, it } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import { parseRepoUrl } from "../../src/forge/repo-url.ts";
import { CANARY } from "../support/bad-request.ts";

const GITHUB = "https://github.com";

describe("parseRepoUrl", () => {
  it.each([
    ["https://github.com/octocat/hello", "octocat", "hello"],
    ["https://github.com/octocat/hello/", "octocat", "hello"],
    ["https://github.com/octocat/hello.git", "octocat", "hello"],
    ["https://github.com/octocat/hello.git/", "octocat", "hello"],
    ["https://github.com/Octo-Cat/Hello.World_1-x", "Octo-Cat", "Hello.World_1-x"],
    ["https://github.com/octocat/.github", "octocat", ".github"],
    ["https://github.com/octocat/a.gitignore", "octocat", "a.gitignore"],
    ["https://github.com/octocat_acme/hello", "octocat_acme", "hello"],
    [`https://github.com/${"o".repeat(39)}/${"n".repeat(100)}`, "o".repeat(39), "n".repeat(100)],
    ["HTTPS://GitHub.com/Octocat/Hello", "Octocat", "Hello"],
  ])("reads %s", (raw, owner, name) => {
    expect(parseRepoUrl(raw, GITHUB)).toEqual({ owner, name });
  });

  it("reads the repositories of the server it is given, and of no other", () => {
    const server = "http://127.0.0.1:8123";
    expect(parseRepoUrl(`${server}/octocat/hello`, server)).toEqual({ owner: "octocat", name: "hello" });
    expect(() => parseRepoUrl("https://github.com/octocat/hello", server)).toThrow(
      "repoUrl must start with http://127.0.0.1:8123/, which 'https://github.com/octocat/hello' does not; send http://127.0.0.1:8123/owner/name.",
    );
  });

  it("does not take letters for the host that only become its letters in lower case", () => {
    expect(() => parseRepoUrl("https://\u212ait.example/octocat/hello", "https://kit.example")).toThrow(
      "repoUrl contains the character U+212A, which a repository URL cannot have; send https://kit.example/owner/name.",
    );
  });

  it("fails as a request that is wrong", () => {
    expect(() => parseRepoUrl("", GITHUB)).toThrow(ServiceError);
    expect(() => parseRepoUrl("", GITHUB)).toThrow(
      expect.objectContaining({ code: "invalid_request", retryable: false }),
    );
  });

  it("quotes at most 100 characters of a URL, and nothing from its query on", () => {
    expect(() => parseRepoUrl(`https://evil.example/${"a".repeat(200)}`, GITHUB)).toThrow(
      `which 'https://evil.example/${"a".repeat(79)}…' does not`,
    );
    expect(() => parseRepoUrl(`https://evil.example/?token=${CANARY}`, GITHUB)).toThrow(
      "which 'https://evil.example/…' does not",
    );
  });

  it("accepts nothing that a URL parser takes for another origin, whatever character stands anywhere", () => {
    const good = "https://github.com/octocat/hello";
    const characters = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code));
    // Latin, and whatever compatibility folding turns into ASCII.
    const folding = characters.filter((character) =>
      /^[\0-\u017f]|^[\0-\x7f]+$/.test(character.normalize("NFKC")),
    );
    expect(folding.length).toBeGreaterThan(1_000);
    for (const character of folding) {
      for (let at = 0; at <= good.length; at += 1) {
        const raw = good.slice(0, at) + character + good.slice(at);
        const ref = tryParse(raw);
        if (ref === undefined) continue;
        const url = new URL(raw);
        expect([url.origin, url.username, url.search, url.hash]).toEqual([GITHUB, "", "", ""]);
        expect(url.pathname.replace(/\/$/, "").replace(/\.git$/, "")).toBe(`/${ref.owner}/${ref.name}`);
      }
    }
  });
});

function tryParse(raw: string) {
  try {
    return parseRepoUrl(raw, GITHUB);
  } catch {
    return undefined;
  }
}
