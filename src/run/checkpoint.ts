/** What a run needs to go on after its process died, and how it travels inside the run's output. */
import type { SavedEdit } from "../workspace/overlay.ts";
import type { RunEvent } from "./events.ts";
import type { Continuation } from "./request.ts";

/** Raised when older checkpoints can no longer be read. */
export const CHECKPOINT_VERSION = 3;

/** Plain JSON. The host keeps it and hands it back; only the story looks inside. */
export interface Checkpoint {
  readonly version: number;
  /** Set once there is a branch another run can go on with. */
  readonly continues?: Continuation;
  /** The rest is the story's own. */
  readonly story: unknown;
}

/**
 * Comes right before an event: the state as of after that event, kept in one transaction with it.
 * A run that is resumed from it does not say that event, or any before it, again.
 */
export interface CheckpointMark {
  readonly type: "checkpoint";
  readonly checkpoint: Checkpoint;
  /** Every path whose edit changed since the mark before. */
  readonly edits: readonly SavedEdit[];
  /**
   * JSON values to keep behind those of the marks before: what grows with each turn is not written again.
   * Kept as they are, so whoever makes them has taken the run's secrets out.
   */
  readonly append?: readonly unknown[];
  /** The whole change as a patch, with the mark that first knows it. */
  readonly patch?: string;
}

/** Ends an attempt: the run asks to be resumed from its last checkpoint, not before this time. */
export interface SuspendMark {
  readonly type: "suspend";
  /** Milliseconds since the epoch. */
  readonly until: number;
}

export type RunOutput = RunEvent | CheckpointMark | SuspendMark;

/** What the host hands a story that goes on. */
export interface Resume {
  readonly checkpoint: Checkpoint;
  /** All edits there are, one for each path. */
  readonly edits: readonly SavedEdit[];
  /** All that the marks up to the checkpoint appended, in order. */
  readonly entries: readonly unknown[];
}
