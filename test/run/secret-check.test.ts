/** Attack 18: what looks like a secret is not pushed, nor told to anybody, whoever put it into the change. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AgentOutcome } from "../../src/agent/agent.ts";
import { createRedactor } from "../../src/redact.ts";
import type { RunRequest } from "../../src/run/request.ts";
import { utf8 } from "../../src/workspace/bytes.ts";
import type { Workspace } from "../../src/workspace/workspace.ts";
import { FAKE_SECRETS, fakeToken } from "../support/fake-secrets.ts";
import { type LocalForge, startForge } from "../support/forge/server.ts";
import { createJournal } from "../support/journal.ts";
import { TOKEN, TOKENS } from "../support/open.ts";
import { editing, partsFor, requestFor } from "../support/runs.ts";
import { scriptedAgent } from "../support/scripted-agent.ts";

const OLD = fakeToken();
const NEW = fakeToken();
const SLACK = FAKE_SECRETS.find(({ kind }) => kind === "slack token")?.value ?? "";
const CI = ".github/workflows/ci.yml";
const FILES = {
  "a.js": `const key = "${OLD}";\n`,
  "b.txt": "b\n",
  [CI]: `env: ${OLD}\non: push\n`,
  link: { mode: "120000", content: "b.txt" },
} as const;

const unitOf = (unit: string) => unit.charCodeAt(0);

let forge: LocalForge;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
});
afterAll(() => forge.close());

async function published(
  name: string,
  edit: (workspace: Workspace) => Promise<void>,
  more: Partial<RunRequest> = {},
  outcome: AgentOutcome = { status: "edited", title: "Edit", summary: ["Edited."] },
) {
  const repository = await forge.addRepository(`octo/${name}`, { files: FILES });
  forge.log.clear();
  const agent = scriptedAgent(
    // biome-ignore lint/correctness/useYield: it says nothing while it works
    async function* ({ workspace }) {
      await edit(workspace);
      return outcome;
    },
  );
  const parts = partsFor(forge, { agent });
  const journal = createJournal(requestFor(forge, `octo/${name}`, more), parts, "run-1");
  await journal.attempt(parts);
  const branches = await repository.git("for-each-ref", "--format=%(refname:short)", "refs/heads");
  const log = await repository.git("log", "--all", "--format=%B");
  const files = await repository.git("ls-tree", branches.split("\n").at(-1) ?? "");
  return {
    journal,
    files,
    done: journal.events.at(-1),
    branches: branches.split("\n"),
    log,
    pull: repository.pullRequests[0],
  };
}

const ADVICE =
  "Ask for a change that reads it from where the program runs, or has a placeholder in its place.";

test.each<[string, (workspace: Workspace) => Promise<void>, string]>([
  ["in a new file", (it) => it.write("new.js", `\n\nk = "${NEW}"\n`), '"new.js", line 3 (GitHub Token)'],
  [
    "in an added line",
    (it) => it.write("a.js", `${FILES["a.js"]}const b = "${NEW}";\n`),
    '"a.js", line 2 (GitHub Token)',
  ],
  ["in a file's name", (it) => it.write(`${NEW}.js`, "x\n"), "the name of a file (GitHub Token)"],
  ["in a file's new name", (it) => it.move("b.txt", `${NEW}.txt`), "the name of a file (GitHub Token)"],
  [
    "in a file's name and in the file",
    (it) => it.write(`${NEW}.js`, `${NEW}\n`),
    "the name of a file (GitHub Token); that file, line 1 (GitHub Token)",
  ],
  [
    "in UTF-16",
    (it) => it.write("a.ps1", new Uint8Array(Uint16Array.from(`\ufeff\n$t = "${NEW}"\n`, unitOf).buffer)),
    '"a.ps1", line 2 (GitHub Token)',
  ],
  ["in a binary file", (it) => it.write("a.bin", `\0\0${NEW}\0`), '"a.bin", line 1 (GitHub Token)'],
  [
    "in what would be left out",
    (it) => it.write(CI, `${FILES[CI]}token: ${NEW}\n`),
    `"${CI}", line 3 (GitHub Token)`,
  ],
  [
    "in more places than are named",
    async (it) => {
      for (let i = 0; i < 7; i++) await it.write(`${i}.txt`, `${fakeToken()}\n`);
    },
    `${[0, 1, 2, 3, 4].map((i) => `"${i}.txt", line 1 (GitHub Token)`).join("; ")} and in more places`,
  ],
])("a secret %s stops the run before anything is pushed, in any mode", async (what, edit, where) => {
  for (const mode of ["pull_request", "branch", "patch"] as const) {
    const name = `found-${what.replace(/\W+/g, "-").slice(0, 30)}-${mode.replace("_", "-")}`;
    const { journal, done, branches } = await published(name, edit, { mode });
    const message = `The change adds what looks like a secret, so nothing was pushed: ${where}. ${ADVICE}`;
    expect(journal.events.slice(-2)).toMatchObject([
      { type: "error", code: "secret_in_change", retryable: false, message },
      { type: "done", status: "failed", message, pr_url: null, branch: null, commit: null },
    ]);
    expect(done).not.toHaveProperty("patch");
    expect(journal.patch).toBeUndefined();
    expect(branches).toEqual(["main"]);
    expect(forge.log.lines().filter((line) => /receive-pack|\/pulls/.test(line))).toEqual([]);
    expect(JSON.stringify(journal.events)).not.toContain(NEW);
  }
});

test.each<[string, Uint8Array]>([
  ["in UTF-8", utf8(`token = "${TOKEN}"\n`)],
  ["in Latin-1", new Uint8Array([0xe9, ...utf8(TOKEN)])],
  ["in UTF-16", new Uint8Array(Uint16Array.from(`\ufefftoken = "${TOKEN}"\n`, unitOf).buffer)],
  ["in UTF-16 without a mark", new Uint8Array(Uint16Array.from(TOKEN, unitOf).buffer)],
  ["in UTF-32", new Uint8Array(Uint32Array.from(TOKEN, unitOf).buffer)],
  ["between NULs", utf8(`\0${TOKEN}\0`)],
  ["split by a NUL", utf8(`${TOKEN.slice(0, 8)}\0${TOKEN.slice(8)}`)],
])("the service's own token %s stops the run before anything is pushed", async (what, content) => {
  const name = `own-${what.replace(/\W+/g, "-")}`;
  const repository = await forge.addRepository(`octo/${name}`, { files: FILES });
  const { holds } = createRedactor([TOKEN]);
  const parts = partsFor(forge, { agent: editing((it) => it.write("new", content)) }, { holdsSecret: holds });
  const journal = createJournal(requestFor(forge, `octo/${name}`), parts, "run-1");
  await journal.attempt(parts);
  const message =
    'The change to "new" contains a secret of this service, so nothing was pushed. Take it out of the prompt.';
  expect(journal.events.slice(-2)).toMatchObject([
    { type: "error", code: "secret_in_change", retryable: false, message },
    { type: "done", status: "failed", message, pr_url: null, branch: null, commit: null },
  ]);
  expect(await repository.git("for-each-ref", "--format=%(refname:short)", "refs/heads")).toBe("main");
});

test.each<[string, (workspace: Workspace) => Promise<void>]>([
  ["in a line next to the change", (it) => it.write("a.js", `${FILES["a.js"]}more();\n`)],
  ["in the line that is changed", (it) => it.write("a.js", FILES["a.js"].replace("const", "let"))],
  ["in a line that is deleted", (it) => it.write("a.js", "more();\n")],
  ["in a file that is deleted", (it) => it.delete("a.js")],
  [
    "in a file that is moved and changed",
    async (it) => {
      await it.move("a.js", "lib/a.js");
      await it.write("lib/a.js", `${FILES["a.js"]}more();\n`);
    },
  ],
])("a secret that was there before, %s, stops nothing", async (what, edit) => {
  const { done, pull } = await published(`there-${what.replace(/\W+/g, "-").slice(0, 40)}`, edit);
  expect(done).toMatchObject({ status: "succeeded" });
  expect(pull?.body).not.toContain(OLD);
});

test("a secret that stands in lines around what was left out is not told in the pull request", async () => {
  const { done, pull } = await published("around", async (it) => {
    await it.write(CI, `env: ${OLD}\non: pull_request\n`);
    await it.write("b.txt", "c\n");
  });
  expect(done).toMatchObject({ status: "succeeded" });
  expect(pull?.body).toContain(" env: [redacted]\n-on: push\n+on: pull_request\n");
  expect(pull?.body).not.toContain(OLD);
});

test("the caller's own patch of what was left out applies", async () => {
  const { done } = await published("own-patch", (it) => it.write(CI, `env: ${OLD}\non: pull_request\n`));
  expect(done).toMatchObject({ status: "no_changes", patch: expect.stringContaining(` env: ${OLD}\n`) });
});

test("a secret in the prompt or in the agent's words is in nothing that is published", async () => {
  const words = `Used ${SLACK} here.`;
  for (const [name, outcome] of [
    ["words", { status: "edited", title: words, summary: [words] }],
    [
      "words-stopped",
      { status: "incomplete", title: words, summary: [words], reason: words, missing: [words] },
    ],
  ] as const) {
    const { journal, pull, log, branches } = await published(
      name,
      (it) => it.write("c.txt", "c\n"),
      { prompt: SLACK },
      outcome,
    );
    expect(pull?.title).toBe("Used [redacted] here.");
    expect(pull?.body).toContain("```text\n[redacted]\n```");
    expect(log).toContain("Used [redacted] here.");
    expect(branches).toEqual(["main", "tiny-backspace/redacted-aaaaaaaa"]);
    const [, ...told] = journal.events;
    for (const text of [pull?.title, pull?.body, log, JSON.stringify(told)])
      expect(text).not.toContain(SLACK);
  }
});

test("nor in the words for why nothing was changed", async () => {
  const outcome = { status: "no_changes", reason: `It has ${SLACK} already.`, understood: [] } as const;
  const { journal } = await published("no-changes-words", async () => undefined, {}, outcome);
  expect(journal.events.at(-1)).toMatchObject({
    status: "no_changes",
    message: "It has [redacted] already.",
  });
  expect(JSON.stringify(journal.events)).not.toContain(SLACK);
});

test("a link that is moved, with a file in its place, is no obstacle", async () => {
  const { done, files } = await published("link", async (it) => {
    await it.move("link", "other-link");
    await it.write("link", "a file now\n");
  });
  expect(done).toMatchObject({ status: "succeeded" });
  expect(files).toContain("120000 blob ");
});
