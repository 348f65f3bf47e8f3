/** How the change is handed over as a patch: inside the last event, or at an address of its own. */
import { isAbort, ServiceError } from "../errors.ts";
import { workspaceOf } from "./resume.ts";
import type { RunState } from "./state.ts";

/** A longer patch would make the last event of a stream, and of every replay, weigh that much. */
const MAX_CHARACTERS = 1024 * 1024;

export function fitsEvent(characters: number): boolean {
  return characters <= MAX_CHARACTERS;
}

export function patchAddress(runId: string): string {
  return `GET /runs/${runId}/patch`;
}

/**
 * Nothing that was edited gets lost: what did not become a branch is handed over as a patch, in
 * the last event or, where it does not fit or cannot be made again, `elsewhere`.
 */
export async function keptPatch(
  state: RunState,
): Promise<{ readonly patch: string } | "elsewhere" | undefined> {
  const { patchLength, pushed, nothing, leftOut } = state.facts;
  if (patchLength === undefined || pushed !== undefined) return undefined;
  if (!fitsEvent(patchLength)) return "elsewhere";
  if (state.patch !== undefined) return { patch: state.patch };
  if (nothing !== undefined && leftOut !== undefined) return { patch: leftOut.patch };
  try {
    return { patch: await (await workspaceOf(state)).workspace.diff() };
  } catch (error) {
    // It may need a file that an aborted or refused request can no longer bring.
    if (error instanceof ServiceError || isAbort(error)) return "elsewhere";
    throw error;
  }
}
