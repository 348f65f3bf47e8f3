import { describe, expect, test } from "vitest";
import {
  commitMessage,
  followUpSection,
  type PullRequestBodyInput,
  pullRequestBody,
  pullRequestTitle,
} from "../../src/forge/pull-request-body.ts";

const seen = (text: string): string => text.replaceAll("\u200B", "·");

const NOTHING_RUN = { status: "not_verified", message: "Nobody asked for it." } as const;

const input: PullRequestBodyInput = {
  prompt: "Add a health endpoint",
  summary: ["Added GET /health, so that a load balancer can ask.", "Documented it."],
  changes: [
    { path: "src/app.ts", kind: "modified", additions: 12, deletions: 3 },
    { path: "docs/health.md", kind: "added", additions: 20, deletions: 0 },
    { path: "src/http/`new`.ts", kind: "renamed", from: "src/old.ts", additions: 0, deletions: 0 },
    { path: "logo.png", kind: "deleted", additions: 0, deletions: 0, binary: true },
  ],
  agent: { name: "anthropic", model: "claude-x", reason: "The request asked for it." },
  fallbacks: [],
  usage: { turns: 0, input_tokens: 0, output_tokens: 0, cost_usd: 0 },
  verification: {
    status: "passed",
    message: 'The command "npm test" passed in 4.2 s.',
    command: "npm test",
    exit_code: 0,
    duration_ms: 4210,
    output: "\u2714 parses\n12 passed",
    notes: ["The sandbox did not have all of the repository: 1 link or submodule."],
    changed: ["package-lock.json"],
  },
  runId: "run_1x2y3z",
};

