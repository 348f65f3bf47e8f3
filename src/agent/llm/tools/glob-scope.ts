/** The glob of a call, which is kept short and may also be meant from the folder that the call names. */
import { ServiceError } from "../../../errors.ts";

/** Matching costs the length of the glob times that of the path. */
const LONGEST_GLOB = 300;

/** What `Workspace` takes for a call's glob. Throws `invalid_pattern`. */
export function createGlobScope(glob: string, folder: string): readonly string[] {
  if (glob === "" || glob.length > LONGEST_GLOB) {
    throw new ServiceError("invalid_pattern", `A glob must have 1 to ${LONGEST_GLOB} characters.`);
  }
  if (folder === "" || !glob.includes("/") || folder.length > LONGEST_GLOB) return [glob];
  return [glob, `${folder.replace(/[\\*?[\]{}()!+@|]/g, "\\$&")}/${glob.replace(/^(?:\.?\/)+/, "")}`];
}
