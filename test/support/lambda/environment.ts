/** One execution environment of a function: AWS's own runtime client with the real handler, behind a Runtime API. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { chown, mkdir } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { FunctionFolder } from "./function-folder.ts";

/** What an invocation brings forth, in order; the last is an end. */
export type InvocationPart =
  | { readonly chunk: Uint8Array }
  | { readonly end: "done" }
  | { readonly end: "error"; readonly type: string; readonly message: string };

export interface Environment {
  readonly uid: number;
  /** What the function logged. */
  log(): string;
  /** Files that it may write, and that stay from one invocation to the next. */
  readonly tmp: string;
  /** One at a time. */
  invoke(payload: Uint8Array, timeoutMs: number): AsyncGenerator<InvocationPart, void>;
  /** False once its function has ended. */
  alive(): boolean;
  close(): Promise<void>;
}

/** Not secret: for tests only, and never to be seen by a command. */
export const FUNCTION_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: "ASIACANARYCANARY0001",
  AWS_SECRET_ACCESS_KEY: "canary-secret-of-the-function-role",
  AWS_SESSION_TOKEN: "canary-session-of-the-function-role",
} as const;

/** Of users that nobody is; each environment has one, as it has a machine of its own at AWS. */
let nextUid = 200_000 + (process.pid % 50_000) * 20;

interface Running {
  readonly id: string;
  readonly part: (part: InvocationPart) => Promise<void>;
}

export async function startEnvironment(code: FunctionFolder): Promise<Environment> {
  nextUid += 1;
  const uid = nextUid;
  const tmp = join(code.path, `tmp-${uid}`);
  await mkdir(tmp, { mode: 0o700 });
  await chown(tmp, uid, uid);
  let log = "";
  let waiting: ((payload: { id: string; bytes: Uint8Array; deadline: number }) => void) | undefined;
  let ready = Promise.withResolvers<void>();
  let running: Running | undefined;

  /** The Runtime API (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). */
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url = "" } = request;
    if (method === "GET" && url === "/2018-06-01/runtime/invocation/next") {
      waiting = ({ id, bytes, deadline }) => {
        response.writeHead(200, {
          "content-type": "application/json",
          "lambda-runtime-aws-request-id": id,
          "lambda-runtime-deadline-ms": String(deadline),
          "lambda-runtime-invoked-function-arn": "arn:aws:lambda:eu-central-1:000000000000:function:sandbox",
        });
        response.end(bytes);
      };
      ready.resolve();
      return;
    }
    const id = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/response$/.exec(url)?.[1];
    if (method === "POST" && id !== undefined && id === running?.id) {
      const { part } = running;
      for await (const chunk of request) await part({ chunk });
      const type = request.trailers["lambda-runtime-function-error-type"];
      response.writeHead(202).end("{}");
      running = undefined;
      if (type === undefined) await part({ end: "done" });
      else await part({ end: "error", type: String(type), message: "The function threw." });
      return;
    }
    if (method === "POST") {
      for await (const chunk of request) log += String(chunk);
      response.writeHead(202).end("{}");
      return;
    }
    response.writeHead(404).end();
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  let child: ChildProcess | undefined = spawn(code.node, [code.runtimeClient], {
    cwd: code.path,
    uid,
    gid: uid,
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      LANG: "en_US.UTF-8",
      TMPDIR: tmp,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      LAMBDA_TASK_ROOT: code.path,
      _HANDLER: code.handler,
      AWS_LAMBDA_FUNCTION_NAME: "sandbox",
      AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
      AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/sandbox",
      AWS_LAMBDA_LOG_STREAM_NAME: "stream",
      AWS_REGION: "eu-central-1",
      ...FUNCTION_CREDENTIALS,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-20_000);
    });
  child.on("exit", (code, signal) => {
    child = undefined;
    killAll(uid);
    const how = signal === "SIGKILL" ? "signal: killed" : `exit status ${code}`;
    ready.reject(new Error(`The function ended (${how}): ${log}`));
    ready.promise.catch(() => {});
    void running?.part({
      end: "error",
      type: "Runtime.ExitError",
      message: `RequestId: ${running.id} Error: Runtime exited with error: ${how}`,
    });
  });

  return {
    uid,
    tmp,
    log: () => log,
    alive: () => child !== undefined,
    async *invoke(payload, timeoutMs) {
      await ready.promise;
      ready = Promise.withResolvers();
      const id = randomUUID();
      const parts = new TransformStream<InvocationPart, InvocationPart>();
      const writer = parts.writable.getWriter();
      let over = false;
      const part = async (given: InvocationPart): Promise<void> => {
        if (over) return;
        if ("end" in given) over = true;
        await writer.write(given).catch(() => {});
        if (over) await writer.close().catch(() => {});
      };
      running = { id, part };
      const timer = setTimeout(() => {
        const message = `RequestId: ${id} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
        void part({ end: "error", type: "Sandbox.Timedout", message });
        killAll(uid);
      }, timeoutMs);
      try {
        waiting?.({ id, bytes: payload, deadline: Date.now() + timeoutMs });
        for await (const given of parts.readable) yield given;
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      const ended = child === undefined ? undefined : once(child, "exit");
      killAll(uid);
      await ended;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As when a machine is taken away. */
function killAll(uid: number): void {
  for (const pid of processesOf(uid)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}

/** Process ids, zombies left out. */
export function processesOf(uid: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "latin1");
        return new RegExp(`^Uid:\\s+${uid}\\b`, "m").test(status) && !/^State:\s+[ZX]/m.test(status);
      } catch {
        return false;
      }
    });
}
