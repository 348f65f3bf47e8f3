/** The event that closes a run: how it ended, and what there is now. */
import { publicChange } from "./edit.ts";
import type { DoneEvent, DoneStatus } from "./events.ts";
import { keptPatch, patchAddress } from "./patch.ts";
import type { RunState } from "./state.ts";
import { publicVerification } from "./verify/verdict.ts";

/** `why` is the sentence for an ending that is not the story's own. */
export async function done(state: RunState, status: DoneStatus, why?: string): Promise<DoneEvent> {
  const { facts, request, runId } = state;
  const kept = await keptPatch(state);
  const elsewhere = kept === "elsewhere" ? patchAddress(runId) : undefined;
  return {
    type: "done",
    message: why === undefined ? endingOf(state, elsewhere) : withAddress(why, elsewhere),
    status,
    pr_url: facts.pullRequest?.url ?? null,
    branch: facts.pushed?.branch ?? null,
    commit: facts.pushed?.commit ?? null,
    changes: facts.changes.map(publicChange),
    agent: facts.agent.name,
    ...(facts.agent.model === undefined ? {} : { model: facts.agent.model }),
    agent_reason: facts.agent.reason,
    ...(facts.fallbacks.length === 0 ? {} : { fallbacks: [...facts.fallbacks] }),
    usage: facts.usage,
    ...(facts.verification === undefined || !request.use_cloud_sandbox
      ? {}
      : { verification: publicVerification(facts.verification) }),
    ...(facts.unfinished === undefined ? {} : { missing: [...facts.unfinished.missing] }),
    ...(kept === undefined || kept === "elsewhere" ? {} : kept),
    ...(facts.nothing?.understood === undefined ? {} : { understood: [...facts.nothing.understood] }),
  };
}

function withAddress(sentence: string, address: string | undefined): string {
  return address === undefined ? sentence : `${sentence} The patch is at ${address}.`;
}

function endingOf({ facts }: RunState, address: string | undefined): string {
  if (facts.nothing !== undefined) return facts.nothing.reason;
  const count = facts.changes.length === 1 ? "1 file" : `${facts.changes.length} files`;
  const failing = facts.verification?.status === "failed" ? ", but the check fails" : "";
  const done = facts.unfinished === undefined ? `Done${failing}` : `${facts.unfinished.reason} Done so far`;
  if (facts.pullRequest !== undefined)
    return `${done}: ${count} changed, pull request at ${facts.pullRequest.url}.`;
  if (facts.pushed !== undefined) return `${done}: ${count} changed on branch ${facts.pushed.branch}.`;
  const where = address === undefined ? "in this event" : `at ${address}`;
  return `${done}: ${count} changed; the patch is ${where}, apply it with git apply.`;
}
