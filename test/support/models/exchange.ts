/** One request and the answer to it, byte by byte where a fault wants it so. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Random } from "../random.ts";
import type { Frame } from "./frames.ts";
import { type Chunking, chunksOf, sseBytes, sseStyle } from "./pieces.ts";
import type { Protocol } from "./turn.ts";

export interface Exchange {
  readonly protocol: Protocol;
  /** The right answer. */
  readonly frames: readonly Frame[];
  /** True once nobody reads any more. */
  readonly gone: boolean;
  /** Answers at once, with JSON unless the headers say otherwise. */
  reply(status: number, headers: Readonly<Record<string, string>>, body: string): Promise<void>;
  /** Sends status and headers: those of an event stream by default. */
  open(status?: number, headers?: Readonly<Record<string, string>>): void;
  event(frame: Frame): Promise<void>;
  bytes(bytes: string | Uint8Array): Promise<void>;
  /** The bytes of the right answer. */
  encoded(): Uint8Array;
  /** Sends the right answer, in pieces of a kind. */
  stream(chunking: Chunking): Promise<void>;
  end(): void;
  /** Ends the connection in the middle, behind what was written. */
  cut(): void;
  /** Resolves when the client has left, or the server is closed. */
  left(): Promise<void>;
}

export function createExchange(
  response: ServerResponse,
  protocol: Protocol,
  frames: readonly Frame[],
  random: Random,
): Exchange {
  const style = sseStyle(random);
  const encode = ({ event, data }: Frame): Uint8Array =>
    sseBytes({ event, data: typeof data === "string" ? data : JSON.stringify(data) }, style, random);
  const closed = once(response, "close");
  const bytes = async (chunk: string | Uint8Array): Promise<void> => {
    if (response.destroyed) return;
    if (!response.write(chunk)) await Promise.race([once(response, "drain"), closed]);
  };
  const exchange: Exchange = {
    protocol,
    frames,
    get gone() {
      return response.destroyed;
    },
    async reply(status, headers, body) {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(body);
    },
    open(status = 200, headers = {}) {
      response.writeHead(status, { "content-type": "text/event-stream", ...headers });
      response.flushHeaders();
    },
    event: (frame) => bytes(encode(frame)),
    bytes,
    encoded: () => Buffer.concat(frames.map(encode)),
    async stream(chunking) {
      exchange.open();
      response.socket?.setNoDelay(true);
      for (const chunk of chunksOf(frames.map(encode), chunking, random)) {
        await bytes(chunk);
        // each write in a packet of its own, as far as the system lets it
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    },
    end: () => void response.end(),
    cut: () => response.socket?.destroySoon(),
    left: async () => {
      await closed;
    },
  };
  return exchange;
}
