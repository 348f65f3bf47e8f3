/**
 * The scripted model server: one script on loopback that speaks OpenAI's Responses and Chat Completions and
 * Anthropic's Messages, and refuses what those vendors would refuse.
 *
 *     await using models = await startModelServer({
 *       turns: [
 *         { text: "I look first.", calls: [{ name: "read_file", arguments: { path: "a.ts" } }] },
 *         { text: "Hm.", fault: "503", faults: 2 }, // the third time it is answered
 *         { calls: [{ name: "finish", arguments: { title: "Done", summary: "It is done." } }] },
 *       ],
 *     });
 *     // models.openaiUrl, models.anthropicUrl: any key that is not empty is good
 *
 * The turn to say is the number of answers in the request, so that a request that is sent again gets the same answer,
 * and any number of conversations go on at once. `respond` decides by the request itself. Disposing throws when a
 * request was against the rules (`violations`), so that no test passes with one.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createRandom } from "../random.ts";
import { createPromptCache, tokensOf } from "./cache.ts";
import { chatFrames } from "./chat-frames.ts";
import { createExchange } from "./exchange.ts";
import type { Fault } from "./fault.ts";
import { faultNamed } from "./faults.ts";
import { type Answer, argumentsOf, type Frame } from "./frames.ts";
import { createJudge } from "./judge.ts";
import { messagesFrames } from "./messages-frames.ts";
import type { Chunking } from "./pieces.ts";
import { responsesFrames } from "./responses-frames.ts";
import { loadChecks } from "./schemas.ts";
import { errorBody } from "./status-faults.ts";
import type { Protocol, ScriptRequest, Turn, TurnUsage } from "./turn.ts";
import { viewOf } from "./view.ts";
import type { ChatRequest, MessagesRequest, ResponsesRequest } from "./wire-types.ts";

export interface ModelServerOptions {
  /** What the model says, answer by answer. */
  readonly turns?: readonly Turn[];
  /** Decides instead of `turns`. What it throws is a violation. */
  readonly respond?: (request: ScriptRequest) => Turn | Promise<Turn>;
  /** Other keys get 401; every key is good when absent. */
  readonly keys?: readonly string[];
  /** How answers are written. Default `ragged`. */
  readonly chunking?: Chunking;
  /** Makes other pieces of the same answers. Default 1. */
  readonly seed?: number;
}

export interface RecordedRequest {
  readonly protocol: Protocol;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly apiKey: string;
  /** Parsed JSON. */
  readonly body: unknown;
  /** Length of the body as it came. */
  readonly bytes: number;
  /** As all protocols mean it; absent when the request was refused. */
  view?: ScriptRequest;
  /** What was answered; absent when the request was refused. */
  turn?: Turn;
  /** Tokens as the answer says them. */
  usage?: TurnUsage;
  /** `left`: the client went before the answer was at its end, or a fault ended the connection. */
  state: "open" | "sent" | "left";
}

