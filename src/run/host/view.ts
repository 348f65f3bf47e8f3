/** A run as its caller sees it, from its record and its log. */
import type { RunView } from "../host.ts";
import type { Recorder } from "./recorder.ts";
import type { RunRecord } from "./run-record.ts";

export function viewOf(
  id: string,
  record: RunRecord,
  recorder: Pick<Recorder, "message" | "facts">,
): RunView {
  const { request } = record;
  const { pr_url, branch, commit, changes, agent, usage } = recorder.facts();
  return {
    id,
    // Nobody is shown a run that has expired.
    status: record.state === "expired" ? "failed" : record.state,
    message: recorder.message(),
    repository: `${request.repo.owner}/${request.repo.name}`,
    prompt: request.prompt,
    mode: request.mode,
    agent,
    created_at: isoTime(record.createdAt),
    finished_at: record.finishedAt === null ? null : isoTime(record.finishedAt),
    expires_at: record.expiresAt === null ? null : isoTime(record.expiresAt),
    resumes_at: record.resumesAt === null ? null : isoTime(record.resumesAt),
    attempts: Math.max(1, record.attempts),
    last_event_id: record.lastSeq,
    branch,
    commit,
    pr_url,
    changes,
    usage,
    continues: request.continues?.run_id ?? null,
  };
}

/** `milliseconds` since the epoch as ISO 8601, UTC. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
