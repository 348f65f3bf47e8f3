/** The port to what a run does: the host keeps and drives it, and knows nothing of agents or forges. */
import type { Redactor } from "../../redact.ts";
import type { RunOutput } from "../checkpoint.ts";
import type { RunContext } from "../deps.ts";
import type { RunEvent } from "../events.ts";
import type { RunRequest } from "../request.ts";
import type { Credentials, ModelKeys } from "./run-record.ts";

/** The story for one run's credentials. */
export interface Story {
  /** Knows every secret the run may use. */
  readonly redactor: Redactor;
  /** The first events, which need no waiting. */
  introduction(request: RunRequest, runId: string): readonly RunEvent[];
  /** The rest: see run.ts. */
  run(request: RunRequest, context: RunContext): AsyncGenerator<RunOutput>;
}

export type StoryFor = (credentials: Credentials, modelKeys: ModelKeys) => Story;
