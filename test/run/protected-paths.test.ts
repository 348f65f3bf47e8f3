/** Attack 8: protected files change with consent only, however the edit gets at them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { protectionOf } from "../../src/run/protected-paths.ts";
import type { RunRequest } from "../../src/run/request.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { type LocalForge, startForge } from "../support/forge/server.ts";
import { createJournal } from "../support/journal.ts";
import { TOKENS } from "../support/open.ts";
import { editing, partsFor, requestFor } from "../support/runs.ts";

describe("what is protected", () => {
  test.each([
    [".github/workflows/ci.yml", []],
    [".GitHub/Workflows/CI.yml", []],
    [".github/actions/build/action.yml", []],
    ["CODEOWNERS", []],
    ["docs/codeowners", []],
    [".github/dependabot.YAML", []],
    ["infra", ["infra"]],
    ["infra/main.tf", ["infra"]],
    ["deploy/infra/a/b.tf", ["infra"]],
    ["Infra/Main.TF", ["infra/**"]],
    ["infra/a/b/c.tf", ["/infra/"]],
    ["infra/a.tf", ["./infra"]],
    ["src/db/migrations/0001.sql", ["src/*/migrations"]],
    ["a/b/secrets.json", ["SECRETS.*"]],
    [".env.local", [".env*"]],
    ["package-lock.json", ["*.md", "{package,yarn}*.{json,lock}"]],
    ["ﬁle.txt", ["file.txt"]],
    ["app/[id]/page.tsx", ["app/[id]"]],
    ["any/thing", ["**"]],
  ])("%s with %j", (path, protected_paths) => {
    expect(protectionOf({ protected_paths, allow_workflows: false })(path)).toBe(true);
    expect(protectionOf({ protected_paths, allow_workflows: true })(path)).toBe(false);
  });

  test.each([
    [".github/ISSUE_TEMPLATE/bug.md", []],
    ["src/codeowners", []],
    ["infrastructure/a.tf", ["infra"]],
    ["src/infra/a.tf", ["infra/**"]],
    ["deploy/infra/a.tf", ["/infra"]],
    ["src/a.ts", ["*.md", "docs/**"]],
  ])("%s is not with %j", (path, protected_paths) => {
    expect(protectionOf({ protected_paths, allow_workflows: false })(path)).toBe(false);
  });
});

const CI = ".github/workflows/ci.yml";
const FILES = {
  "a.txt": "a\n",
  [CI]: "on: push\n",
  CODEOWNERS: "* @octo\n",
  "infra/main.tf": "resource {}\n",
};

let forge: LocalForge;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
});
afterAll(() => forge.close());

/** The files of the pushed branch, the warnings' paths, and what the pull request says. */
async function published(
  name: string,
  edit: (workspace: Workspace) => Promise<void>,
  more: Partial<RunRequest> = {},
) {
  const repository = await forge.addRepository(`octo/${name}`, { files: FILES });
  const parts = partsFor(forge, { agent: editing(edit) });
  const journal = createJournal(requestFor(forge, `octo/${name}`, more), parts, "run-1");
  await journal.attempt(parts);
  const branch = "tiny-backspace/edit-it-aaaaaaaa";
  const done = journal.events.at(-1);
  const leftOut = journal.events.flatMap((event) =>
    event.type === "warning" && event.code === "protected_path"
      ? [event.message.split(" is protected")[0]]
      : [],
  );
  const changed = journal.events.flatMap((event) => (event.type === "change" ? [event.message] : []));
  const files =
    done?.type === "done" && done.branch !== null
      ? (await repository.git("ls-tree", "-r", "--name-only", branch)).split("\n")
      : [];
  return { done, leftOut, changed, files, body: repository.pullRequests[0]?.body ?? "" };
}

test("files the caller names are left out, and the patch of those is in the pull request", async () => {
  const { leftOut, changed, files, body } = await published(
    "named",
    async (it) => {
      await it.write("infra/main.tf", "resource { evil }\n");
      await it.write("a.txt", "b\n");
      await it.delete(CI);
    },
    { protected_paths: ["infra"] },
  );
  expect(leftOut).toEqual([`"${CI}"`, '"infra/main.tf"']);
  expect(changed).toEqual(["modified a.txt (+1 -1)"]);
  expect(files).toEqual([CI, "CODEOWNERS", "a.txt", "infra/main.tf"]);
  expect(body).toContain("+resource { evil }");
  expect(body).toContain(`deleted file mode 100644`);
});

test("consent is for the caller's files too", async () => {
  const { leftOut, changed } = await published(
    "consent",
    async (it) => {
      await it.write("infra/main.tf", "changed\n");
      await it.write(CI, "on: pull_request\n");
    },
    { protected_paths: ["infra"], allow_workflows: true },
  );
  expect(leftOut).toEqual([]);
  expect(changed).toEqual([`modified ${CI} (+1 -1)`, "modified infra/main.tf (+1 -1)"]);
});

test.each<[string, (workspace: Workspace) => Promise<void>, string[]]>([
  ["moved away", (it) => it.move(CI, "ci.yml"), ['"ci.yml"']],
  ["moved to", (it) => it.move("a.txt", ".github/workflows/a.txt"), ['".github/workflows/a.txt"']],
  [
    "with all of its folder, in place of which a file is put",
    async (it) => {
      await it.delete(".github");
      await it.write(".github", "no workflows any more\n");
    },
    ['".github"', `"${CI}"`],
  ],
  [
    "whose folder is moved, in place of which a file is put",
    async (it) => {
      await it.move(".github", "old");
      await it.write(".github", "no workflows any more\n");
    },
    ['".github"', '"old/workflows/ci.yml"'],
  ],
  [
    "that becomes a folder",
    async (it) => {
      await it.delete("CODEOWNERS");
      await it.write("CODEOWNERS/nobody", "x\n");
    },
    ['"CODEOWNERS"', '"CODEOWNERS/nobody"'],
  ],
  [
    "whose folder is replaced by a file, that one by a folder with a file, and the place of this by one more",
    async (it) => {
      await it.delete(".github");
      await it.move("a.txt", ".github");
      await it.move("infra/main.tf", "a.txt/new");
      await it.write("infra", "a file now\n");
    },
    ['".github"', `"${CI}"`, '"a.txt/new"', '"infra"'],
  ],
])("a protected file %s stays as it is", async (what, edit, expected) => {
  const { leftOut, files, changed } = await published(
    `stays-${what.replace(/\W+/g, "-").slice(0, 30)}`,
    async (it) => {
      await edit(it);
      await it.write("b.txt", "b\n");
    },
  );
  expect(leftOut).toEqual(expected);
  expect(files).toEqual([CI, "CODEOWNERS", "a.txt", "b.txt", "infra/main.tf"]);
  expect(changed).toEqual(["added b.txt (+1 -0)"]);
});
