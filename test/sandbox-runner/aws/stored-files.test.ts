/** What the runner keeps of a sandbox between its commands on Lambda: the same as a folder would hold. */
import { expect, test } from "vitest";
import { explained } from "../../../sandbox-runner/lambda/run-invocation.ts";
import { encodeFrame } from "../../../sandbox-runner/src/aws/invocation.ts";
import { readFrames } from "../../../sandbox-runner/src/aws/read-frames.ts";
import { createStoredFiles } from "../../../sandbox-runner/src/aws/stored-files.ts";
import { listFiles } from "../../../sandbox-runner/src/folder/list-files.ts";
import { createFolderWorkspace } from "../../../sandbox-runner/src/folder/workspace.ts";
import { collect } from "../../support/collect.ts";
import { createRandom } from "../../support/random.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { archiveFiles, LIMITS, readAll, refusalOf } from "../archive/helpers.ts";
import { inPieces } from "../archive/raw-tar.ts";

const NEVER = new AbortController().signal;

test.each(Array.from({ length: 20 }, (_, seed) => seed + 1))(
  "uploads over uploads leave what they would leave in a folder (seed %d)",
  async (seed) => {
    const random = createRandom(seed);
    await using folder = await temporaryFolder();
    const workspace = createFolderWorkspace(folder.path, LIMITS);
    const stored = await createStoredFiles();
    const path = () =>
      Array.from({ length: 1 + random.int(3) }, () => random.pick(["a", "b", "c"])).join("/");
    for (let round = 0; round < 6; round += 1) {
      const paths = new Set<string>();
      for (let count = random.int(5); count > 0; count -= 1) {
        const next = path();
        const inTheWay = (other: string) => other.startsWith(`${next}/`) || next.startsWith(`${other}/`);
        if (![...paths].some(inTheWay)) paths.add(next);
      }
      const files = [...paths].map((name) => ({
        path: name,
        executable: random.int(2) === 0,
        content: Buffer.from(`${round}`),
      }));
      const removed = Array.from({ length: random.int(3) }, path);
      await workspace.put({ removed, files: archiveFiles(files) }, NEVER);
      await stored.replace(removed, archiveFiles(files), NEVER);
      const { files: listed } = await listFiles(folder.path, NEVER);
      const kept = await readAll(stored.read(new Set(stored.states().keys())));
      const there = new Set(listed.map((file) => file.path));
      expect(kept).toHaveLength(listed.length);
      expect(new Set(kept.map((file) => file.path))).toEqual(there);
      expect(new Set(stored.states().keys())).toEqual(there);
      for (const { path: name, executable } of listed)
        expect(stored.states().get(name)?.executable).toBe(executable);
    }
  },
);

test("an upload that fails leaves the files as they were", async () => {
  const stored = await createStoredFiles();
  const file = { path: "a", executable: false, content: Buffer.from("1") };
  await stored.replace([], archiveFiles([file]), NEVER);
  async function* failing() {
    yield* archiveFiles([{ ...file, path: "b" }]);
    throw new Error("cut short");
  }
  await expect(stored.replace(["a"], failing(), NEVER)).rejects.toThrow("cut short");
  expect(await readAll(stored.read(new Set(["a", "b"])))).toEqual([file]);
  expect([...stored.states().keys()]).toEqual(["a"]);
});

test("frames come out of any pieces as they went in", async () => {
  const frames = [
    { kind: "stdout", data: Buffer.from("out") },
    { kind: "stderr", data: Buffer.alloc(0) },
    { kind: "files", data: Buffer.alloc(70_000, 7) },
    { kind: "end", data: Buffer.from("{}") },
  ] as const;
  const bytes = Buffer.concat(frames.map(({ kind, data }) => encodeFrame(kind, data)));
  for (const size of [1, 4, 5, 1000, bytes.byteLength]) {
    const read = await collect(readFrames(inPieces(bytes, size)));
    expect(read.map(({ kind, data }) => ({ kind, data: Buffer.from(data) }))).toEqual(frames);
  }
});

test.each([
  ["an unknown kind", Buffer.of(9, 0, 0, 0, 0)],
  ["half a header", Buffer.of(1, 0, 0)],
  ["half its data", Buffer.of(1, 0, 0, 0, 3, 1)],
  ["8 MiB and one byte", Buffer.of(1, 0, 0x80, 0, 1)],
  ["text instead", Buffer.from('{"statusCode":200}')],
])("a frame with %s is refused", async (_, bytes) => {
  expect(await refusalOf(collect(readFrames(inPieces(bytes, 100))))).toBe(
    "provider_unavailable: The Lambda function does not answer as this version of the runner expects: deploy the one that belongs to it.",
  );
});

test("a command that was killed while the kernel killed for want of memory was out of memory", () => {
  const killed = { ending: "signaled", exitCode: 137, signal: "SIGKILL" } as const;
  const ended = { ending: "signaled", exitCode: 143, signal: "SIGTERM" } as const;
  expect(explained(killed, true)).toEqual({ ending: "out_of_memory", exitCode: 137, signal: null });
  expect(explained(killed, false)).toEqual(killed);
  expect(explained(ended, true)).toEqual(ended);
});
