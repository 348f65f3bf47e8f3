/** What a run says before it does anything: what was asked, and who will do it. */
import type { AgentChoice } from "../agent/choose.ts";
import type { RunDeps } from "./deps.ts";
import type { RunEvent } from "./events.ts";
import type { RunRequest } from "./request.ts";
import { identityOf } from "./state.ts";

/** The first events of a run. Sends nothing and waits for nothing, so that a host can keep them as it accepts the run. */
export function introduction(
  request: RunRequest,
  deps: Pick<RunDeps, "chooseAgent" | "redact">,
  runId: string,
): RunEvent[] {
  return introduce(request, deps.chooseAgent(request), deps.redact(request.prompt), runId);
}

export function introduce(
  request: RunRequest,
  chosen: AgentChoice,
  prompt: string,
  runId: string,
): RunEvent[] {
  const { name, model } = identityOf(chosen.agent);
  const info: RunEvent = {
    type: "info",
    message: `Working on ${request.repo.owner}/${request.repo.name} with the ${name} agent${model === undefined ? "" : ` (${model})`}.`,
    run_id: runId,
    request: {
      repoUrl: request.repoUrl,
      prompt,
      use_llm: request.use_llm,
      llm_provider: request.llm_provider,
      ...(request.llm_model === undefined ? {} : { llm_model: request.llm_model }),
      use_cloud_sandbox: request.use_cloud_sandbox,
      sandbox_provider: request.sandbox_provider,
      ...(request.base_branch === undefined ? {} : { base_branch: request.base_branch }),
      ...(request.test_command === undefined ? {} : { test_command: request.test_command }),
      ...(request.setup_command === undefined ? {} : { setup_command: request.setup_command }),
      draft: request.draft,
      mode: request.mode,
      ...(request.protected_paths.length === 0 ? {} : { protected_paths: [...request.protected_paths] }),
      allow_workflows: request.allow_workflows,
      limits: { ...request.limits },
      ...(request.continues === undefined ? {} : { continues: request.continues.run_id }),
    },
    agent: name,
    ...(model === undefined ? {} : { model }),
    agent_reason: chosen.reason,
  };
  const warnings = chosen.fallbacks.map(
    (fallback): RunEvent => ({
      type: "warning",
      message: fallback.reason,
      code: "agent_fallback",
      fallback,
    }),
  );
  return [info, ...warnings];
}
