/** Attacks 5, 6, 7 and 16 through the tools: paths that lead elsewhere, and calls that no schema foresaw. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTools } from "../../../../src/agent/llm/tools/registry.ts";
import { runEventSchema } from "../../../../src/run/events.ts";
import { checkWritePath } from "../../../../src/workspace/path.ts";
import type { Workspace } from "../../../../src/workspace/workspace.ts";
import { type LocalForge, startForge } from "../../../support/forge/server.ts";
import { makeOddRepository, ODD_ENTRIES } from "../../../support/odd-repository.ts";
import { open, publish, TOKENS } from "../../../support/open.ts";
import { createRandom, type Random } from "../../../support/random.ts";
import { call } from "../../../support/tool-calls.ts";

let forge: LocalForge;
/** Shared, since no attack may change it. */
let workspace: Workspace;
let odd: ReturnType<typeof makeOddRepository>;

beforeAll(async () => {
  forge = await startForge({ tokens: TOKENS });
  odd = makeOddRepository();
  const repository = await forge.addRepository("octo/attacked", {
    files: {
      "file.txt": "x\n",
      "folder/inside.txt": "y\n",
      ln: { mode: "120000", content: "/etc" },
      "sub/ln": { mode: "120000", content: "../folder" },
    },
  });
  ({ workspace } = await open(repository));
});
afterAll(async () => {
  odd.remove();
  await forge.close();
});

const ESCAPES = [
  "../x",
  "a/../x",
  "..",
  ".",
  "a/./b",
  "/etc/x",
  "//x",
  "C:/x",
  "c:\\x",
  "a\\..\\x",
  "",
  "a//b",
  "a/",
  "nul\0byte",
  "new\nline",
  "tab\tname",
  "escape\u001b[31m",
  "bidi\u202egnp.exe",
  "zero\u200bwidth",
  "mark\ufeffx",
  "__proto__",
  "a/__proto__/b",
  "lone\ud800surrogate",
  "x".repeat(5_000),
  `${"x".repeat(256)}/y`,
];
const DOT_GIT = [
  ".git",
  ".git/config",
  "./.git/config",
  ".GIT/config",
  "a/.git/config",
  "git~1/config",
  ".git./config",
  ".git /config",
  ".git::$INDEX_ALLOCATION/config",
  ".g\u200cit/config",
  "a/b/.GIT ",
];
const LINKS = ["ln", "ln/passwd", "sub/ln/inside.txt", "file.txt/below"];

/** Every tool that writes, at this path; nothing may come of it. What is there may be moved and deleted. */
async function writesAt(path: string, isThere = false): Promise<void> {
  const calls: readonly (readonly [string, Record<string, unknown>])[] = [
    ["write_file", { path, content: "harm" }],
    ["edit_file", { path, old_text: "x", new_text: "harm" }],
    ["move_file", { from: "file.txt", to: path }],
    ["move_file", { from: "folder", to: path }],
  ];
  const takes: typeof calls = [
    ["delete_file", { path }],
    ["move_file", { from: path, to: "moved.txt" }],
  ];
  for (const [name, args] of isThere ? calls : [...calls, ...takes]) {
    const { outcome } = await call({ workspace }, name, args);
    expect([name, outcome.status], path).toEqual([name, "error"]);
    expect(await workspace.changes()).toEqual([]);
  }
}

test.each(ESCAPES)("attack 5: no tool writes to, moves to or deletes %j", async (path) => {
  await writesAt(path);
});

test.each(DOT_GIT)("attack 6: no tool writes to, moves to or deletes %j", async (path) => {
  await writesAt(path);
});

test.each(LINKS)("attack 7: no tool reads, writes or edits through the link %j", async (path) => {
  await writesAt(path, path === "ln");
  const { outcome } = await call({ workspace }, "read_file", { path });
  expect(outcome.status).toBe("error");
  const listed = await call({ workspace }, "list_files", { path });
  expect(listed.outcome.text).not.toContain("passwd (");
});

const STRINGS = [
  ...ESCAPES,
  ...DOT_GIT,
  "link-to-etc",
  "link-to-etc/passwd",
  "link-to-file",
  "sub/module",
  "README.md",
  "src/app.py",
  "src",
  "utf16.txt",
  "latin1.txt",
  "bin/crlf.bat",
  "long-line.txt",
  "image.png",
  "not-utf8-\udcff\udcfe.txt",
  "return 1",
  "\n",
  "\r\n",
  "x",
  "(a+)+$",
  "[",
  "**/*",
  `${"*a".repeat(60)}*b`,
  "$&$1",
  "\ud83d",
  "é😀".repeat(2_000),
  "x".repeat(200_000),
  "a".repeat(99_999),
];
const VALUES = [
  ...[null, true, false, 0, -1, 1, 2, 1.5, 1e308, 2 ** 60],
  ...[[], {}, [[[]]], { path: "x" }, ["README.md"]],
];
const FIELDS =
  "path glob start_line end_line query regex old_text new_text replace_all content from to command title summary".split(
    " ",
  );
const NAMES = [
  ...createTools({ commands: true }).map(({ name }) => name),
  "readFile",
  "__proto__",
  "",
  "eval",
];

