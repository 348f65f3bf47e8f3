/** Something on loopback that scripted work stands still at until a test opens it. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Gate {
  /** Answers once the gate is open. */
  readonly url: string;
  /** How many stand at it. */
  readonly waiting: number;
  open(): void;
  /** Whoever comes from now on waits again. */
  shut(): void;
  close(): void;
}

export async function startGate(): Promise<Gate> {
  const waiting = new Set<ServerResponse>();
  let isOpen = false;
  const server = createServer((_request, response) => {
    if (isOpen) response.end();
    else waiting.add(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get waiting() {
      return waiting.size;
    },
    open: () => {
      isOpen = true;
      for (const response of waiting) response.end();
      waiting.clear();
    },
    shut: () => {
      isOpen = false;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
