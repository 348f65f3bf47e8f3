/** Attack 9, on the way out of a sandbox: whatever the tar is, nothing escapes, and nothing of a bad one is used. */
import { packTar, type TarEntry, type TarHeader } from "modern-tar";
import { describe, expect, test } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import { readChanges } from "../../src/sandbox/read-changes.ts";
import { takeBack } from "../../src/sandbox/take-back.ts";
import { createMemoryWorkspace } from "../support/memory-workspace.ts";

const LIMITS = { paths: 5, bytes: 10_000 };
const NOTHING = { added: [], modified: [], deleted: [], skipped: [] };

function file(name: string, content = "x", header: Partial<TarHeader> = {}): TarEntry {
  const body = new TextEncoder().encode(content);
  return { header: { name, size: body.byteLength, type: "file", mode: 0o644, ...header }, body };
}

function manifest(parts: Partial<Record<keyof typeof NOTHING, readonly unknown[]>>): TarEntry {
  return file("changes.json", JSON.stringify({ ...NOTHING, ...parts }));
}

async function* bytesOf(tar: Uint8Array, step = 1000): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < tar.byteLength; at += step) yield tar.subarray(at, at + step);
}

async function read(entries: readonly TarEntry[], cut = Number.POSITIVE_INFINITY): Promise<string> {
  const tar = (await packTar(entries)).subarray(0, cut);
  try {
    const { files } = await readChanges(bytesOf(tar), LIMITS);
    return [...files.keys()].join();
  } catch (error) {
    return `${(error as { problem?: string }).problem}: ${(error as Error).message}`;
  }
}

const BROKEN = "protocol: What the sandbox-runner sent as a command's changes cannot be read.";
const MISSING = "lost: What the command changed did not arrive whole.";

describe("attack 9: a tar of changes", () => {
  test("is read with its odd names", async () => {
    const odd = ["a b/ü\n.txt", `${"deep/".repeat(60)}x`, "-x", "back\\slash"];
    const entries = [...odd.map((path) => file(`files/${path}`)), manifest({ added: odd })];
    expect(await read(entries)).toBe(odd.join());
  });

  const link = { type: "symlink", linkname: "/etc/passwd", size: 0 } as const;
  test.each([
    ["a link", [file("files/a", "", link), manifest({ added: ["a"] })]],
    ["a hard link", [file("files/a", "", { ...link, type: "link" }), manifest({ added: ["a"] })]],
    ["a device", [file("files/a", "", { type: "character-device", size: 0 }), manifest({ added: ["a"] })]],
    ["a folder", [file("files/a/", "", { type: "directory", size: 0 }), manifest({ added: ["a"] })]],
    ["a file of another place", [file("etc/passwd"), manifest({ added: ["etc/passwd"] })]],
    ["a file twice", [file("files/a"), file("files/a"), manifest({ added: ["a"] })]],
    ["a file nobody named", [file("files/a"), file("files/b"), manifest({ added: ["a"] })]],
    ["a name without its file", [file("files/a"), manifest({ added: ["a", "b"] })]],
    ["a path named twice", [file("files/a"), manifest({ added: ["a"], deleted: ["a"] })]],
    ["something behind its end", [manifest({}), file("files/a")]],
    ["two ends", [manifest({}), manifest({})]],
    ["an end that is no JSON", [file("changes.json", "{")]],
    ["an end of another version", [manifest({ added: [1] })]],
  ])("with %s is not used", async (_what, entries) => {
    expect(await read(entries)).toBe(BROKEN);
  });

  test("that is cut anywhere is not used", async () => {
    const entries = [file("files/a", "x".repeat(3000)), manifest({ added: ["a"] })];
    const whole = (await packTar(entries)).byteLength;
    for (const cut of [0, 100, 512, 700, 3000, 3584, 4096, 4200]) {
      expect([cut, await read(entries, cut)]).toEqual([cut, expect.stringMatching(/^(?:lost|protocol): /)]);
    }
    expect(await read([file("files/a")])).toBe(MISSING);
    expect(await read(entries, whole)).toBe("a");
  });

  test("past the bounds is not read to its end", async () => {
    const paths = ["1", "2", "3", "4", "5", "6"];
    const many = [...paths.map((path) => file(`files/${path}`)), manifest({ added: paths })];
    expect(await read(many)).toMatch(
      /^too_large: The command changed more than is taken back: 5 files and 10,000 bytes/,
    );
    expect(await read([manifest({ deleted: paths })])).toMatch(/^too_large: /);
    expect(await read([file("files/a", "x".repeat(10_001)), manifest({ added: ["a"] })])).toMatch(
      /^too_large: /,
    );
    let pulled = 0;
    const endless = (async function* () {
      const [head] = [await packTar([file("files/a", "x".repeat(10_000))])];
      for (;;) {
        pulled += 1;
        yield head.subarray(0, 10_752);
      }
    })();
    await expect(readChanges(endless, LIMITS)).rejects.toThrow();
    expect(pulled).toBeLessThan(1000);
  });
});

