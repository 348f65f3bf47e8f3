/** Says that the change was not tried out: there is no sandbox to run commands in. */
import type { RunOutput } from "./checkpoint.ts";
import { checkpointMark } from "./resume.ts";
import type { RunState } from "./state.ts";

export function* verification(state: RunState): Generator<RunOutput, void> {
  const { use_cloud_sandbox, sandbox_provider } = state.request;
  const { facts } = state;
  facts.verification = use_cloud_sandbox
    ? `No command was run on the change: the request asked for the ${sandbox_provider} sandbox, which this service does not have yet.`
    : "No command was run on the change: this service has no sandbox yet.";
  facts.finished = [...facts.finished, "verify"];
  yield checkpointMark(state);
  yield { type: "warning", message: `Not verified. ${facts.verification}`, code: "not_verified" };
}
