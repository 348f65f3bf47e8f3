/** How far a prompt's instructions were carried out, so that another process can go on behind the last. */
import * as z from "zod";
import { keptEdits } from "./undo.ts";

const edited = z.object({
  status: z.literal("edited"),
  title: z.string(),
  summary: z.array(z.string()),
});
export type Edited = z.infer<typeof edited>;

const transcript = z.object({
  /** Instructions that were carried out. */
  finished: z.number().int().nonnegative(),
  edited: z.array(edited),
  /** Why instructions changed nothing. */
  already: z.array(z.string()),
  /** The edits there were before the first. */
  before: keptEdits,
});
export type Transcript = z.infer<typeof transcript>;

/** The transcript an earlier attempt left; undefined on the first. Throws for one that is not this agent's. */
export function readTranscript(value: unknown): Transcript | undefined {
  return value === undefined ? undefined : transcript.parse(value);
}