test("what leads out of the tree or into git's folder is refused by its name, and the rest is taken", async () => {
  const bad = [
    "../up",
    "/etc/x",
    "a/../../b",
    ".git/hooks/pre-commit",
    ".GIT/config",
    "git~1/x",
    "new\nline",
    "l/x",
  ];
  const added = [...bad, "good.txt"];
  const workspace = createMemoryWorkspace({ l: { content: "/etc", kind: "symlink" }, "old.txt": "o" });
  const tar = await packTar([
    ...added.map((path) => file(`files/${path}`)),
    manifest({ added, deleted: ["old.txt", "l", "../x"] }),
  ]);
  const taken = await takeBack(workspace, await readChanges(bytesOf(tar)));
  expect(taken.changed).toEqual(["old.txt", "good.txt"]);
  expect(taken.refused).toHaveLength(bad.length);
  expect(Object.keys(workspace.snapshot())).toEqual(["good.txt", "l"]);
  await taken.undo();
  expect(workspace.snapshot()).toEqual({ l: "/etc", "old.txt": "o" });
});

test("what was taken is put back when the workspace cannot be read any further", async () => {
  const workspace = createMemoryWorkspace({ "a.txt": "a", "b.txt": "b" });
  const unavailable = new ServiceError("forge_unavailable", "It answered with 502.");
  const failing = { ...workspace, prefetch: () => Promise.reject(unavailable) };
  const tar = await packTar([
    file("files/a.txt", "formatted"),
    manifest({ modified: ["a.txt"], deleted: ["b.txt"] }),
  ]);
  await expect(takeBack(failing, await readChanges(bytesOf(tar)))).rejects.toBe(unavailable);
  expect(workspace.snapshot()).toEqual({ "a.txt": "a", "b.txt": "b" });
});

test("of many paths that are not handed out some are named, for each reason", async () => {
  const skipped = Array.from({ length: 12 }, (_, at) => ({ path: `link-${at}`, reason: "not_a_file" }));
  skipped.push({ path: "x".repeat(5000), reason: "bad_name" });
  const tar = await packTar([manifest({ skipped })]);
  const { refused } = await takeBack(createMemoryWorkspace(), await readChanges(bytesOf(tar)));
  const named = Array.from({ length: 10 }, (_, at) => `"link-${at}"`).join(", ");
  expect(refused).toEqual([
    `What the command left at ${named} and 2 more was not taken over: it is a link or no regular file.`,
    `What the command left at "${"x".repeat(199)}…" was not taken over: its name is too long or not UTF-8.`,
  ]);
});

test("edits from before a command are there again when its changes are undone", async () => {
  const workspace = createMemoryWorkspace({ "a.txt": "a", "b.txt": "b" });
  await workspace.write("a.txt", "edited", { executable: true });
  await workspace.delete("b.txt");
  const tar = await packTar([
    file("files/a.txt", "formatted"),
    file("files/b.txt", "back"),
    manifest({ modified: ["a.txt"], added: ["b.txt"] }),
  ]);
  const taken = await takeBack(workspace, await readChanges(bytesOf(tar)));
  expect([taken.changed, workspace.snapshot()]).toEqual([
    ["a.txt", "b.txt"],
    { "a.txt": "formatted", "b.txt": "back" },
  ]);
  await taken.undo();
  expect(workspace.snapshot()).toEqual({ "a.txt": "edited" });
  expect(await workspace.entry("a.txt")).toEqual({ path: "a.txt", kind: "executable" });
});
