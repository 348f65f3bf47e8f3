/** Makes uploads out of a workspace: all of it for a new sandbox, and later only what was edited since. */
import { readingsOf } from "../secrets/readings.ts";
import { isOverBound } from "../workspace/blobs.ts";
import { isDotGit } from "../workspace/path.ts";
import type { Workspace, WorkspaceFile } from "../workspace/workspace.ts";
import { SandboxError } from "./sandbox-error.ts";
import { type TarFile, tarOf } from "./tar.ts";
import { FILES_PREFIX, UPLOAD_ENTRY } from "./wire.ts";

export interface PackOptions {
  readonly limits?: Partial<PackLimits>;
  /** True when a text holds one of the service's own secrets. */
  readonly holdsSecret: (text: string) => boolean;
}

export interface PackLimits {
  readonly files: number;
  /** Of all files together. */
  readonly bytes: number;
}

const LIMITS: PackLimits = { files: 100_000, bytes: 256 * 1024 * 1024 };
/** Bytes of a path, and of one name in it. */
const LONGEST_PATH = 4000;
const LONGEST_NAME = 255;
/** Code points that HFS+ ignores in names (git's `next_hfs_char`). */
const HFS_IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** What a sandbox does not have, by why; kept up while tars are read. */
export interface LeftOut {
  /** How many links and submodules there are. */
  links: number;
  /** Paths that no file can have there, or that are not UTF-8. */
  readonly names: Set<string>;
  /** Paths of files over the bound for one file. */
  readonly large: Set<string>;
}

export function nothingLeftOut(): LeftOut {
  return { links: 0, names: new Set(), large: new Set() };
}

/**
 * The tar of all regular files, with the edits, or as the base commit has them. Throws SandboxError `too_large`
 * when they are more than `limits`, and `secret` for an edit that holds one.
 */
export async function* packAll(
  workspace: Workspace,
  options: PackOptions & { readonly base: boolean },
  leftOut: LeftOut,
): AsyncGenerator<Uint8Array, void> {
  const { base } = options;
  const edited = new Set(base ? [] : workspace.edits().map(({ path }) => path));
  if (!base) {
    for (const { kind } of await workspace.list())
      if (kind === "symlink" || kind === "submodule") leftOut.links += 1;
  }
  const files = workspace.readAll({ base });
  yield* tarOf(entries([], files, options, leftOut, (path) => edited.has(path)));
}

export interface EditsToSend {
  /** Everything that is not as the sandbox has it. */
  readonly removed: readonly string[];
  /** Of these, where there is a regular file now. */
  readonly written: readonly string[];
}

/** The tar of these edits; `leftOut` is what the sandbox did not have before. Throws as `packAll`. */
export async function* packEdits(
  workspace: Workspace,
  { removed, written }: EditsToSend,
  options: PackOptions,
  leftOut: LeftOut,
): AsyncGenerator<Uint8Array, void> {
  await workspace.prefetch(written);
  for (const path of removed) {
    leftOut.names.delete(path);
    leftOut.large.delete(path);
  }
  const there = removed.filter((path) => canTravel(path) && !options.holdsSecret(path));
  yield* tarOf(entries(there, filesAt(workspace, written), options, leftOut, () => true));
}

async function* filesAt(workspace: Workspace, paths: readonly string[]): AsyncGenerator<WorkspaceFile, void> {
  for (const path of paths) {
    const kind = (await workspace.entry(path))?.kind;
    if (kind !== "file" && kind !== "executable") continue;
    const bytes = await workspace.read(path).catch(unlessTooLarge);
    yield { path, executable: kind === "executable", bytes };
  }
}

/** A file that was moved is edited, and may be one that is never read. */
function unlessTooLarge(error: unknown): undefined {
  if (!isOverBound(error)) throw error;
}

async function* entries(
  removed: readonly string[],
  files: AsyncIterable<WorkspaceFile>,
  { limits, holdsSecret }: PackOptions,
  leftOut: LeftOut,
  isEdited: (path: string) => boolean,
): AsyncGenerator<TarFile, void> {
  const most = { ...LIMITS, ...limits };
  const manifest = new TextEncoder().encode(JSON.stringify({ removed }));
  yield { name: UPLOAD_ENTRY, executable: false, bytes: manifest };
  let count = 0;
  let total = 0;
  for await (const { path, executable, bytes } of files) {
    if (bytes === undefined) {
      leftOut.large.add(path);
      continue;
    }
    if (!canTravel(path) || holdsSecret(path)) {
      leftOut.names.add(path);
      continue;
    }
    if (isEdited(path)) refuseSecrets(bytes, holdsSecret);
    count += 1;
    total += bytes.byteLength;
    if (count > most.files) throw tooLarge(`${most.files.toLocaleString("en")} files`);
    if (total > most.bytes) throw tooLarge(`${most.bytes.toLocaleString("en")} bytes`);
    yield { name: FILES_PREFIX + path, executable, bytes };
  }
}

function refuseSecrets(bytes: Uint8Array, holdsSecret: PackOptions["holdsSecret"]): void {
  for (const text of readingsOf(bytes)) {
    if (!holdsSecret(text)) continue;
    throw new SandboxError("secret", "The change holds a secret of this service, which no sandbox gets.");
  }
}

function tooLarge(what: string): SandboxError {
  return new SandboxError("too_large", `The repository has more than ${what}, too much for a sandbox.`);
}

/** False for names that no tar on the wire may hold: a tree can have any. */
function canTravel(path: string): boolean {
  if (path.includes("\0") || !path.isWellFormed() || bytesOf(path) > LONGEST_PATH) return false;
  return path.split("/").every((name) => {
    if (name === "" || name === "." || name === ".." || isDotGit(name.replace(HFS_IGNORED, ""))) return false;
    return bytesOf(name) <= LONGEST_NAME;
  });
}

/** In UTF-8. */
function bytesOf(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}
