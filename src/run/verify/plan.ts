/** Settles which commands check a change: what the request says, else the repository's settings, else what is detected. */
import { ServiceError } from "../../errors.ts";
import type { SandboxDescription } from "../../sandbox/wire.ts";
import type { Workspace } from "../../workspace/workspace.ts";
import { type BaseFiles, type Detected, detect } from "../detect/detect.ts";
import type { RunRequest } from "../request.ts";
import { type ReadSettings, readSettingsFile, SETTINGS_FILE } from "./settings-file.ts";

export interface CheckPlan {
  /** Undefined when nothing says how the repository is tested. */
  readonly test: { readonly command: string; readonly because: string } | undefined;
  /** The command before the first other one of a sandbox; undefined for none. */
  setupFor(description: Pick<SandboxDescription, "network">): string | undefined;
  /** Set when dependencies would be installed where there is a network: the command. */
  readonly needsNetwork: string | undefined;
  /** Sentences: what was wrong. */
  readonly problems: readonly string[];
}

/** All is read from the base commit: what a change itself says is not asked how to check it. */
export async function planChecks(
  request: Pick<RunRequest, "setup_command" | "test_command">,
  workspace: Workspace,
): Promise<CheckPlan> {
  const bytes = await bytesOf(workspace, SETTINGS_FILE);
  const { settings: file, problems }: ReadSettings =
    bytes === undefined ? { settings: {}, problems: [] } : readSettingsFile(bytes);
  const said = request.test_command ?? file.test_command;
  const detected = said === undefined ? await detect(baseFiles(workspace)) : undefined;
  const setup = request.setup_command ?? file.setup_command;
  return {
    test: testOf(request.test_command, file.test_command, detected),
    setupFor: ({ network }) => setup ?? (network === "none" ? undefined : detected?.setup),
    needsNetwork: setup === undefined ? detected?.setup : undefined,
    problems,
  };
}

function testOf(
  asked: string | undefined,
  inFile: string | undefined,
  detected: Detected | undefined,
): CheckPlan["test"] {
  if (asked !== undefined) return { command: asked, because: "the request says so" };
  if (inFile !== undefined) return { command: inFile, because: `${SETTINGS_FILE} says so` };
  return detected;
}

function baseFiles(workspace: Workspace): BaseFiles {
  const edited = new Set(workspace.edits().map(({ path }) => path));
  return {
    async read(path) {
      const bytes = await bytesOf(workspace, path);
      try {
        return bytes === undefined ? undefined : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      } catch {
        return undefined;
      }
    },
    async has(path) {
      // Only what was edited has to be fetched to know.
      if (edited.has(path)) return (await bytesOf(workspace, path)) !== undefined;
      const kind = (await workspace.entry(path))?.kind;
      return kind === "file" || kind === "executable";
    },
    matches: async (glob) => (await workspace.list({ glob })).some(({ path }) => !edited.has(path)),
  };
}

/** A file over the bound for files counts as none. */
async function bytesOf(workspace: Workspace, path: string): Promise<Uint8Array | undefined> {
  try {
    return await workspace.readBase(path);
  } catch (error) {
    if (error instanceof ServiceError && error.code === "object_too_large") return undefined;
    throw error;
  }
}
