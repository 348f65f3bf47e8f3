/** What docs/events.md lists is what there is. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ERROR_CODES } from "../../src/errors.ts";
import { runEventSchema, STEPS, WARNING_CODES } from "../../src/run/events.ts";

/** Each row's cells of the table that begins with this one. */
function table(file: string, first: string): string[][] {
  const lines = readFileSync(`docs/${file}.md`, "utf8").split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${first} |`));
  const rows = lines.slice(start + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|")),
    )
    .map((line) => line.split("|").slice(1, -1));
}

/** What stands in backticks. */
const codes = (cell = ""): string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, code = ""]) => code);

test("each error code is that of a refused request or of a run, with what to do", () => {
  const ofRequests = table("api", "status").flatMap(([, code]) => codes(code));
  const ofRuns = table("events", "code").flatMap(([code]) => codes(code));
  expect(new Set(ofRuns).size).toBe(ofRuns.length);
  expect([...new Set([...ofRequests, ...ofRuns])].sort()).toEqual([...ERROR_CODES].sort());
});

test("each warning is listed once", () => {
  const listed = table("events", "warning").flatMap(([code]) => codes(code));
  expect(listed.sort()).toEqual([...WARNING_CODES].sort());
});

test("each step is listed, and each field that a result has", () => {
  const rows = table("events", "step");
  expect(rows.flatMap(([step]) => codes(step))).toEqual(STEPS);
  const fields = runEventSchema.options.flatMap(({ shape }) =>
    "result" in shape ? Object.keys(shape.result.shape) : [],
  );
  const listed = new Set(rows.flatMap(([, result]) => codes(result)).filter((name) => name !== "pr_url"));
  expect(listed).toEqual(new Set(fields));
});
