/** The end of a run that changed nothing, for tests that are about something else. */
import type { DoneEvent } from "../../src/run/events.ts";

export const DONE: DoneEvent = {
  type: "done",
  message: "Nothing to do.",
  status: "no_changes",
  pr_url: null,
  branch: null,
  commit: null,
  changes: [],
  agent: "rule_based",
  agent_reason: "Nobody asked for another.",
  usage: { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, turns: 0 },
};
