/** A Lambda endpoint on this machine: what the real SDK asks of AWS, answered by the real function. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Environment, startEnvironment } from "./environment.ts";
import { invokeComplete, payloadChunk } from "./event-stream.ts";
import { type FunctionFolder, makeFunctionFolder } from "./function-folder.ts";

/** AWS's own (Lambda quotas, invocation payload; "6 MB" and "20 MB"). */
const REQUEST_BYTES = 6_291_556;
const RESPONSE_BYTES = 20_971_520;

/** What AWS would say instead of running the function. */
export interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Received {
  readonly path: string;
  readonly tenant: string | undefined;
  readonly authorization: string | undefined;
  readonly bytes: number;
}

export interface LambdaEndpoint extends AsyncDisposable {
  readonly url: string;
  /** Requests so far. */
  readonly received: readonly Received[];
  /** Answers that are being streamed. */
  open(): number;
  /** Environments so far, those that have ended included. */
  readonly environments: readonly Environment[];
  /** In place of the next requests' answers, one each. */
  refuse(...refusals: readonly (Refusal | "hang up" | "hang up in the answer")[]): void;
  /** Of functions that are called from now on. */
  setTimeout(milliseconds: number): void;
}

export async function startLambda(): Promise<LambdaEndpoint> {
  const code = await makeFunctionFolder();
  const environments: Environment[] = [];
  const idle = new Map<string, Environment>();
  const received: Received[] = [];
  let open = 0;
  const refusals: (Refusal | "hang up" | "hang up in the answer")[] = [];
  let timeoutMs = 900_000;

  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part);
    const payload = Buffer.concat(parts);
    const tenant = request.headers["x-amz-tenant-id"]?.toString();
    received.push({
      path: request.url ?? "",
      tenant,
      authorization: request.headers.authorization,
      bytes: payload.byteLength,
    });
    const next = refusals.shift();
    if (next === "hang up") return void response.destroy();
    if (next === "hang up in the answer") {
      response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
      response.write(payloadChunk(Buffer.of(1, 0, 0, 0, 2, 0x68, 0x69)), () => response.destroy());
      return;
    }
    const refusal =
      next ??
      (payload.byteLength > REQUEST_BYTES
        ? { status: 413, type: "RequestEntityTooLargeException" }
        : request.url !== "/2021-11-15/functions/sandbox/response-streaming-invocations"
          ? { status: 404, type: "ResourceNotFoundException" }
          : undefined);
    if (refusal !== undefined) {
      response.writeHead(refusal.status, {
        "content-type": "application/json",
        "x-amzn-errortype": refusal.type,
        ...refusal.headers,
      });
      response.end(JSON.stringify({ Type: "User", message: refusal.message ?? "arn:aws:lambda:secret" }));
      return;
    }
    await run(tenant ?? "", payload, response);
  };

  const run = async (tenant: string, payload: Uint8Array, response: ServerResponse): Promise<void> => {
    const environment = take(tenant) ?? (await start(code));
    response.writeHead(200, {
      "content-type": "application/vnd.amazon.eventstream",
      "x-amz-executed-version": "$LATEST",
    });
    response.flushHeaders();
    open += 1;
    response.once("close", () => {
      open -= 1;
    });
    let bytes = 0;
    for await (const part of environment.invoke(payload, timeoutMs)) {
      if ("chunk" in part) {
        bytes += part.chunk.byteLength;
        if (bytes > RESPONSE_BYTES) throw new Error("The function sent more than AWS streams.");
        await write(response, payloadChunk(part.chunk));
      } else {
        if (part.end === "done") idle.set(tenant, environment);
        const error =
          part.end === "done"
            ? undefined
            : { code: part.type, details: { errorType: part.type, errorMessage: part.message } };
        response.end(invokeComplete(error));
      }
    }
  };

  const take = (tenant: string): Environment | undefined => {
    const environment = idle.get(tenant);
    idle.delete(tenant);
    return environment?.alive() === true ? environment : undefined;
  };

  const start = async (folder: FunctionFolder): Promise<Environment> => {
    const environment = await startEnvironment(folder);
    environments.push(environment);
    return environment;
  };

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    open: () => open,
    environments,
    refuse: (...given) => void refusals.push(...given),
    setTimeout(milliseconds) {
      timeoutMs = milliseconds;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(environments.map((environment) => environment.close()));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await code[Symbol.asyncDispose]();
    },
  };
}

async function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  if (response.destroyed) return;
  if (response.write(bytes)) return;
  const settled = new AbortController();
  const { signal } = settled;
  try {
    await Promise.race([once(response, "drain", { signal }), once(response, "close", { signal })]);
  } finally {
    settled.abort();
  }
}