describe("pullRequestBody", () => {
  test("says what was asked, what changed, who did it, and what was verified", () => {
    expect(pullRequestBody(input)).toBe(`## What was asked

\`\`\`text
Add a health endpoint
\`\`\`

## What changed

- Added GET /health, so that a load balancer can ask.
- Documented it.

- \`src/app.ts\` modified (+12 −3)
- \`docs/health.md\` added (+20 −0)
- \`\`src/http/\`new\`.ts\`\` renamed from \`src/old.ts\` (+0 −0)
- \`logo.png\` deleted (binary)

## Who did it

anthropic (claude-x). The request asked for it.

## What was verified

The command "npm test" passed in 4.2 s.

- Command: \`npm test\`
- Exit code: 0
- Duration: 4.2 s

- The sandbox did not have all of the repository: 1 link or submodule.

The last lines that were printed:

\`\`\`text
\u2714 parses
12 passed
\`\`\`

The command changed these files, too:

- \`package-lock.json\`

---

Made by Tiny Backspace in run \`run_1x2y3z\`. Review it as you would a stranger's work.`);
  });

  test("is added to by a further run in the same words, under its own id", () => {
    const section = followUpSection({ ...input, prompt: "Now @all of it", runId: "run_2" });

    expect(seen(section)).toBe(
      seen(pullRequestBody({ ...input, prompt: "Now @all of it", runId: "run_2" }))
        .replace("## What was asked", "## What was asked next")
        .replace("Made by Tiny Backspace", "Added by Tiny Backspace"),
    );
    expect(seen(section)).toContain("Now @·all of it");
  });

  test("names every agent that gave way, and what the models took", () => {
    const gpt = { name: "openai", model: "gpt-x" };
    const body = pullRequestBody({
      ...input,
      fallbacks: [
        { from: gpt, to: { name: "anthropic", model: "claude-x" }, reason: "OpenAI is overloaded." },
        {
          from: { name: "anthropic", model: "claude-x" },
          to: { name: "rule_based" },
          reason: "No credit is left.",
        },
      ],
      agent: { name: "rule_based", reason: "No credit is left." },
      usage: { turns: 12, input_tokens: 345_678, output_tokens: 9012, cost_usd: 1.234 },
    });

    expect(body).toContain(`## Who did it

rule_based. No credit is left.

- openai (gpt-x) gave way to anthropic (claude-x). OpenAI is overloaded.
- anthropic (claude-x) gave way to rule_based. No credit is left.

Used: 12 turns, 345,678 tokens in, 9,012 out, $1.23.

## What was verified`);
  });

  test.each([
    [
      { turns: 1, input_tokens: 1000, output_tokens: 20, cost_usd: 0.00321 },
      "Used: 1 turn, 1,000 tokens in, 20 out, $0.0032.",
    ],
    [
      { turns: 2, input_tokens: 1000, output_tokens: 20, cost_usd: 0 },
      "Used: 2 turns, 1,000 tokens in, 20 out.",
    ],
  ])("counts %j as %s", (usage, line) => {
    expect(pullRequestBody({ ...input, usage })).toContain(`\n\n${line}\n\n`);
  });

  test("of work that was stopped begins with that, and says what is missing", () => {
    const unfinished = { reason: "The model used its 30 turns.", missing: ["The tests.", "The docs."] };
    const body = pullRequestBody({ ...input, unfinished });

    expect(body).toMatch(
      /^\*\*This is not finished: the agent stopped before it was done\.\*\* "What is missing" below says more\.\n\n## What was asked\n/,
    );
    expect(body).toContain(`The request asked for it.

## What is missing

The model used its 30 turns.

- The tests.
- The docs.

## What was verified`);
  });

  test("of unfinished work says no more than is known to be missing", () => {
    const body = pullRequestBody({ ...input, unfinished: { reason: "It repeated itself.", missing: [] } });

    expect(body).toContain("## What is missing\n\nIt repeated itself.\n\n## What was verified");
  });

  test("of a further run that was stopped says that the pull request could not become a draft", () => {
    const unfinished = { reason: "The model used its 30 turns.", missing: [] };
    const section = followUpSection({ ...input, unfinished });

    expect(section).toContain(
      '\n```\n\n**This part is not finished: the agent stopped before it was done. The pull request was open already, so it was not made a draft.** "What is missing" below says more.\n\n## What changed\n',
    );
  });

  test("shows what was left out as a patch that applies", () => {
    const patch =
      "--- a/.github/workflows/ci.yml\n+++ b/.github/workflows/ci.yml\n@@ -1 +1 @@\n-a\n+uses: x@v1 #1 ```\n";
    const leftOut = { paths: [".github/workflows/ci.yml"], reason: "Workflows need consent.", patch };

    const body = pullRequestBody({ ...input, leftOut });

    expect(body).toContain(`## What was left out

Workflows need consent.

- \`.github/workflows/ci.yml\`

To apply it yourself:

\`\`\`\`diff
${patch}\`\`\`\`

---`);
  });

  test("cuts a long prompt and says so", () => {
    const body = pullRequestBody({ ...input, prompt: "word ".repeat(1000) });

    expect(body).toContain("…\n```\n\nThe prompt is cut here: it has 5,000 characters.\n\n## What changed");
    expect(body.length).toBeLessThan(3500);
  });

  test("lists fifty files and counts the rest", () => {
    const changes = Array.from({ length: 1234 }, (_, index) => ({
      path: `src/${index}.ts`,
      kind: "added" as const,
      additions: 1,
      deletions: 0,
    }));

    const lines = pullRequestBody({ ...input, changes })
      .split("\n")
      .filter((line) => /^- (?:`src|…)/.test(line));

    expect([lines.length, lines.at(49), lines.at(50)]).toEqual([
      51,
      "- `src/49.ts` added (+1 −0)",
      "- … and 1,184 more files",
    ]);
  });

  test("says so when there is nothing to say", () => {
    const body = pullRequestBody({ ...input, summary: [" "], changes: [], verification: NOTHING_RUN });

    expect(body).toContain("## What changed\n\nThe agent gave no summary.\n\n## Who did it");
    expect(body).toContain("## What was verified\n\nNot verified. Nobody asked for it.\n\n---");
  });

  test("begins with it when the check fails, and shows how", () => {
    const message = 'The command "make" ran out of memory (64 MB) in 1.0 s.';
    const failed = {
      status: "failed",
      message,
      command: "make",
      exit_code: null,
      duration_ms: 1000,
    } as const;
    const body = pullRequestBody({ ...input, verification: { ...failed, output: " \n" } });
    expect(body).toMatch(
      /^\*\*The check of this change fails\.\*\* "What was verified" below says more\.\n\n## What was asked\n/,
    );
    expect(body).toContain(
      `## What was verified\n\n${message}\n\n- Command: \`make\`\n- Exit code: none\n- Duration: 1.0 s\n\n---`,
    );
  });

  test("shows a script of several lines as one, and the whole reason behind a long sentence", () => {
    const message = `The command "# lint first …" ended with exit code 3. ${"It is long. ".repeat(50)}The end.`;
    const command = "# lint first\necho one\n\techo @all\n";
    const body = pullRequestBody({
      ...input,
      verification: { status: "failed", message, command, exit_code: 3 },
    });
    expect(seen(body)).toContain(
      "The end.\n\n- Command: the script below\n- Exit code: 3\n\n```sh\n#· lint first\necho one\n\techo @·all\n```\n\n---",
    );
  });

  test.each(["x", "`", "~", "@", "#1", "```\n", "🚀", "&#64;", "[skip ci]", "\u202e"])(
    "stays below GitHub's limit however much there is of %j",
    (piece) => {
      const long = piece.repeat(100_000);
      const many = Array(2000).fill(long.slice(0, 2000));
      const body = pullRequestBody({
        prompt: long,
        summary: many,
        changes: many.map((path) => ({ path, kind: "renamed", from: path, additions: 1e9, deletions: 1e9 })),
        agent: { name: long, model: long, reason: long },
        fallbacks: many.map((name) => ({
          from: { name, model: name },
          to: { name, model: name },
          reason: name,
        })),
        usage: { turns: 1e15, input_tokens: 1e15, output_tokens: 1e15, cost_usd: 1e15 },
        unfinished: { reason: long, missing: many },
        verification: {
          status: "failed",
          message: long,
          command: `${long}\n${long}`,
          exit_code: 255,
          duration_ms: 1e15,
          output: long,
          notes: many,
          changed: many,
        },
        leftOut: { paths: many, reason: long, patch: long },
        runId: long,
      });

      expect(body.length).toBeLessThanOrEqual(60_000);
      expect(body).toMatch(/\n---\n\nMade by Tiny Backspace in run [\s\S]*stranger's work\.$/);
    },
  );
});

describe("attack 19: nothing from a stranger acts in a pull request", () => {
  const hostile =
    "@org/team Fixes #1 GH-2 https://github.com/o/r/issues/3 <!-- x --> <script> &#64;org ``` ## x";

  test("in its body", () => {
    const body = pullRequestBody({
      prompt: hostile,
      summary: [hostile],
      changes: [{ path: "Fixes #1.md", kind: "renamed", from: "closes #2", additions: 1, deletions: 1 }],
      agent: { name: "openai", model: hostile, reason: hostile },
      fallbacks: [
        { from: { name: "openai", model: hostile }, to: { name: "openai", model: hostile }, reason: hostile },
      ],
      usage: { turns: 1, input_tokens: 1, output_tokens: 1, cost_usd: 1 },
      unfinished: { reason: hostile, missing: [hostile, `${hostile}\n## y\n- [ ] z`] },
      verification: {
        status: "failed",
        message: hostile,
        command: hostile,
        exit_code: 1,
        duration_ms: 1,
        output: `${hostile}\n## y\n@org`,
        notes: [hostile],
        changed: ["closes #3"],
      },
      leftOut: { paths: [], reason: hostile, patch: "" },
      runId: "run_1",
    });

    // everywhere, code included: a squash merge may make the body a commit message
    expect(body).not.toMatch(/@\w|#\d|GH-\d|:\/\/|\/issues\/\d|<[a-z!/]|&#?\w+;/i);
    expect(body.match(/^#+ .*$/gm)).toEqual([
      "## What was asked",
      "## What changed",
      "## Who did it",
      "## What is missing",
      "## What was verified",
      "## What was left out",
    ]);
  });

  test("in its title", () => {
    expect(seen(pullRequestTitle(`Fix @org\n${"#1 ".repeat(100)}`))).toBe(`Fix @·org ${"#·1 ".repeat(27)}#…`);
    expect(pullRequestTitle("\u202e\n")).toBe("Apply the requested change");
  });

  test("in a commit message", () => {
    const message = commitMessage({ title: hostile, summary: [hostile], runId: "run_1" });

    expect(message).not.toMatch(/@\w|#\d|GH-\d|:\/\/|\/issues\/\d|<[a-z!/]|&#?\w+;/i);
  });
});
