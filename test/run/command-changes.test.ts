/** What checks change becomes part of the change, and what does not is said where people look. */
import { expect, test } from "vitest";
import { change, checkedRuns, FILES, leftOutOf } from "../support/checked-runs.ts";

const { ran } = checkedRuns();

const WRITE_SECRET = "printf 'ghp_%s\\n' 1234567890abcdefghij1234567890abcdef";

test("what a check writes that looks like a secret is left out and named, and the rest stays", async () => {
  const test_command = `${WRITE_SECRET} > key.txt; echo x > other.txt; sed -i s/new/fixed/ a.txt; grep -q fixed a.txt`;
  const { events, done, repository, section } = await ran(FILES, change, { test_command });
  const note =
    'What the command changed in "key.txt", line 1 (GitHub Token) was left out, because it looks like a secret. The check ran with it.';
  expect(done).toMatchObject({
    status: "succeeded",
    verification: { status: "passed" },
    changes: [{ path: "a.txt" }, { path: "other.txt" }],
  });
  expect(leftOutOf(events)).toEqual([["command_changes_left_out", note]]);
  expect(section).toContain(`\n- ${note}\n`);
  expect(await repository.git("show", `${done.commit}:a.txt`)).toBe("fixed");
});

test("what a check adds to the agent's own file is left out, and the agent's edit stays", async () => {
  const { done, repository } = await ran(FILES, change, { test_command: `${WRITE_SECRET} >> a.txt` });
  expect(done.changes).toMatchObject([{ path: "a.txt" }]);
  expect(await repository.git("show", `${done.commit}:a.txt`)).toBe("new");
});

test("a file whose name becomes a secret keeps its old one, and is not named", async () => {
  const files = { ...FILES, "b.txt": "b\n".repeat(20) };
  const { events, done } = await ran(files, change, { test_command: `mv b.txt "$(${WRITE_SECRET})"` });
  expect(done.changes).toMatchObject([{ path: "a.txt" }]);
  expect(leftOutOf(events)).toEqual([
    [
      "command_changes_left_out",
      "What the command changed in the name of a file (GitHub Token) was left out, because it looks like a secret. The check ran with it.",
    ],
  ]);
});

test("of more secrets than are looked for, all that the check changed is left out", async () => {
  const test_command = `for i in $(seq 30); do ${WRITE_SECRET} > key-$i.txt; done; echo x > other.txt`;
  const { done } = await ran(FILES, change, { test_command });
  expect(done.changes).toMatchObject([{ path: "a.txt" }]);
});

test("what a check changes in protected files is left out like any edit", async () => {
  const test_command = "mkdir -p .github/workflows; echo x > .github/workflows/ci.yml; echo y > y.txt";
  const { done, events, repository } = await ran(FILES, change, { test_command });
  expect(done.changes.map(({ path }) => path)).toEqual(["a.txt", "y.txt"]);
  expect(events.filter(({ type }) => type === "warning")).toMatchObject([{ code: "protected_path" }]);
  expect(repository.pullRequests[0]?.body).toContain("`.github/workflows/ci.yml`");
});
