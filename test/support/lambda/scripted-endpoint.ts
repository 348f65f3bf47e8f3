/** A Lambda endpoint whose answers a test writes: for what many functions, or none, would say. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { encodeFrame } from "../../../sandbox-runner/src/aws/invocation.ts";
import { invokeComplete, payloadChunk } from "./event-stream.ts";

export interface Invoked {
  readonly tenant: string | undefined;
  /** The function's event. */
  readonly event: Readonly<Record<string, unknown>>;
  readonly socket: IncomingMessage["socket"];
}

export interface ScriptedLambda extends AsyncDisposable {
  readonly url: string;
  readonly invoked: readonly Invoked[];
}

/** Calls `answer` once a request is there as a whole. */
export async function startScriptedLambda(
  answer: (invoked: Invoked, response: ServerResponse) => void,
): Promise<ScriptedLambda> {
  const invoked: Invoked[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { socket, headers } = request;
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part);
    const one = {
      tenant: headers["x-amz-tenant-id"]?.toString(),
      event: JSON.parse(Buffer.concat(parts).toString()),
      socket,
    };
    invoked.push(one);
    answer(one, response);
  };
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    invoked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const EVENTS = { "content-type": "application/vnd.amazon.eventstream" };

/** As a function that ran `true`. */
export function answerExited(response: ServerResponse): void {
  response.writeHead(200, EVENTS);
  const nothing = { added: [], modified: [], deleted: [], skipped: [] };
  const end = { ending: "exited", exitCode: 0, signal: null };
  response.write(payloadChunk(encodeFrame("manifest", JSON.stringify(nothing))));
  response.write(payloadChunk(encodeFrame("files", Buffer.alloc(1024))));
  response.write(payloadChunk(encodeFrame("end", JSON.stringify(end))));
  response.end(invokeComplete());
}

/** As a function that fails after `output`, in Lambda's words. */
export function answerFailed(
  response: ServerResponse,
  errorType: string,
  errorMessage: string,
  output = "",
): void {
  response.writeHead(200, EVENTS);
  if (output !== "") response.write(payloadChunk(encodeFrame("stdout", output)));
  response.end(invokeComplete({ code: errorType, details: { errorType, errorMessage } }));
}

export function refuse(
  response: ServerResponse,
  status: number,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": type, ...headers });
  response.end(JSON.stringify({ Type: "User", message: "arn:aws:lambda:secret" }));
}
