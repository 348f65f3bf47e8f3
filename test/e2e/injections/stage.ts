/** A deployment with a canary for every secret, its models scripted, that keeps all that leaves a run. */
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { RecordedEvent } from "../../../src/run/events.ts";
import { type Api, createApi } from "../../support/api.ts";
import type { FileContent, Files } from "../../support/forge/import.ts";
import { type ForgeRepository, startForge } from "../../support/forge/server.ts";
import { startHost } from "../../support/hosts.ts";
import type { Chunking } from "../../support/models/pieces.ts";
import { type ModelServer, type RecordedRequest, startModelServer } from "../../support/models/server.ts";
import type { Protocol, ScriptRequest, Turn } from "../../support/models/turn.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { CANARIES } from "./canaries.ts";
import type { Traces } from "./leaks.ts";
import { objectsIn, pushedTo } from "./pushed.ts";

export const OWNER = "tiny-bot";

export interface Stage extends AsyncDisposable {
  readonly protocol: Protocol;
  readonly models: ModelServer;
  /** Where nothing may ever be asked: `http://127.0.0.1:PORT`. */
  readonly host: string;
  /** What was asked there all the same. */
  readonly visits: readonly string[];
  /** A repository of its own for every run. */
  run(options: StageRun): Promise<StagedRun>;
  /** Every byte the host has on its disk by now. */
  store(): Promise<string>;
}

export interface StageRun {
  readonly prompt: string;
  /** `{{token}}` and `{{host}}` are filled in. */
  readonly files: Files;
  /** Whether the caller brings model keys. */
  readonly ownKeys?: boolean;
  /** More fields of the request. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface StagedRun {
  readonly events: readonly RecordedEvent[];
  readonly repository: ForgeRepository;
  /** What the model was asked in this run. */
  readonly requests: readonly RecordedRequest[];
  readonly traces: Traces;
  /** How many pushes there were. */
  readonly pushes: number;
}

export interface StageOptions {
  readonly protocol: Protocol;
  readonly respond: (request: ScriptRequest, stage: { readonly host: string }) => Turn;
  /** How answers are written. Default `whole`, which takes half the time of others. */
  readonly chunking?: Chunking;
}

export async function openStage({ protocol, respond, chunking = "whole" }: StageOptions): Promise<Stage> {
  await using cleanup = new AsyncDisposableStack();
  const visits: string[] = [];
  const elsewhere = createServer((request, response) => {
    visits.push(`${request.method} ${request.url}`);
    response.end();
  }).listen(0, "127.0.0.1");
  cleanup.defer(() => void elsewhere.close());
  await new Promise((resolve) => elsewhere.once("listening", resolve));
  const host = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  const models = cleanup.use(
    await startModelServer({ chunking, respond: (request) => respond(request, { host }) }),
  );
  const forge = cleanup.use(await startForge({ tokens: { [CANARIES.GITHUB_TOKEN]: { login: OWNER } } }));
  const folder = cleanup.use(await temporaryFolder());
  const server = await startHost("workerd", {
    folder: folder.path,
    env: {
      GITHUB_SERVER_URL: forge.url,
      GITHUB_API_URL: forge.apiUrl,
      OPENAI_BASE_URL: models.openaiUrl,
      OPENAI_API_STYLE: protocol === "chat" ? "chat" : "responses",
      ANTHROPIC_BASE_URL: models.anthropicUrl,
      MAX_RUNS: "1000",
      MAX_RUNS_PER_CALLER: "1000",
      STARTS_PER_MINUTE: "1000000",
      REQUESTS_PER_MINUTE: "1000000",
      ...SERVICE_SECRETS,
    },
  });
  cleanup.defer(() => server.kill());
  const api = createApi(server.url, { authorization: `Bearer ${CANARIES.API_TOKENS}` });
  let runs = 0;

  async function run({ prompt, files, ownKeys = false, fields = {} }: StageRun): Promise<StagedRun> {
    runs += 1;
    const repository = await forge.addRepository(`${OWNER}/r${runs}`, { files: filledFiles(files, host) });
    const before = await objectsIn(repository);
    const body = {
      repoUrl: `${forge.url}/${repository.fullName}`,
      prompt,
      use_llm: true,
      llm_provider: protocol === "messages" ? "anthropic" : "openai",
      ...fields,
    };
    const headers = ownKeys ? OWN_KEYS : {};
    const { id } = await api.start(body, { headers });
    await api.ended(id, 60_000);
    const events = await api.events(id);
    const requests = models.requests.filter((request) => requestIsFrom(request, repository));
    return {
      events,
      repository,
      requests,
      pushes: forge.log.where({ method: "POST", path: `/${repository.fullName}.git/git-receive-pack` })
        .length,
      traces: {
        requests: requests.map((request) => ({
          headers: JSON.stringify(withoutItsKey(request, ownKeys)),
          body: JSON.stringify(request.body),
        })),
        events,
        answers: await answersOf(api, id),
        pushed: await pushedTo(repository, before),
        pulls: repository.pullRequests,
        operatorLog: server.complaints(),
        store: "",
      },
    };
  }

  const end = cleanup.move();
  return {
    protocol,
    models,
    host,
    visits,
    run,
    store: () => bytesBelow(folder.path),
    [Symbol.asyncDispose]: () => end.disposeAsync(),
  };
}

const { "X-OpenAI-Api-Key": ownOpenAi, "X-Anthropic-Api-Key": ownAnthropic, ...SERVICE_SECRETS } = CANARIES;
const OWN_KEYS = { "X-OpenAI-Api-Key": ownOpenAi, "X-Anthropic-Api-Key": ownAnthropic };

/** Every conversation names its repository. */
function requestIsFrom({ body }: RecordedRequest, { fullName }: ForgeRepository): boolean {
  return JSON.stringify(body).includes(`What the repository of ${fullName} holds`);
}

/** The headers without the one key that belongs there: a wrong one, and one in a wrong place, stay. */
function withoutItsKey({ headers, protocol }: RecordedRequest, ownKeys: boolean): object {
  const [service, own] =
    protocol === "messages"
      ? [CANARIES.ANTHROPIC_API_KEY, ownAnthropic]
      : [CANARIES.OPENAI_API_KEY, ownOpenAi];
  const key = ownKeys ? own : service;
  const { authorization, "x-api-key": bare, ...others } = headers;
  return {
    ...others,
    ...(authorization === `Bearer ${key}` ? {} : { authorization }),
    ...(bare === key ? {} : { "x-api-key": bare }),
  };
}

async function answersOf(api: Api, id: string): Promise<Record<string, string>> {
  const paths = [`/runs/${id}`, `/runs/${id}/patch`, "/runs"];
  const texts = await Promise.all(paths.map(async (path) => (await api.call(path)).text()));
  return Object.fromEntries(paths.map((path, at) => [path, texts[at] ?? ""]));
}

function filledFiles(files: Files, host: string): Files {
  const fill = (text: string): string =>
    text.replaceAll("{{host}}", host).replaceAll("{{token}}", CANARIES.GITHUB_TOKEN);
  const filled = (file: FileContent): FileContent => (typeof file === "string" ? fill(file) : file);
  return Object.fromEntries(Object.entries(files).map(([path, file]) => [fill(path), filled(file)]));
}

/** Latin-1, so that every byte is a character. */
async function bytesBelow(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(
    (entry) => entry.isFile() && !entry.name.endsWith(".js") && !entry.name.endsWith(".capnp"),
  );
  const texts = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), "latin1")),
  );
  return texts.join("\n");
}
