/** Servers that speak less than protocol version 2 with filters: the same workspace comes out. */
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ForgeRepository, type LocalForge, startForge } from "../support/forge/server.ts";
import { makeOddRepository } from "../support/odd-repository.ts";
import { open, publish, TOKENS } from "../support/open.ts";

let forge: LocalForge;
let source: ReturnType<typeof makeOddRepository>;
const repositories: Record<string, ForgeRepository> = {};

const SERVERS = {
  full: {},
  "no-filter": { partialClone: false },
  "version-0": { protocolV2: false },
  "version-0-no-filter": { protocolV2: false, partialClone: false },
} as const;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  source = makeOddRepository();
  for (const [name, options] of Object.entries(SERVERS)) {
    repositories[name] = await forge.addRepository(`octo/${name}`, { from: source.dir, ...options });
  }
});
afterAll(async () => {
  await forge.close();
  source.remove();
});

const POST = "git-upload-pack 200";

test.each([
  ["full", [`POST ${POST}`, `POST ${POST}`, `POST ${POST}`]],
  [
    "no-filter",
    [`POST ${POST}`, `POST ${POST}`, "GET info/refs?service=git-upload-pack 200", `POST ${POST}`],
  ],
  ["version-0", [`POST ${POST}`, "GET info/refs?service=git-upload-pack 200", `POST ${POST}`]],
  ["version-0-no-filter", [`POST ${POST}`, "GET info/refs?service=git-upload-pack 200", `POST ${POST}`]],
])("a server with %s is read, edited and pushed to", async (name, conversation) => {
  const repository = repositories[name];
  if (repository === undefined) throw new Error("no such server");
  forge.log.clear();
  const opened = await open(repository);
  expect(await opened.workspace.readText("src/app.py")).toBe("def main():\n    return 1\n");
  expect(Buffer.from(await opened.workspace.read("latin1.txt")).toString("latin1")).toBe(
    "caf\xe9 \xa3\nna\xefve\n",
  );
  const lines = forge.log.lines().map((line) => line.replace(`/octo/${name}.git/`, ""));
  expect(name === "full" ? lines.slice(0, 3) : lines).toEqual(conversation);
  await opened.workspace.write("src/app.py", "def main():\n    return 2\n");
  await publish(opened, repository);
  expect(await repository.git("diff", "--stat=80", "main", "change")).toBe(
    " src/app.py | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)",
  );
  await repository.git("fsck", "--strict", "change");
});

test("a branch with a name like others is found by its whole name", async () => {
  for (const name of Object.keys(SERVERS)) {
    const repository = repositories[name];
    if (repository === undefined) throw new Error("no such server");
    execFileSync("git", ["-C", repository.dir, "branch", "-f", "feature/ü-1", "main"]);
    execFileSync("git", ["-C", repository.dir, "branch", "-f", "feature/ü-10", "main"]);
    const opened = await open(repository, { branch: "feature/ü-1" });
    expect(opened.baseCommit, name).toBe(await repository.git("rev-parse", "feature/ü-1"));
  }
});

test.each(Object.keys(SERVERS))(
  "%s: a commit is opened again by its id, after its branch has moved on",
  async (name) => {
    const repository = await forge.addRepository(`octo/pinned-${name}`, {
      from: source.dir,
      ...SERVERS[name as keyof typeof SERVERS],
    });
    const first = await open(repository);
    await repository.commit({ "src/app.py": "moved\n" });
    const again = await open(repository, { commit: first.baseCommit });
    expect(again.baseCommit).toBe(first.baseCommit);
    expect(await again.workspace.readText("src/app.py")).toBe("def main():\n    return 1\n");
  },
);

test.each(Object.keys(SERVERS))("%s: a commit that is gone is told in words", async (name) => {
  const repository = repositories[name];
  if (repository === undefined) throw new Error("no such server");
  await expect(open(repository, { commit: "1".repeat(40) })).rejects.toMatchObject({
    code: "git_protocol_error",
    retryable: true,
    message:
      "The git server no longer gives out commit 1111111111, which the run started from. Start the run again.",
  });
});

test("opening a commit by its id costs one request", async () => {
  const repository = repositories["full"];
  if (repository === undefined) throw new Error("no such server");
  const { baseCommit } = await open(repository);
  forge.log.clear();
  await open(repository, { commit: baseCommit });
  expect(forge.log.lines()).toEqual([`POST /octo/full.git/${POST}`]);
});