const PATHS = ODD_ENTRIES.map(({ path }) => String(path));
/** What may work, so that the rest meets a tool that works. */
const LIKELY: Readonly<Record<string, readonly unknown[]>> = {
  path: PATHS,
  from: PATHS,
  to: ["new/name.txt", "b", "src/moved"],
  old_text: ["e", "n", "\n", "return 1", "o"],
  replace_all: [true, true, false, null],
  regex: [true, false, null],
  start_line: [1, 2, null],
  end_line: [1, 3, null],
  glob: ["*.txt", "src", null],
};

function randomValue(field: string, random: Random): unknown {
  const likely = Object.hasOwn(LIKELY, field) ? LIKELY[field] : undefined;
  if (likely !== undefined && random.int(3) > 0) return random.pick(likely);
  return random.int(12) === 0 ? random.pick(VALUES) : random.pick(STRINGS);
}

/** A call's name and arguments: mostly fields of the tool, then taken apart. */
function randomCall(random: Random): readonly [string, string] {
  const name = random.pick(NAMES);
  const tool = createTools({ commands: true }).find((one) => one.name === name);
  const fields = Object.keys(tool?.schema.shape ?? {});
  const entries = (random.int(6) === 0 ? [random.pick(FIELDS), "__proto__", "constructor"] : fields)
    .filter(() => random.int(20) > 0)
    .map((field): [string, unknown] => [field, randomValue(field, random)]);
  const text = `{${entries.map(([field, value]) => `${JSON.stringify(field)}:${JSON.stringify(value)}`).join(",")}}`;
  switch (random.int(10)) {
    case 0:
      return [name, text.slice(0, random.int(text.length + 1))];
    case 1:
      return [name, mutated(text, random)];
    case 2:
      return [
        name,
        random.pick(["", " ", "null", "[]", "{}", "{}{}", '"{}"', "\0", "[".repeat(50_000), "NaN"]),
      ];
    case 3:
      return [name, random.int(20) === 0 ? `{"path":"${"x".repeat(1_100_000)}"}` : text];
    default:
      return [name, text];
  }
}

function mutated(text: string, random: Random): string {
  const units = text.split("");
  for (let change = 0; change < 4; change++) {
    units.splice(
      random.int(units.length + 1),
      random.int(3),
      random.pick(['"', "\\", "{", "\ud800", "\0", "é", ","]),
    );
  }
  return units.join("");
}

test("attack 16: 2,000 fuzzed calls get typed results, and nothing but well-named files changes", async () => {
  const forged = await forge.addRepository("octo/fuzzed", { from: odd.dir });
  const opened = await open(forged);
  const { workspace } = opened;
  const before = new Set((await workspace.list()).map(({ path }) => path));
  const random = createRandom(16_2026);
  const tally = { ok: 0, error: 0, edits: 0 };
  for (let round = 0; round < 2_000; round++) {
    const [name, args] = randomCall(random);
    const commands = { run: noCommand };
    const { events, outcome } = await call({ workspace, commands, isProtected: isOdd }, name, args);
    const what = `${round} ${name} ${args.slice(0, 300)}`;
    expect([what, events.length, events[0]]).toMatchObject([what, 2, { type: "tool", status: "started" }]);
    expect([what, events[1]]).toMatchObject([what, { type: "tool", status: outcome.status }]);
    for (const event of events) {
      expect(runEventSchema.safeParse(event).error, what).toBeUndefined();
      expect(JSON.stringify(event).length, what).toBeLessThan(60_000);
    }
    expect(outcome.text.length, what).toBeLessThan(40_100);
    expect(outcome.text !== "" && outcome.text.isWellFormed() && outcome.message.isWellFormed(), what).toBe(
      true,
    );
    tally[outcome.status]++;
    if (outcome.status === "ok" && /^(?:edit|write|delete|move)/.test(name)) tally.edits++;
    if (round % 100 === 99) await putBack(workspace);
  }
  expect(tally.ok).toBeGreaterThan(300);
  expect(tally.error).toBeGreaterThan(1_000);
  expect(tally.edits).toBeGreaterThan(100);
  await changeSomething(workspace, random);
  for (const { path } of await workspace.list()) if (!before.has(path)) checkWritePath(path);
  const commit = await publish(opened, forged, "fuzzed");
  expect(await forged.git("diff", "--name-only", "main", commit)).not.toBe("");
  expect(await forged.git("fsck", "--strict", "--no-dangling", commit)).toBe("");
});

/** Ends at once, and prints nothing. */
// biome-ignore lint/correctness/useYield: it prints nothing
async function* noCommand() {
  return { exitCode: 0 };
}

const isOdd = (path: string): boolean => path.length % 2 === 1;

/** Fuzzing deletes most there is; what is written, and may be harmful, is looked at before. */
async function putBack(workspace: Workspace): Promise<void> {
  const changes = await workspace.changes();
  for (const { path, kind } of changes) if (kind === "added" || kind === "renamed") checkWritePath(path);
  workspace.revert(changes.flatMap(({ path, from }) => [path, from ?? path]));
}

async function changeSomething(workspace: Workspace, random: Random): Promise<void> {
  for (let round = 0; round < 200; round++) {
    const [path, to] = [random.pick(STRINGS), random.pick(STRINGS)];
    await call({ workspace }, "write_file", { path, content: "fuzzed\n" });
    await call({ workspace }, "move_file", { from: path, to: `moved/${to}` });
  }
}
