/** Reads from a bare repository what a commit changed: paths, modes and the bytes on both sides. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";

export interface FileSide {
  /** Git's mode, six octal digits. */
  readonly mode: string;
  readonly path: string;
  /** Empty for a submodule. */
  readonly bytes: Buffer;
}

/** One of the two sides is missing in an addition or a deletion; the paths differ in a rename. */
export interface FileChange {
  readonly before?: FileSide;
  readonly after?: FileSide;
}

export interface CommitFacts {
  readonly id: string;
  readonly parents: readonly string[];
  readonly tree: string;
  readonly subject: string;
}

/** Every commit that HEAD has behind it, newest first. */
export async function commitsOf(repository: string): Promise<readonly CommitFacts[]> {
  const log = await git(repository, ["log", "-z", "--format=%H%n%P%n%T%n%s", "HEAD"]);
  return textOf(log)
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry) => {
      const [id = "", parents = "", tree = "", ...subject] = entry.split("\n");
      return { id, parents: parents.split(" ").filter(Boolean), tree, subject: subject.join(" ") };
    });
}

/** The folder with the repository's objects, for another one to borrow them (gitrepository-layout(5), alternates). */
export async function objectsOf(repository: string): Promise<string> {
  return resolve(repository, textOf(await git(repository, ["rev-parse", "--git-path", "objects"])).trim());
}

/** Paths that differ between two trees, as `git diff-tree` lists them. */
export async function differingPaths(repository: string, one: string, other: string): Promise<string> {
  return textOf(await git(repository, ["diff-tree", "-r", "--raw", one, other])).trim();
}

/** Why the change of a commit cannot be had. */
export type Unreadable = "path that is not UTF-8" | "file that is not in the repository";

/**
 * What lies between a commit and a tree, renames as git finds them. Costs three git processes, and both sides of
 * every changed file in memory. The commit has to be there with every file, or git takes no push that builds on it.
 */
export async function changesBetween(
  repository: string,
  before: string,
  after: string,
): Promise<readonly FileChange[] | Unreadable> {
  const raw = await git(repository, ["diff-tree", "-r", "-z", "-M", "--full-index", before, after]);
  const objects = await git(repository, ["rev-list", "--objects", "--no-walk", "--missing=print", before]);
  if (/^\?/m.test(textOf(objects))) return "file that is not in the repository";
  const fields = splitAtNul(raw).map(strictText);
  if (fields.includes(undefined)) return "path that is not UTF-8";
  const rows = rowsIn(fields.map((field) => field ?? ""));
  const wanted = rows.flatMap((row) => [row.before, row.after]).filter(isBlob);
  const blobs = await readBlobs(repository, [...new Set(wanted.map(({ oid }) => oid))]);
  if (blobs === undefined) return "file that is not in the repository";
  const side = ({ mode, oid, path }: RawSide): FileSide => ({
    mode,
    path,
    bytes: blobs.get(oid) ?? Buffer.alloc(0),
  });
  return rows.map((row) => ({
    ...(row.before.mode === ABSENT ? {} : { before: side(row.before) }),
    ...(row.after.mode === ABSENT ? {} : { after: side(row.after) }),
  }));
}

interface RawSide {
  readonly mode: string;
  readonly oid: string;
  readonly path: string;
}

const ABSENT = "000000";
const SUBMODULE = "160000";

function isBlob({ mode }: RawSide): boolean {
  return mode !== ABSENT && mode !== SUBMODULE;
}

/** git-diff-tree(1), raw output: `:mode mode oid oid status`, then one path, or two for a rename. */
function rowsIn(fields: readonly string[]): { before: RawSide; after: RawSide }[] {
  const rows: { before: RawSide; after: RawSide }[] = [];
  for (let at = 0; at < fields.length; ) {
    const [modeBefore = "", modeAfter = "", before = "", after = "", status = ""] = (fields[at] ?? "")
      .slice(1)
      .split(" ");
    const from = fields[at + 1] ?? "";
    const to = status.startsWith("R") ? (fields[at + 2] ?? "") : from;
    rows.push({
      before: { mode: modeBefore, oid: before, path: from },
      after: { mode: modeAfter, oid: after, path: to },
    });
    at += status.startsWith("R") ? 3 : 2;
  }
  return rows;
}

/** Undefined when one of them is missing, as in repositories that were copied in part. */
async function readBlobs(
  repository: string,
  oids: readonly string[],
): Promise<ReadonlyMap<string, Buffer> | undefined> {
  const blobs = new Map<string, Buffer>();
  if (oids.length === 0) return blobs;
  const output = await git(repository, ["cat-file", "--batch"], oids.map((oid) => `${oid}\n`).join(""));
  for (let at = 0; at < output.length; ) {
    const line = output.indexOf("\n", at);
    const [oid = "", type, size] = output.toString("latin1", at, line).split(" ");
    if (type !== "blob") return undefined;
    const end = line + 1 + Number(size);
    blobs.set(oid, output.subarray(line + 1, end));
    at = end + 1;
  }
  return blobs;
}

/** Runs git on a bare repository and returns what it printed. */
async function git(repository: string, args: readonly string[], input = ""): Promise<Buffer> {
  const child = spawn("git", [`--git-dir=${repository}`, "-c", "safe.directory=*", ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const ended = Promise.withResolvers<number | null>();
  child.once("error", ended.reject);
  child.once("close", ended.resolve);
  const [output, code] = await Promise.all([buffer(child.stdout), ended.promise]);
  if (code !== 0) throw new Error(`git ${args.join(" ")} in ${repository} ended with ${code}`);
  return output;
}

function splitAtNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const nul = bytes.indexOf(0, at);
    parts.push(bytes.subarray(at, nul < 0 ? bytes.length : nul));
    at = nul < 0 ? bytes.length : nul + 1;
  }
  return parts;
}

function strictText(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function textOf(bytes: Buffer): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
