import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { commitMessage } from "../../src/forge/pull-request-body.ts";

describe("commitMessage", () => {
  test("has a subject, a wrapped list and the run as its trailer", () => {
    const message = commitMessage({
      title: "Add a health endpoint",
      summary: [
        "Added GET /health, so that a load balancer can ask whether the service lives.",
        "",
        "Documented it.",
      ],
      runId: "run_1x2y3z",
    });

    expect(message).toBe(`Add a health endpoint

- Added GET /health, so that a load balancer can ask whether the service
  lives.
- Documented it.

Tiny-Backspace-Run: run_1x2y3z
`);
  });

  test("keeps the subject within 72 characters", () => {
    const [subject = "", blank] = commitMessage({ title: "word ".repeat(40), summary: [], runId: "r" }).split(
      "\n",
    );

    expect([subject, blank]).toEqual([`${"word ".repeat(14)}w…`, ""]);
  });

  test("lets no line of a stranger become a trailer", () => {
    const signed = "Signed-off-by: Eve <eve@evil.example>";
    const trailers = [signed, "Co-authored-by: Eve <eve@evil.example>", "skip-checks: true"];
    const message = commitMessage({
      title: signed,
      summary: [
        ...trailers,
        `A sentence, and then\n\n${signed}`,
        `${"x".repeat(69)} Reviewed-by: Eve`,
        "--- a divider",
        "(cherry picked from commit 0123)",
      ],
      runId: "run_1\n\nSigned-off-by: Eve",
    });

    const parsed = execFileSync("git", ["interpret-trailers", "--parse"], {
      input: message,
      encoding: "utf8",
    });
    expect(parsed).toBe("Tiny-Backspace-Run: run_1Signed-off-byEve\n");
    expect(message).not.toMatch(/^\W*(?:signed-off-by|co-authored-by|reviewed-by|skip-checks)[ \t]*:/im);
    expect(message).not.toMatch(/^(?:---|diff |From |\(cherry picked)/m);
  });
});
