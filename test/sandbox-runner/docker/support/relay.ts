/** An engine that can go away: a socket that leads to the real one for as long as it is told to. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Cuts every connection, and lets none through until it is back. */
  leave(): void;
  comeBack(): void;
  /** Lets connections be made, and answers nothing. */
  hang(): void;
}

/** To the engine that `DOCKER_HOST` names, a unix socket. */
export async function startRelay(): Promise<Relay> {
  const path = (process.env["DOCKER_HOST"] ?? "").replace(/^unix:\/\//, "");
  const sockets = new Set<Socket>();
  let state: "there" | "away" | "hanging" = "there";
  const hold = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    hold(client);
    if (state === "hanging") return;
    if (state === "away") {
      client.destroy();
      return;
    }
    const engine = connect({ path, allowHalfOpen: true });
    hold(engine);
    client.on("close", () => engine.destroy());
    engine.on("close", () => client.destroy());
    client.pipe(engine).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (to: typeof state) => {
    state = to;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    leave: () => cut("away"),
    comeBack: () => cut("there"),
    hang: () => cut("hanging"),
    async [Symbol.asyncDispose]() {
      cut("away");
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
