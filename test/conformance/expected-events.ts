/** Every event of the suite's plainest run, with what differs from run to run replaced. */
import type { RecordedEvent } from "../../src/run/events.ts";
import type { LocalForge } from "../support/forge/server.ts";
import { stable } from "../support/service.ts";

/** The replacement of "one" by "two" in a.txt of a repository of two text files. `loaded` counts are not in it. */
export function expectedEvents(fullName: string): readonly Record<string, unknown>[] {
  const prompt = REPLACE;
  const name = fullName.split("/")[1] ?? "";
  const branch = "tiny-backspace/replace-one-with-two-in-a-txt-<id>";
  const pull = `https://forge/${fullName}/pull/1`;
  const edit = { path: "a.txt", search: "one", replacement: "two" };
  const change = { path: "a.txt", kind: "modified", additions: 1, deletions: 1 };
  const begin = (step: string, message: string) => ({ type: "progress", step, message });
  const end = (step: string, message: string, result: object) => ({
    type: "success",
    step,
    message,
    result,
    duration_ms: 0,
  });
  return [
    {
      type: "info",
      message: `Working on ${fullName} with the rule_based agent.`,
      run_id: "<run id>",
      request: {
        repoUrl: `https://forge/${fullName}`,
        prompt,
        use_llm: false,
        llm_provider: "rule_based",
        use_cloud_sandbox: false,
        sandbox_provider: "local",
        draft: false,
        mode: "pull_request",
        allow_workflows: false,
        limits: { max_turns: 30, max_tokens: 2_000_000, max_cost_usd: 2, timeout_seconds: 300 },
      },
      agent: "rule_based",
      agent_reason:
        "The request did not ask for a language model (use_llm is false), so fixed rules did the work.",
    },
    begin("preflight", `Checking access to tiny-bot/${name}.`),
    end("preflight", `${fullName} is there; the base branch is main.`, {
      repository: fullName,
      base_branch: "main",
    }),
    begin("clone", "Fetching main without file contents."),
    // A pack's size depends on the time in the commit.
    end("clone", "Fetched 2 paths at <short> in <count> bytes.", {
      base_commit: "<commit>",
      bytes: "<count>",
      files: 2,
    }),
    begin("analyse", "Looking at what is in the repository."),
    end("analyse", "2 files; no language known by file name.", { files: 2, languages: [] }),
    begin("edit", "The rule_based agent starts."),
    { type: "tool", message: "Edit a.txt", name: "edit_file", input: edit, status: "started" },
    {
      type: "tool",
      message: "Edit a.txt",
      name: "edit_file",
      input: edit,
      status: "ok",
      output: "Replaced 1 occurrence.",
    },
    { type: "change", message: "modified a.txt (+1 -1)", ...change },
    end("edit", prompt, { title: prompt }),
    {
      type: "warning",
      message: "Not verified. No command was run on the change: the request asked for no sandbox.",
      code: "not_verified",
    },
    begin("commit", "Writing the commit."),
    end("commit", `Commit <short>: ${prompt}`, { commit: "<commit>", title: prompt }),
    begin("push", "Pushing a new branch."),
    end("push", `Pushed https://forge/${fullName}/tree/${branch}.`, {
      repository: fullName,
      commit: "<commit>",
      branch,
    }),
    begin("pull_request", "Opening the pull request."),
    { ...end("pull_request", `Pull request #1 opened: ${pull}`, {}), pr_url: pull },
    {
      type: "done",
      message: `Done: 1 file changed, pull request at ${pull}.`,
      status: "succeeded",
      pr_url: pull,
      branch,
      commit: "<commit>",
      changes: [change],
      agent: "rule_based",
      agent_reason:
        "The request did not ask for a language model (use_llm is false), so fixed rules did the work.",
      usage: { input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_usd: 0, turns: 0 },
    },
  ];
}

export const REPLACE = 'Replace "one" with "two" in a.txt';

/** A run's events as `expectedEvents` has them. Numbers are left to other tests. */
export function comparable(events: readonly RecordedEvent[], forge: LocalForge): readonly unknown[] {
  return (stable(events, forge) as Record<string, unknown>[])
    .filter((event) => !("loaded" in event))
    .map(({ seq: _seq, time: _time, ...event }) =>
      JSON.parse(
        JSON.stringify(event)
          .replace(/ in \d+ bytes/, " in <count> bytes")
          .replace(/"bytes":\d+/, '"bytes":"<count>"')
          .replace(/"run_id":"[^"]+"/, '"run_id":"<run id>"'),
      ),
    );
}
