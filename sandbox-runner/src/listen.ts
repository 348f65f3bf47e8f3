/** Serves a runner over HTTP, with bounds on what a connection may cost. */

import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import type { Runner } from "./runner.ts";
import { SetUpError } from "./settings.ts";

export interface Listening {
  /** `http://127.0.0.1:8787`. */
  readonly url: string;
  /** Waits until the answers under way are out, for a second, then ends every connection. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 1_000;
const MAX_HEADERS = 50;
const MAX_HEADER_BYTES = 16_384;
const HEADERS_MS = 10_000;
/** For a whole request with its body, queueing for a place included. */
const REQUEST_MS = 900_000;
const GRACE_MS = 1_000;
const IDLE_MS = 20;

/** Throws SetUpError when the address is taken. Port 0 takes any that is free. */
export async function listen(runner: Runner, host: string, port: number): Promise<Listening> {
  const server = createAdaptorServer({
    fetch: (request) => runner.fetch(request),
    overrideGlobalObjects: false,
    serverOptions: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
    },
  }) as Server;
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = MAX_CONNECTIONS;
  const shown = host.includes(":") ? `[${host}]` : host;
  const ready = Promise.withResolvers<void>();
  server.once("error", (cause: Error) => {
    ready.reject(new SetUpError(`Cannot listen on ${shown}:${port} (HOST, PORT): ${cause.message}.`));
  });
  server.listen(port, host, () => ready.resolve());
  await ready.promise;
  const address = server.address();
  const actual = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://${shown}:${actual}`,
    async close() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      // Those that become idle later are not closed by themselves.
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_MS);
      const late = setTimeout(() => server.closeAllConnections(), GRACE_MS);
      await closed.promise;
      clearInterval(idle);
      clearTimeout(late);
    },
  };
}
