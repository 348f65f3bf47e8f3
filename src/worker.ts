/** The Cloudflare entry: reads the environment, picks the implementations, hands requests on. */
import { chooseAgent } from "./agent/choose.ts";
import { createRuleAgent } from "./agent/rules/agent.ts";
import { createApp } from "./app.ts";
import { createChecks } from "./checks.ts";
import { createEgress } from "./egress.ts";
import { configOptions, httpSettings, readSettings, secretsOf } from "./env.ts";
import { isAbort, ServiceError } from "./errors.ts";
import { createGitHubForge } from "./forge/github.ts";
import { createConfigStore } from "./http/config.ts";
import { errorResponse } from "./http/error-response.ts";
import { createRedactor } from "./redact.ts";
import { eventsOf } from "./run/events-of.ts";
import { run } from "./run/run.ts";
import { VERSION } from "./version.ts";
import { findBranches } from "./workspace/find-branches.ts";
import { openWorkspace } from "./workspace/open.ts";

const USER_AGENT = `tiny-backspace/${VERSION}`;
const BRANCH_ID_CHARACTERS = 8;

/** One for each isolate: the settings of a deployment do not change while it runs. */
let service: Service | undefined;

interface Service {
  fetch(request: Request): Response | Promise<Response>;
}

export default {
  fetch(request: Request, environment: Record<string, unknown>): Response | Promise<Response> {
    try {
      service ??= createService(environment);
    } catch (error) {
      if (error instanceof ServiceError) return errorResponse(error, createRedactor([]));
      throw error;
    }
    return service.fetch(request);
  },
};

function createService(environment: Record<string, unknown>): Service {
  const settings = readSettings(environment);
  const { token, apiUrl, serverUrl } = settings.github;
  const redactor = createRedactor(secretsOf(settings));
  const fetch = createEgress({ origins: [apiUrl, serverUrl] });
  const forge = createGitHubForge({ apiUrl, serverUrl, token, fetch, userAgent: USER_AGENT });
  const rules = createRuleAgent();
  return createApp({
    settings: httpSettings(settings, VERSION),
    config: createConfigStore(configOptions(settings)),
    checks: createChecks({ apiUrl, token, fetch, userAgent: USER_AGENT, rules }),
    redactor,
    now: Date.now,
    newRunId: () => crypto.randomUUID(),
    report: (error, where) => log(redactor.redact(`${where}: ${describe(error)}`)),
    startRun: (request, context) =>
      eventsOf(
        run(
          request,
          {
            forge,
            openWorkspace: (options) => openWorkspace({ ...options, fetch }),
            findBranches: (options) => findBranches({ ...options, fetch }),
            chooseAgent: (wish) => chooseAgent(rules, wish),
            author: settings.commitAuthor,
            now: () => new Date(),
            newBranchId,
            redact: (text) => redactor.redact(text),
            holdsSecret: (text) => redactor.holds(text),
          },
          context,
        ),
      ),
  });
}

function newBranchId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(BRANCH_ID_CHARACTERS));
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join("");
}

/** An abort is how a client's going away shows; it is no defect. */
function describe(error: unknown): string {
  if (isAbort(error)) return "aborted";
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function log(line: string): void {
  // biome-ignore lint/suspicious/noConsole: the platform's log is the operator's only view of defects
  console.error(line);
}
