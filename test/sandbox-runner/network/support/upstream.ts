/** A server on loopback that stands for an allow-listed host, and counts who comes. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

export interface Upstream extends AsyncDisposable {
  readonly port: number;
  /** Everybody who ever connected. */
  readonly connections: readonly Socket[];
}

/** `serve` gets every connection; without it they are answered with what they send. */
export async function startUpstream(
  serve: (socket: Socket) => void = (socket) => socket.pipe(socket),
  host = "127.0.0.1",
  port = 0,
): Promise<Upstream> {
  const connections: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.push(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  server.listen(port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
