/** Speaks to a proxy as a hostile program would: any bytes, over a connection of its own. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Answer {
  /** 0 when the proxy closed the connection without a word. */
  readonly status: number;
  /** What follows the header: a refusal's sentence, or the first bytes out of a tunnel. */
  readonly body: string;
  readonly socket: Socket;
}

/** Sends `request` as it is; settles with the header of the answer and what came along with it. */
export async function ask(path: string, request: string | Buffer): Promise<Answer> {
  const socket = connect({ path, allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(request);
  const text = await new Promise<string>((resolve) => {
    let received = "";
    const read = (chunk: Buffer) => {
      received += chunk.toString("latin1");
      if (!received.includes("\r\n\r\n")) return;
      socket.off("data", read).pause();
      resolve(received);
    };
    socket.on("data", read);
    socket.once("close", () => resolve(received));
    socket.once("end", () => resolve(received));
  });
  const [, status = "0", body = ""] = /^HTTP\/1\.1 (\d{3}) .*?\r\n\r\n(.*)$/s.exec(text) ?? [];
  return { status: Number(status), body, socket };
}

/** A CONNECT request as clients send it. */
export function connectRequest(target: string): string {
  return `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`;
}

/** Asks for a tunnel. */
export function tunnelTo(path: string, target: string): Promise<Answer> {
  return ask(path, connectRequest(target));
}

/** All that a connection still says until its end, however it ends, as text. */
export async function rest(socket: Socket): Promise<string> {
  let received = "";
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
  });
  socket.resume();
  if (!socket.closed && !socket.readableEnded) {
    await new Promise<void>((resolve) => {
      socket.once("end", resolve).once("close", resolve);
    });
  }
  return received;
}
