/** The run host over a directory and its runs, wherever those live. */
import { ServiceError } from "../../errors.ts";
import type { RunHost, Started, StartInput } from "../host.ts";
import type { RunRequest } from "../request.ts";
import type { RuntimeConfig } from "../runtime-config.ts";
import { type RunCell, unwrap } from "./cell.ts";
import { readCursor } from "./cursor.ts";
import type { Admitted, Configured, Directory } from "./directory.ts";
import { type Credentials, secretsIn } from "./run-record.ts";

/** A Directory that may be in another process. */
export type RemoteDirectory = {
  readonly [K in Exclude<keyof Directory, "started" | "ended">]: (
    ...input: Parameters<Directory[K]>
  ) => Promise<ReturnType<Directory[K]>>;
};

export interface HostParts {
  /** Asked at each use: a stub on Cloudflare belongs to one request. */
  readonly directory: () => RemoteDirectory;
  readonly run: (id: string) => RunCell;
  /** Takes the service's secrets, and these, out of a text. */
  readonly redact: (text: string, secrets: readonly string[]) => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Characters of a prompt that lists show. */
const LISTED_PROMPT = 200;
/** How soon a refused caller should try again; nobody knows when a run ends. */
const FULL_MS = 10_000;

export function createRunHost({ directory, run, redact, now }: HostParts): RunHost {
  // What was configured when last asked; an admission says when that has changed.
  let known: Configured | undefined;

  async function configured(): Promise<Configured> {
    known = await directory().configured();
    return known;
  }

  /** With what was known before, if that is good enough; a refusal may be out of date. */
  async function prepare(input: StartInput): Promise<{ request: RunRequest; revision: number }> {
    if (known !== undefined) {
      try {
        return { request: input.prepare(known.config), revision: known.revision };
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
      }
    }
    const { config, revision } = await configured();
    return { request: input.prepare(config), revision };
  }

  async function admit(input: StartInput) {
    let { request, revision } = await prepare(input);
    const admitted = await directory().admit({
      caller: input.caller,
      idempotency: input.idempotency,
      repository: `${request.repo.owner}/${request.repo.name}`,
      prompt: listed(redact(request.prompt, secretsOf(input, known?.config ?? {}))),
      branch: branchOf(request),
      revision,
    });
    if (admitted.kind !== "admitted") throw refusal(admitted, now());
    const { id, created } = admitted;
    if (admitted.configured !== undefined) {
      known = admitted.configured;
      try {
        request = input.prepare(known.config);
      } catch (error) {
        if (created) {
          await directory().withdraw(id);
          throw error;
        }
      }
    }
    const credentials = credentialsOf(input, known?.config ?? {});
    const { caller, modelKeys } = input;
    const own = modelKeys === undefined ? {} : { modelKeys };
    return { id, created, run: { id, caller, request, credentials, ...own } };
  }

  /** The run that the key of a request stands for, though the request would be refused by now. */
  async function startedBefore({ caller, idempotency, wants }: StartInput): Promise<Started | undefined> {
    if (idempotency === undefined) return undefined;
    const before = await directory().known(caller, idempotency);
    if (before === undefined) return undefined;
    if (before.kind !== "admitted") throw refusal(before, now());
    const { id } = before;
    if (wants === "view") {
      const view = unwrap(await run(id).view(caller));
      return view === undefined ? undefined : { id, created: false, view };
    }
    const stream = unwrap(await run(id).events(caller, 0));
    return stream === undefined || "ended" in stream ? undefined : { id, created: false, body: stream.body };
  }

  return {
    async start(input) {
      let admitted: Awaited<ReturnType<typeof admit>>;
      try {
        admitted = await admit(input);
      } catch (error) {
        const before = error instanceof ServiceError ? await startedBefore(input) : undefined;
        if (before === undefined) throw error;
        return before;
      }
      const { id, created } = admitted;
      if (input.wants === "view") return { id, created, view: unwrap(await run(id).start(admitted.run)) };
      const stream = unwrap(await run(id).stream(admitted.run));
      if (stream === undefined || "ended" in stream) throw new Error("a run that was started has no events");
      return { id, created, body: stream.body };
    },
    view: async (id, caller) => unwrap(await run(id).view(caller)),
    events: async (id, caller, after) => unwrap(await run(id).events(caller, after)),
    patch: async (id, caller) => unwrap(await run(id).patch(caller)),
    cancel: async (id, caller) => unwrap(await run(id).cancel(caller)),
    continuation: async (id, caller) => unwrap(await run(id).continuation(caller)),
    list: async (caller, { limit, cursor }) =>
      await directory().list(caller, limit, cursor === undefined ? undefined : readCursor(cursor)),
    readConfig: async () => (await configured()).config,
    async changeConfig(change) {
      known = await directory().configure(change);
      return known.config;
    },
  };
}

/** What the run may use: the caller's own before the service's. */
function credentialsOf({ githubToken, lendsModels }: StartInput, { secrets }: RuntimeConfig): Credentials {
  const github = githubToken ?? secrets?.github_token;
  const forge = github === undefined ? {} : { githubToken: github };
  if (!lendsModels) return { ...forge, withoutServiceModels: true };
  return {
    ...forge,
    ...(secrets?.openai_api_key === undefined ? {} : { openaiApiKey: secrets.openai_api_key }),
    ...(secrets?.anthropic_api_key === undefined ? {} : { anthropicApiKey: secrets.anthropic_api_key }),
  };
}

function secretsOf(input: StartInput, config: RuntimeConfig): readonly string[] {
  return secretsIn(credentialsOf(input, config), input.modelKeys);
}

/** What a run adds to; undefined for one that makes a branch of its own. */
function branchOf({ continues }: RunRequest): string | undefined {
  return continues && `${continues.head.owner}/${continues.head.name}:${continues.branch}`;
}

function listed(prompt: string): string {
  return prompt.length > LISTED_PROMPT ? `${prompt.slice(0, LISTED_PROMPT - 1).toWellFormed()}…` : prompt;
}

function refusal(admitted: Exclude<Admitted, { kind: "admitted" }>, now: number): ServiceError {
  if (admitted.kind === "key_reused") {
    return new ServiceError(
      "idempotency_key_reused",
      "The Idempotency-Key was sent before with another request. Use a new key for a new request.",
    );
  }
  if (admitted.kind === "branch_busy") {
    return new ServiceError(
      "run_in_progress",
      "Another run is adding to the same branch. Send the instruction when it has ended.",
      { retryable: true },
    );
  }
  const whose = admitted.scope === "caller" ? "You have" : "The service has";
  return new ServiceError(
    "too_many_runs",
    `${whose} ${admitted.most} ${admitted.most === 1 ? "run" : "runs"} under way, which is the most at a time. Try again when one has ended.`,
    { retryAt: now + FULL_MS },
  );
}