export interface ModelServer {
  /** `http://127.0.0.1:PORT/v1` */
  readonly openaiUrl: string;
  /** `http://127.0.0.1:PORT` */
  readonly anthropicUrl: string;
  /** In the order they came. */
  readonly requests: readonly RecordedRequest[];
  /** Sentences: what requests did that a vendor refuses, and what was wrong with the script. */
  readonly violations: readonly string[];
  /** Returns the violations and forgets them: for tests that are about one. */
  takeViolations(): string[];
  /** Ends every connection. Throws when there are violations. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const PATHS: Readonly<Record<string, Protocol>> = {
  "/v1/responses": "responses",
  "/v1/chat/completions": "chat",
  "/v1/messages": "messages",
};

/** Costs a listening socket, and what `loadChecks` costs. */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const checks = await loadChecks();
  const judge = createJudge(checks);
  const requests: RecordedRequest[] = [];
  const violations: string[] = [];
  const attempts = new Map<string, number>();
  const cache = createPromptCache();

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(incoming.url ?? "/", "http://model").pathname;
    const protocol = PATHS[path];
    const raw = await buffer(incoming);
    if (protocol === undefined || incoming.method !== "POST") {
      violations.push(`${incoming.method} ${path} is no request to a model`);
      response.writeHead(404).end();
      return;
    }
    const record: RecordedRequest = {
      protocol,
      path,
      headers: incoming.headers,
      apiKey: keyOf(incoming.headers),
      body: parsed(raw),
      bytes: raw.length,
      state: "open",
    };
    requests.push(record);
    response.once("close", () => {
      record.state = response.writableFinished ? "sent" : "left";
    });
    if (record.apiKey === "" || options.keys?.includes(record.apiKey) === false) {
      refuse(response, protocol, 401, "authentication_error", "invalid_api_key");
      return;
    }
    const wrong = judge.faultsIn(protocol, record.body, incoming.headers);
    if (wrong.length > 0) {
      violations.push(...wrong.map((sentence) => `${path}: ${sentence}`));
      refuse(response, protocol, 400, "invalid_request_error");
      return;
    }
    await answer(record, raw, response);
  }

  async function answer(record: RecordedRequest, raw: Buffer, response: ServerResponse): Promise<void> {
    const { protocol, body, apiKey } = record;
    const id = createHash("sha256").update(protocol).update(raw).digest("hex").slice(0, 10);
    const same = `${apiKey} ${id}`;
    const attempt = attempts.get(same) ?? 0;
    attempts.set(same, attempt + 1);
    const view = viewOf(protocol, body);
    const last = view.messages.at(-1);
    record.view = {
      ...view,
      protocol,
      apiKey,
      turn: view.messages.filter(({ role }) => role === "assistant").length,
      results: last?.role === "tool" ? last.results : [],
      text: JSON.stringify(body),
      attempt,
    };
    const given = await turnFor(record.view);
    const fault = attempt < (given.faults ?? Number.POSITIVE_INFINITY) ? faultOf(protocol, given) : undefined;
    const turn = fault === undefined ? given : faultyTurn(fault, given);
    const random = createRandom(Number.parseInt(id.slice(0, 8), 16) ^ (options.seed ?? 1));
    const usage = { ...cache.read(protocol, body, apiKey), output: outputTokens(turn), ...turn.usage };
    Object.assign(record, { turn, usage });
    if (turn.quirks?.includes("reasoning_content") === true) judge.opened(turn.reasoning ?? "");
    const frames = framesOf(protocol, body, {
      turn,
      model: view.model,
      id,
      usage,
      random,
      reasoning: wantsReasoning(protocol, body),
      sign: (content) => judge.sign(protocol, body, content),
    });
    const exchange = createExchange(response, protocol, frames, random);
    if (fault?.play !== undefined) return await fault.play(exchange);
    checkFrames(protocol, frames, turn);
    await exchange.stream(options.chunking ?? "ragged");
  }

  async function turnFor(request: ScriptRequest): Promise<Turn> {
    if (options.respond !== undefined) return await options.respond(request);
    const turn = options.turns?.[request.turn];
    if (turn === undefined) throw new Error(`the script has no turn ${request.turn}`);
    return turn;
  }

  function checkFrames(protocol: Protocol, frames: readonly Frame[], turn: Turn): void {
    if ((turn.quirks ?? []).length > 0) return;
    for (const { data, kind } of frames) {
      const wrong =
        typeof data === "string" || kind === "ping" ? undefined : checks.checkEvent(protocol, data);
      if (wrong !== undefined) throw new Error(`the server's own event ${kind}: ${wrong}`);
    }
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((error: unknown) => {
      // the client left while it was asking
      if (!incoming.complete) return;
      violations.push(`the model server: ${error instanceof Error ? error.message : error}`);
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
  // a race between reuse and a timeout is no test's subject
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const closed = once(server, "close");
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await closed;
    if (violations.length > 0) throw new Error(`against the rules:\n${violations.join("\n")}`);
  };
  return {
    openaiUrl: `${url}/v1`,
    anthropicUrl: url,
    requests,
    violations,
    takeViolations: () => violations.splice(0),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function faultOf(protocol: Protocol, { fault }: Turn): Fault | undefined {
  return typeof fault === "string" ? faultNamed(protocol, fault) : fault;
}

/** The turn a fault is about. One that goes wrong at some event has every kind of them. */
function faultyTurn(fault: Fault, turn: Turn): Turn {
  if (fault.turn !== undefined) return fault.turn(turn);
  if (fault.expects === "answer") return turn;
  return {
    ...turn,
    reasoning: turn.reasoning ?? "Hm.",
    text: turn.text || "Let me see.",
    calls: turn.calls ?? [{ name: "list_files", arguments: {} }],
  };
}

/** `Authorization: Bearer` or `x-api-key`: Anthropic's SDK has used both. */
function keyOf(headers: IncomingHttpHeaders): string {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
  return bearer ?? String(headers["x-api-key"] ?? "");
}

function parsed(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString("utf8"));
  } catch {
    return undefined;
  }
}

function refuse(
  response: ServerResponse,
  protocol: Protocol,
  status: number,
  type: string,
  code?: string,
): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(errorBody(protocol, type, "The model server refuses it.", code));
}

function framesOf(protocol: Protocol, body: unknown, answer: Answer): Frame[] {
  switch (protocol) {
    case "responses":
      return responsesFrames(answer);
    case "chat":
      return chatFrames(answer, (body as ChatRequest).stream_options?.include_usage === true);
    case "messages":
      return messagesFrames(answer);
  }
}

/** Reasoning comes in a form that can be used again only if it is asked for. */
function wantsReasoning(protocol: Protocol, body: unknown): boolean {
  if (protocol === "responses") {
    return (body as ResponsesRequest).include?.includes("reasoning.encrypted_content") === true;
  }
  const { thinking } = body as MessagesRequest;
  return thinking !== undefined && "display" in thinking && thinking.display === "summarized";
}

function outputTokens({ text = "", reasoning = "", calls = [] }: Turn): number {
  return tokensOf(text + reasoning + calls.map((call) => call.name + argumentsOf(call)).join(""));
}
