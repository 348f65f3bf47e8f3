/** Stands between the service and a runner: keeps what was sent, and dies in the middle of whatever a test says. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** Where in a request: when it arrives, when its body has come, behind the headers of the answer, or inside of its first bytes. */
export type Moment = "arrives" | "is sent" | "is answered" | "streams";

export interface RelayedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: string;
  readonly body: Buffer;
}

export interface RunnerRelay extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly RelayedRequest[];
  /** From the next request on whose `METHOD path` matches, nothing is there any more: connections are cut, new ones too. */
  dieAt(pattern: RegExp, moment: Moment): void;
  /** Whether it has died. */
  readonly dead: boolean;
  revive(): void;
}

export async function startRelay(target: string): Promise<RunnerRelay> {
  const requests: RelayedRequest[] = [];
  const sockets = new Set<Socket>();
  let fate: { readonly pattern: RegExp; readonly moment: Moment } | undefined;
  let dead = false;
  const die = (): void => {
    dead = true;
    fate = undefined;
    for (const socket of sockets) socket.destroy();
  };

  const relay = (incoming: IncomingMessage, answer: ServerResponse): void => {
    const { method = "", url = "" } = incoming;
    const doomed = fate?.pattern.test(`${method} ${url}`) ? fate.moment : undefined;
    const body: Buffer[] = [];
    requests.push({
      method,
      path: url,
      headers: JSON.stringify(incoming.rawHeaders),
      get body() {
        return Buffer.concat(body);
      },
    });
    if (doomed === "arrives") {
      die();
      return;
    }
    const { host: _host, ...headers } = incoming.headers;
    const onward = send(target + url, { method, headers }, (answered) => {
      if (doomed === "is answered") {
        die();
        return;
      }
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answer.flushHeaders();
      answered.on("data", (chunk: Buffer) => {
        if (doomed === "streams") answer.write(chunk.subarray(0, Math.ceil(chunk.byteLength / 2)), die);
        else answer.write(chunk);
      });
      answered.on("end", () => answer.end());
      answered.on("error", () => answer.destroy());
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    incoming.on("data", (chunk: Buffer) => {
      body.push(chunk);
      onward.write(chunk);
    });
    incoming.on("end", () => {
      if (doomed === "is sent") die();
      else onward.end();
    });
    incoming.on("error", () => onward.destroy());
  };

  const server = createServer(relay).listen(0, "127.0.0.1");
  server.on("connection", (socket) => {
    if (dead) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    dieAt(pattern, moment) {
      fate = { pattern, moment };
    },
    get dead() {
      return dead;
    },
    revive() {
      dead = false;
      fate = undefined;
    },
    async [Symbol.asyncDispose]() {
      die();
      server.close();
      await once(server, "close");
    },
  };
}
