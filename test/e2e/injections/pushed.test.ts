import { afterAll, beforeAll, expect, test } from "vitest";
import { runGit } from "../../support/forge/git.ts";
import { type ForgeRepository, type LocalForge, startForge } from "../../support/forge/server.ts";
import { CANARIES } from "./canaries.ts";
import { leaksIn, type Traces } from "./leaks.ts";
import { objectsIn, pushedTo } from "./pushed.ts";

const TOKEN = CANARIES.GITHUB_TOKEN;

let forge: LocalForge;
beforeAll(async () => {
  forge = await startForge();
});
afterAll(() => forge.close());

/** What is found of a push to a repository that had the token in a file before. */
async function leaksOf(name: string, push: (repository: ForgeRepository) => Promise<unknown>) {
  const repository = await forge.addRepository(`tiny-bot/${name}`, {
    files: { "was/here.txt": `${TOKEN}\n` },
  });
  const before = await objectsIn(repository);
  await push(repository);
  const pushed = await pushedTo(repository, before);
  const others: Traces = {
    requests: [],
    events: [],
    answers: {},
    pushed,
    pulls: [],
    operatorLog: "",
    store: "",
  };
  return leaksIn(others);
}

const IN_OBJECTS = [expect.stringContaining("GITHUB_TOKEN, raw, is in pushed objects")];

test("what was there before is not what was pushed", async () => {
  expect(
    await leaksOf("before", (repository) => repository.commit({ "a.txt": "a\n" }, { branch: "x" })),
  ).toEqual([]);
});

test.each([
  ["a file", { "a.txt": `a ${TOKEN}\n` }, "Change files"],
  [
    "a file of bytes",
    { "a.bin": Buffer.concat([Buffer.from([0, 255, 10, 254]), Buffer.from(TOKEN)]) },
    "Change files",
  ],
  ["a file's name", { [`sub/${TOKEN}`]: "a\n" }, "Change files"],
  ["a folder's name", { [`sub/${TOKEN}/a.txt`]: "a\n" }, "Change files"],
  ["a commit's words", { "a.txt": "a\n" }, `Change files\n\n${TOKEN}`],
])("the token is found in %s", async (name, files, message) => {
  const push = (repository: ForgeRepository) => repository.commit(files, { branch: "x", message });
  expect(await leaksOf(name.replaceAll(/[ ']/g, "-"), push)).toEqual(IN_OBJECTS);
});

test("the token is found in an object that nothing leads to", async () => {
  const push = ({ dir }: ForgeRepository) =>
    runGit(["hash-object", "-w", "--stdin"], { cwd: dir, input: TOKEN });
  expect(await leaksOf("stray", push)).toEqual(IN_OBJECTS);
});

test("the token is found in a branch's name", async () => {
  const push = (repository: ForgeRepository) =>
    repository.commit({ "a.txt": "a\n" }, { branch: `fix-${TOKEN}` });
  expect(await leaksOf("branch", push)).toEqual([
    expect.stringContaining("GITHUB_TOKEN, raw, is in pushed refs"),
  ]);
});
