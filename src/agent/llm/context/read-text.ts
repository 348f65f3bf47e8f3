/** Reads a file that may turn out not to be one worth reading. */
import { type ErrorCode, ServiceError } from "../../../errors.ts";
import type { Workspace } from "../../../workspace/workspace.ts";

/** What only means that there is no such text; a failing server is thrown on. */
const NOTHING_TO_READ: ReadonlySet<ErrorCode> = new Set([
  "file_not_found",
  "not_a_file",
  "not_text",
  "object_too_large",
  "pack_too_large",
]);

/** The file's text; undefined when it is missing, not a file, not text, or over the workspace's bounds. */
export async function readTextIfAny(workspace: Workspace, path: string): Promise<string | undefined> {
  try {
    return await workspace.readText(path);
  } catch (error) {
    if (error instanceof ServiceError && NOTHING_TO_READ.has(error.code)) return undefined;
    throw error;
  }
}
