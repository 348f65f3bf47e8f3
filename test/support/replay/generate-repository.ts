/** Makes a repository whose files and history are as odd as they come, the same for the same seed. */
import { runGit } from "../forge/git.ts";
import { fastImportStream } from "../forge/import.ts";
import { createRandom, type Random } from "../random.ts";
import { encodeText } from "./file-text.ts";
import { type GeneratedFile, oddPath } from "./generated-file.ts";
import { mutate } from "./mutate-files.ts";
import { ODD_TEXTS, oddText } from "./odd-texts.ts";

export interface GenerateOptions {
  readonly seed: number;
  /** Behind the first one, which adds all files. */
  readonly commits: number;
}

const FIRST_COMMIT_TIME = 1_704_067_200;
/** Ends a stream, and so each of the commits that are put together to one. */
const DONE = "done\n";
const ENVIRONMENT = {
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

/** A file of each odd kind and an empty one, then commits that change some of them. Costs two git processes. */
export async function generateRepository(folder: string, { seed, commits }: GenerateOptions): Promise<void> {
  const random = createRandom(seed);
  const encoded = new WeakMap<GeneratedFile, Buffer>();
  const stream: Buffer[] = [];
  let files: ReadonlyMap<string, GeneratedFile> = firstFiles(random);
  let before: ReadonlyMap<string, Buffer> = new Map();
  for (let number = 0; number <= commits; number += 1) {
    if (number > 0) files = mutate(files, `${number}`, random);
    for (const file of files.values()) if (!encoded.has(file)) encoded.set(file, bytesOf(file));
    const after = new Map([...files].map(([path, file]) => [path, encoded.get(file) ?? Buffer.alloc(0)]));
    const commit = fastImportStream({
      branch: "main",
      // The one before in the same stream.
      parent: undefined,
      message: `Change number ${number}`,
      time: FIRST_COMMIT_TIME + 60 * number,
      files: difference(before, after),
    });
    stream.push(commit.subarray(0, -DONE.length));
    before = after;
  }
  const env = ENVIRONMENT;
  await runGit(["init", "--quiet", "--bare", "--template=", "--initial-branch=main", folder], { env });
  const input = Buffer.concat([...stream, Buffer.from(DONE)]);
  await runGit(["fast-import", "--quiet", "--done"], { cwd: folder, env, input });
}

function firstFiles(random: Random): ReadonlyMap<string, GeneratedFile> {
  const files = new Map<string, GeneratedFile>();
  for (const [name, kind] of Object.entries(ODD_TEXTS)) {
    const { encoding, bom } = kind;
    const content = { encoding, bom, text: oddText(kind, random) };
    files.set(oddPath(name.replaceAll(/\W+/g, "-"), random), { kind, content });
  }
  const [, kind] = Object.entries(ODD_TEXTS)[0] ?? [];
  if (kind !== undefined) files.set("empty", { kind, content: { encoding: "utf-8", bom: false, text: "" } });
  return files;
}

function bytesOf({ content }: GeneratedFile): Buffer {
  const bytes = encodeText(content);
  if (bytes !== undefined) return bytes;
  throw new Error(`no ${content.encoding}: ${JSON.stringify(content.text.slice(0, 200))}`);
}

/** Deletions first: what takes a deleted file's place may be a folder. */
function difference(before: ReadonlyMap<string, Buffer>, after: ReadonlyMap<string, Buffer>) {
  const gone = [...before.keys()].filter((path) => !after.has(path));
  const changed = [...after].filter(([path, bytes]) => before.get(path)?.equals(bytes) !== true);
  return Object.fromEntries([...gone.map((path) => [path, null] as const), ...changed]);
}
