/** One sandbox's forward proxy: HTTP CONNECT to allow-listed hosts (RFC 9110, 9.3.6), and nothing else. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type Connect, ConnectError } from "./connect.ts";
import { isAddress, parseHost, parseTarget, type Target, targetText } from "./target.ts";
import { tunnel } from "./tunnel.ts";

export interface ProxyLimits {
  /** Connections to the proxy at a time; what comes beyond is closed at once. */
  readonly connections: number;
  /** Bytes in both directions together, for as long as the sandbox lives. */
  readonly bytes: number;
  /** Milliseconds without a byte after which a tunnel is ended. */
  readonly idleMs: number;
  /** Milliseconds a client may take for its request. */
  readonly requestMs: number;
}

export interface ProxyOptions {
  readonly limits: ProxyLimits;
  isAllowed(target: Target): boolean;
  readonly connect: Connect;
  /** Told each time something is refused: `host:port`, or what was asked for instead, as it was sent. */
  onRefused(target: string): void;
}

export interface Proxy {
  /** Rejects when it cannot. */
  listen(path: string): Promise<void>;
  /** Off at first; turning it off ends every tunnel before it returns. */
  allow(on: boolean): void;
  close(): Promise<void>;
}

const MAX_HEADER_BYTES = 8192;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

interface Refusal {
  readonly status: string;
  readonly message: string;
}

const NOT_CONNECT: Refusal = {
  status: "405 Method Not Allowed\r\nAllow: CONNECT",
  message: "This proxy only takes CONNECT requests: use https.",
};
const MALFORMED: Refusal = {
  status: "400 Bad Request",
  message: 'This proxy takes one CONNECT request for "host:port" on each connection.',
};
const forbidden = (message: string): Refusal => ({ status: "403 Forbidden", message });

export function createProxy({ limits, isAllowed, connect, onRefused }: ProxyOptions): Proxy {
  let on = false;
  let bytes = 0;
  /** For each connection whose request was let through, what ends it. */
  const admitted = new Map<Socket, () => void>();
  const asked = new WeakSet<Socket>();

  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: limits.requestMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.requestMs,
  });
  server.maxConnections = limits.connections;
  // a connection that cannot be accepted, for want of descriptors, is its client's loss and not the runner's end
  server.on("error", () => {});
  const clients = new Set<Socket>();
  server.on("connection", (client) => {
    clients.add(client);
    client.once("close", () => clients.delete(client));
  });

  const refusalOf = (target: Target): Refusal | undefined => {
    const text = targetText(target);
    if (!on) return forbidden(`The network is off: "${text}" was not connected to.`);
    if (!isAllowed(target)) return forbidden(`"${text}" is not on the allow-list of this sandbox-runner.`);
    if (bytes >= limits.bytes) return forbidden("This sandbox has used up the bytes it may transfer.");
    return undefined;
  };

  const join = (target: Target, client: Socket, upstream: Socket) =>
    tunnel(client, upstream, {
      idleMs: limits.idleMs,
      count: (length) => {
        const fits = bytes + length <= limits.bytes;
        bytes = fits ? bytes + length : limits.bytes;
        return fits;
      },
      isServerName: (name) => {
        if (name === undefined && isAddress(target.host)) return true;
        const named = parseTarget(`${name ?? ""}:${target.port}`);
        if (named?.host === target.host) return true;
        onRefused(named === undefined ? targetText(target) : targetText(named));
        return false;
      },
    });

  const serve = async (target: Target, client: Socket, head: Buffer): Promise<void> => {
    const leaving = new AbortController();
    admitted.set(client, () => leaving.abort());
    client.once("close", () => {
      admitted.delete(client);
      leaving.abort();
    });
    try {
      const upstream = await connect(target, leaving.signal);
      // it may have left just as the connection was there
      if (client.destroyed) return void upstream.destroy();
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      if (head.length > 0) client.unshift(head);
      admitted.set(client, join(target, client, upstream));
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      if (error.forbidden) onRefused(targetText(target));
      refuse(client, error.forbidden ? forbidden(error.message) : badGateway(error.message));
    }
  };

  server.on("connect", (request, client: Socket, head) => {
    client.on("error", () => client.destroy());
    const target = asked.has(client) ? undefined : parseTarget(request.url ?? "");
    asked.add(client);
    const refusal = target === undefined || !isPlain(request, target) ? MALFORMED : refusalOf(target);
    if (target === undefined || refusal !== undefined) {
      onRefused(target === undefined ? (request.url ?? "") : targetText(target));
      refuse(client, refusal ?? MALFORMED);
      return;
    }
    serve(target, client, head).catch(() => client.destroy());
  });

  const refuseRequest = (request: IncomingMessage) => {
    const url = URL.parse(request.url ?? "");
    if (url !== null && url.hostname !== "") {
      onRefused(`${url.hostname}:${url.port || (DEFAULT_PORTS[url.protocol] ?? "")}`);
    }
    asked.add(request.socket);
    refuse(request.socket, NOT_CONNECT);
  };
  server.on("request", refuseRequest);
  server.on("checkContinue", refuseRequest);
  server.on("checkExpectation", refuseRequest);

  const allow = (allowed: boolean) => {
    on = allowed;
    if (allowed) return;
    for (const [client, end] of admitted) {
      end();
      client.destroy();
    }
  };
  return {
    allow,
    listen: async (path) => {
      await once(server.listen(path), "listening");
    },
    close: async () => {
      allow(false);
      for (const client of clients) client.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}

const badGateway = (message: string): Refusal => ({ status: "502 Bad Gateway", message });

/** A request whose header says nothing else than its target, and that has no content (RFC 9110, 9.3.6). */
function isPlain({ headers }: IncomingMessage, target: Target): boolean {
  return (
    headers["transfer-encoding"] === undefined &&
    (headers["content-length"] ?? "0") === "0" &&
    (headers.host === undefined || isSameHost(headers.host, target))
  );
}

function isSameHost(text: string, { host, port }: Target): boolean {
  if (parseHost(text) === host) return true;
  const target = parseTarget(text);
  return target?.host === host && target.port === port;
}

/** Answers with a sentence and closes. */
function refuse(client: Socket, { status, message }: Refusal): void {
  const body = `${message}\n`;
  client.write(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  client.destroySoon();
}
