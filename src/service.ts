/** Puts the parts of a run together from the settings: the same ones on every host. */
import { type Candidates, chooseAgent } from "./agent/choose.ts";
import { createLlmAgent } from "./agent/llm/agent.ts";
import { createRuleAgent } from "./agent/rules/agent.ts";
import { createChecks } from "./checks.ts";
import { createEgress } from "./egress.ts";
import { type Settings, secretsOf } from "./env.ts";
import { isAbort } from "./errors.ts";
import type { Forge } from "./forge/forge.ts";
import { createGitHubForge } from "./forge/github.ts";
import type { HealthChecks } from "./http/health.ts";
import { cutOffComment, encodeFrame, PING_FRAME, RETRY_FRAME } from "./http/sse.ts";
import { modelOffers } from "./model-offers.ts";
import { createRedactor, type Redactor } from "./redact.ts";
import type { RunDeps } from "./run/deps.ts";
import type { DirectoryLimits } from "./run/host/directory.ts";
import type { Frames } from "./run/host/readers.ts";
import { type Credentials, type ModelKeys, secretsIn } from "./run/host/run-record.ts";
import type { StoryFor } from "./run/host/story.ts";
import { introduction } from "./run/introduction.ts";
import { run } from "./run/run.ts";
import { createRunnerClient, type RunnerClient } from "./sandbox/client.ts";
import { VERSION } from "./version.ts";
import { findBranches } from "./workspace/find-branches.ts";
import { openWorkspace } from "./workspace/open.ts";

export interface Service {
  readonly redactor: Redactor;
  readonly checks: HealthChecks;
  /** Takes the deployment's secrets, and these, out of a text. */
  readonly redact: (text: string, secrets: readonly string[]) => string;
  readonly storyFor: StoryFor;
  readonly frames: Frames;
  readonly limits: DirectoryLimits;
  /** Writes a defect to the operator's log, without secrets. */
  readonly report: (error: unknown, where: string) => void;
}

const USER_AGENT = `tiny-backspace/${VERSION}`;
const BRANCH_ID_CHARACTERS = 8;
/** Longer waits for the forge go through the run's alarm. */
const LONGEST_WAIT_MS = 10_000;
/** Forges kept for their knowledge of a token's rate limits. */
const KEPT_FORGES = 100;

/** `log` writes one line to wherever the operator looks. */
export function createService(settings: Settings, log: (line: string) => void): Service {
  const { apiUrl, serverUrl } = settings.github;
  const { openai, anthropic } = settings.models;
  const redactor = createRedactor(secretsOf(settings));
  const fetch = createEgress({ origins: [apiUrl, serverUrl, openai.baseUrl, anthropic.baseUrl] });
  const rules = createRuleAgent();
  const runner = runnerOf(settings);
  const forges = new Map<string | undefined, Forge>();

  function forgeFor(token: string | undefined): Forge {
    const known = forges.get(token);
    if (known !== undefined) return known;
    const options = { apiUrl, serverUrl, token, fetch, userAgent: USER_AGENT, maxWait: LONGEST_WAIT_MS };
    const forge = createGitHubForge(options);
    for (const oldest of [...forges.keys()].slice(0, Math.max(0, forges.size + 1 - KEPT_FORGES)))
      forges.delete(oldest);
    forges.set(token, forge);
    return forge;
  }

  const candidates = (credentials: Credentials, keys: ModelKeys): Candidates => ({
    rules,
    offers: modelOffers(settings, credentials, keys, fetch),
    withModels: (models) => createLlmAgent({ models, rules, now: Date.now, random: Math.random }),
  });

  const redactorWith = (secrets: readonly string[]): Redactor =>
    secrets.length === 0 ? redactor : createRedactor([...secretsOf(settings), ...secrets]);

  return {
    redactor,
    redact: (text, secrets) => redactorWith(secrets).redact(text),
    checks: createChecks({
      apiUrl,
      token: settings.github.token,
      openai: { key: settings.openaiApiKey, baseUrl: openai.baseUrl },
      anthropic: { key: settings.anthropicApiKey, baseUrl: anthropic.baseUrl },
      fetch,
      userAgent: USER_AGENT,
      rules,
      runner,
    }),
    report: (error, where) => log(redactor.redact(`${where}: ${describe(error)}`)),
    limits: {
      maxRuns: settings.maxRuns,
      maxRunsPerCaller: settings.maxRunsPerCaller,
      retentionMs: settings.retentionSeconds * 1000,
    },
    frames: sseFrames(),
    storyFor(credentials, modelKeys) {
      const knowing = redactorWith(secretsIn(credentials, modelKeys));
      const deps: RunDeps = {
        forge: forgeFor(credentials.githubToken ?? settings.github.token),
        openWorkspace: (options) => openWorkspace({ ...options, fetch }),
        findBranches: (options) => findBranches({ ...options, fetch }),
        chooseAgent: (wish) => chooseAgent(candidates(credentials, modelKeys), wish),
        runner,
        author: settings.commitAuthor,
        now: () => new Date(),
        newBranchId,
        redact: (text) => knowing.redact(text),
        holdsSecret: (text) => knowing.holds(text),
      };
      return {
        redactor: knowing,
        introduction: (request, runId) => introduction(request, deps, runId),
        run: (request, context) => run(request, deps, context),
      };
    },
  };
}

/** Has a way out of its own: it reaches the runner only, and nothing else does. */
function runnerOf({ runner }: Settings): RunnerClient | undefined {
  if (runner === undefined) return undefined;
  const fetch = createEgress({ origins: [runner.url] });
  return createRunnerClient({ ...runner, fetch, now: Date.now, userAgent: USER_AGENT });
}

function sseFrames(): Frames {
  const encoder = new TextEncoder();
  return {
    opening: encoder.encode(RETRY_FRAME),
    ping: encoder.encode(PING_FRAME),
    event: ({ seq, json }) => encoder.encode(encodeFrame(seq, json)),
    cutOff: (behind, lastSeq) => encoder.encode(cutOffComment(behind, lastSeq)),
  };
}

function newBranchId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BRANCH_ID_CHARACTERS));
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join("");
}

/** An abort is how a cancellation shows; it is no defect. */
function describe(error: unknown): string {
  if (isAbort(error)) return "aborted";
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
