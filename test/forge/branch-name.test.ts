import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { branchName } from "../../src/forge/branch-name.ts";
import { randomNumbers } from "../support/random.ts";

describe("branchName", () => {
  test.each([
    ["Add a health endpoint", "tiny-backspace/add-a-health-endpoint-x1y2z3"],
    ["  Füge «Grüße» hinzu!  ", "tiny-backspace/fuge-gruße-hinzu-x1y2z3".replace("ß", "-")],
    ["ﬁx the ＡＰＩ №5", "tiny-backspace/fix-the-api-no5-x1y2z3"],
    [
      "Replace the very long configuration parser by a shorter one",
      "tiny-backspace/replace-the-very-long-configuration-pars-x1y2z3",
    ],
    [
      "Forty characters end at this hyphen now - and more",
      "tiny-backspace/forty-characters-end-at-this-hyphen-now-x1y2z3",
    ],
    ["../../refs/heads/main.lock", "tiny-backspace/refs-heads-main-lock-x1y2z3"],
    ["添加测试 🚀", "tiny-backspace/change-x1y2z3"],
    ["", "tiny-backspace/change-x1y2z3"],
    ["\ud800\u0000\u202e--@{}", "tiny-backspace/change-x1y2z3"],
  ])("of %j is %s", (prompt, name) => {
    expect(branchName(prompt, "x1y2z3")).toBe(name);
  });

  test("refuses an id that is not base 36", () => {
    expect(() => branchName("x", "../main")).toThrow("A branch's id is 4 to 16 characters of base 36.");
  });

  test("is always accepted by git", () => {
    const random = randomNumbers(36);
    const alphabet = [
      "a",
      "Z",
      "9",
      " ",
      "-",
      ".",
      "/",
      "..",
      "@{",
      "~",
      "^",
      ":",
      "?",
      "*",
      "[",
      "\\",
      "\n",
      "\u0000",
      ".lock",
    ];
    const prompts = Array.from({ length: 400 }, () =>
      Array.from({ length: Math.floor(random() * 60) }, () =>
        random() < 0.5
          ? alphabet[Math.floor(random() * alphabet.length)]
          : String.fromCodePoint(Math.floor(random() * 0x110000)),
      ).join(""),
    );
    const names = prompts.map((prompt) => branchName(prompt, "x1y2z3"));

    for (const name of names) {
      expect(name).toMatch(/^tiny-backspace\/[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?-x1y2z3$/);
    }
    const accepted = names.map((name) =>
      execFileSync("git", ["check-ref-format", "--branch", name], { encoding: "utf8" }),
    );
    expect(accepted).toEqual(names.map((name) => `${name}\n`));
  });
});
