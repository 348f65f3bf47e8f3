/** Going on with a pull request that is there. */
import { describe, expect, test } from "vitest";
import { failure, type Harness, LOGIN, setUp } from "./harness.ts";

const REF = { owner: "acme", name: "widgets" };
const READ = "GET /repos/acme/widgets/pulls/1";
const UPDATE = "PATCH /repos/acme/widgets/pulls/1";
const ADDITION = { id: "run-2", section: "## Next\n\nDone in run `run-2`.", short: "Also run `run-2`." };

async function setUpPull(body = "A greeting."): Promise<Harness & { body(): string | null | undefined }> {
  const setup = await setUp();
  const widgets = await setup.server.addRepository("acme/widgets", {
    files: { "README.md": "Widgets\n" },
    permissions: { [LOGIN]: "write" },
  });
  await widgets.git("branch", "greet", "main");
  await widgets.commit({ "hello.txt": "hello\n" }, { branch: "greet" });
  const draft = {
    base: REF,
    baseBranch: "main",
    head: REF,
    headBranch: "greet",
    title: "Greet",
    draft: false,
  };
  await setup.forge.openPullRequest({ ...draft, body }, setup.call);
  setup.server.log.clear();
  return { ...setup, body: () => widgets.pullRequests[0]?.body };
}

describe("addToPullRequest", () => {
  test("adds a section behind what is there, once however often it is asked", async () => {
    await using setup = await setUpPull();
    const url = `${setup.server.url}/acme/widgets/pull/1`;
    for (let i = 0; i < 2; i++) {
      expect(await setup.forge.addToPullRequest(REF, 1, ADDITION, setup.call)).toEqual({
        number: 1,
        url,
        added: "whole",
      });
    }
    expect(setup.body()).toBe(`A greeting.\n\n${ADDITION.section}`);
    expect(setup.requests()).toEqual([READ, UPDATE, READ]);
  });

  test("adds it once when the answer is lost", async () => {
    await using setup = await setUpPull();
    setup.fault({ method: "PATCH", nth: 1 }, { dropReply: true });
    await setup.forge.addToPullRequest(REF, 1, ADDITION, setup.call);
    expect(setup.body()).toBe(`A greeting.\n\n${ADDITION.section}`);
  });

  test("adds its short form, once, where there is no room for more, and says so", async () => {
    const long = "x".repeat(61_990);
    await using setup = await setUpPull(long);
    for (let i = 0; i < 2; i++) {
      expect(await setup.forge.addToPullRequest(REF, 1, ADDITION, setup.call)).toMatchObject({
        added: "short",
      });
    }
    expect(setup.body()).toBe(`${long}\n\n${ADDITION.short}`);
    expect(setup.requests()).toEqual([READ, UPDATE, READ]);
  });

  test("leaves a description alone that has no room for that either, and says so", async () => {
    const long = "x".repeat(65_490);
    await using setup = await setUpPull(long);
    expect(await setup.forge.addToPullRequest(REF, 1, ADDITION, setup.call)).toMatchObject({
      added: "nothing",
    });
    expect(setup.body()).toBe(long);
    expect(setup.requests()).toEqual([READ]);
  });
});

test("a pull request that is not there is a conflict, in words", async () => {
  await using setup = await setUpPull();
  expect(await setup.forge.pullRequestStatus(REF, 1, setup.call)).toBe("open");
  const error = await failure(setup.forge.pullRequestStatus(REF, 7, setup.call));
  expect([error.code, error.message]).toEqual([
    "forge_conflict",
    '"acme/widgets" has no pull request #7 that this token can see. Start a new run.',
  ]);
});
