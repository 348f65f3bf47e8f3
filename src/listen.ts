/** Serves a fetch handler over HTTP, with Deno's own server or Node's. */
import { serve } from "@hono/node-server";

/** `address` is the IP address of whoever connected. */
export type Handler = (request: Request, address: string | undefined) => Response | Promise<Response>;

export interface Listening {
  readonly port: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** The part of Deno that is used (https://docs.deno.com/api/deno/~/Deno.serve). */
interface DenoServer {
  serve(
    options: {
      hostname: string;
      port: number;
      /** Ends the server and every connection; `shutdown` would wait for readers to leave. */
      signal: AbortSignal;
      onListen: (address: { port: number }) => void;
    },
    handler: (request: Request, info: { remoteAddr: { hostname?: string } }) => Response | Promise<Response>,
  ): { readonly finished: Promise<void> };
}

/** Rejects when the address is taken. */
export async function listen(hostname: string, port: number, handle: Handler): Promise<Listening> {
  const { promise, resolve, reject } = Promise.withResolvers<Listening>();
  const deno = (globalThis as { readonly Deno?: DenoServer }).Deno;
  if (deno !== undefined) {
    const ending = new AbortController();
    const server = deno.serve(
      {
        hostname,
        port,
        signal: ending.signal,
        onListen: (address) =>
          resolve({
            port: address.port,
            close() {
              ending.abort();
              return server.finished;
            },
          }),
      },
      (request, { remoteAddr }) => handle(request, remoteAddr.hostname),
    );
    return await promise;
  }
  const server = serve(
    {
      hostname,
      port,
      fetch: (request, { incoming }) => handle(request, incoming.socket.remoteAddress),
    },
    (address) => {
      resolve({
        port: address.port,
        close() {
          const closed = Promise.withResolvers<void>();
          server.close(() => closed.resolve());
          if ("closeAllConnections" in server) server.closeAllConnections();
          return closed.promise;
        },
      });
    },
  );
  server.on("error", reject);
  return await promise;
}
