/** What a run has reached, read off its events: for its view while it runs, and for an ending it could not say itself. */
import type { DoneEvent, RunEvent } from "../events.ts";

export type Facts = Omit<DoneEvent, "type" | "message" | "status" | "patch" | "understood">;

export interface Reached {
  see(event: RunEvent): void;
  /** The sentence of the newest event that has one of its own. */
  message(): string;
  facts(): Facts;
}

export function createReached(): Reached {
  let message = "";
  let { changes: _none, ...facts }: Facts = {
    pr_url: null,
    branch: null,
    commit: null,
    changes: [],
    agent: "rule_based",
    agent_reason: "",
    usage: { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, turns: 0 },
  };
  // By path: a step that is done again says its changes again.
  const changes = new Map<string, Facts["changes"][number]>();

  return {
    message: () => message,
    facts: () => ({ ...facts, changes: [...changes.values()] }),
    see(event) {
      if (event.type !== "text" && event.type !== "output") message = event.message;
      if (event.type === "info" && event.agent !== undefined) {
        const { agent, model, agent_reason = "" } = event;
        facts = { ...facts, agent, agent_reason, ...(model === undefined ? {} : { model }) };
      } else if (event.type === "warning" && event.fallback !== undefined) {
        const { fallback } = event;
        const { model: _before, fallbacks = [], ...rest } = facts;
        const { name, model } = fallback.to;
        facts = { ...rest, agent: name, agent_reason: fallback.reason, fallbacks: [...fallbacks, fallback] };
        if (model !== undefined) facts.model = model;
      } else if (event.type === "change") {
        const { path, kind, from, additions, deletions } = event;
        changes.set(path, { path, kind, ...(from === undefined ? {} : { from }), additions, deletions });
      } else if (event.type === "usage") {
        const { input_tokens, output_tokens, cached_tokens, cost_usd, turns, estimated_tokens } = event;
        const guess = estimated_tokens === undefined ? {} : { estimated_tokens };
        facts.usage = { input_tokens, output_tokens, cached_tokens, cost_usd, turns, ...guess };
      } else if (event.type === "success") {
        facts.pr_url = event.pr_url ?? facts.pr_url;
        facts.commit = event.result.commit ?? facts.commit;
        if (event.step === "push") facts.branch = event.result.branch ?? facts.branch;
      } else if (event.type === "done") {
        const { pr_url, branch, commit, agent, agent_reason, usage } = event;
        facts = { pr_url, branch, commit, agent, agent_reason, usage };
        changes.clear();
        for (const change of event.changes) changes.set(change.path, change);
      }
    },
  };
}
