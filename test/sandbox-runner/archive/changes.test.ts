/** What may be handed out of a sandbox, counted before it is written. */
import { expect, test } from "vitest";
import { checkChanges } from "../../../sandbox-runner/src/archive/check-changes.ts";
import { writeChanges } from "../../../sandbox-runner/src/archive/write-changes.ts";
import { readChanges } from "../../../src/sandbox/read-changes.ts";
import { type ChangesManifest, MAX_CHANGES_BYTES } from "../../../src/sandbox/wire.ts";
import { LIMITS } from "./helpers.ts";

const TOO_LONG = {
  code: "payload_too_large",
  message: `The list of what commands changed is longer than ${MAX_CHANGES_BYTES} bytes.`,
};

async function* nothing() {}

function names(count: number, name: (at: number) => string): string[] {
  return Array.from({ length: count }, (_, at) => name(at));
}

function manifestOf(changes: Partial<ChangesManifest>): ChangesManifest {
  return { added: [], modified: [], deleted: [], skipped: [], ...changes };
}

test.for([
  ["added", manifestOf({ added: names(1100, (at) => `${at}${"x".repeat(4000)}`) })],
  ["modified", manifestOf({ modified: names(1100, (at) => `${at}${"x".repeat(4000)}`) })],
  [
    "deleted, six bytes for each character",
    manifestOf({ deleted: names(200, (at) => `${at}${"\u0001".repeat(4000)}`) }),
  ],
  [
    "skipped, in three bytes each",
    manifestOf({
      skipped: names(400, (at) => `${at}${"\u4e00".repeat(4000)}`).map((path) => ({
        path,
        reason: "bad_name",
      })),
    }),
  ],
] as const)("a list of changes that nobody would read is refused: %s", ([, manifest]) => {
  expect(JSON.stringify(manifest).length * 3).toBeGreaterThan(MAX_CHANGES_BYTES);
  expect(() => checkChanges(manifest, [], { ...LIMITS, files: 10_000 })).toThrow(
    expect.objectContaining(TOO_LONG),
  );
});

test("a list of changes that is just short enough is written, and read by the service", async () => {
  const skipped: ChangesManifest["skipped"] = names(695, (at) => `${at}`.padStart(1000, "\u0001")).map(
    (path) => ({
      path,
      reason: "not_a_file",
    }),
  );
  const fine = manifestOf({ skipped });
  expect(MAX_CHANGES_BYTES - JSON.stringify(fine).length).toBeLessThan(20_000);
  checkChanges(fine, [], LIMITS);
  expect(await readChanges(writeChanges({ manifest: fine, files: nothing() }))).toEqual({
    manifest: fine,
    files: new Map(),
  });
});
