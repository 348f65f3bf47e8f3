/** Joins two connections, byte for byte, until both are through. */
import type { Socket } from "node:net";
import { Transform } from "node:stream";
import { type FirstBytes, readServerName } from "./server-name.ts";

export interface TunnelOptions {
  /** Milliseconds without a byte in either direction after which the tunnel ends. */
  readonly idleMs: number;
  /** Told of every chunk before it is passed on; false ends the tunnel. */
  count(bytes: number): boolean;
  /** Judges the name that a TLS client asks for; false ends the tunnel. Not asked about other protocols. */
  isServerName(name: string | undefined): boolean;
}

/**
 * A side that is slow slows the other one down; a side that ends its half leaves the other half open
 * (both sockets must allow that). An error, or an option that says so, ends both, and so does what is returned:
 * at once, with what is on its way.
 */
export function tunnel(client: Socket, upstream: Socket, options: TunnelOptions): () => void {
  const end = () => {
    client.destroy();
    upstream.destroy();
  };
  const there = passing(options.count);
  const back = passing(options.count);
  const judge = judging(options.isServerName);
  for (const stream of [there, back, judge]) stream.on("error", end);
  client.pipe(judge).pipe(there).pipe(upstream);
  upstream.pipe(back).pipe(client);
  for (const socket of [client, upstream]) socket.setTimeout(options.idleMs, end).on("error", end);
  return end;
}

function passing(count: TunnelOptions["count"]): Transform {
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      if (count(chunk.length)) done(null, chunk);
      else done(new Error("no bytes are left"));
    },
  });
}

/** Holds back the first bytes until they can be judged, and passes on the rest. */
function judging(isServerName: TunnelOptions["isServerName"]): Transform {
  let held: Buffer | undefined = Buffer.alloc(0);
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      if (held === undefined) return done(null, chunk);
      held = Buffer.concat([held, chunk]);
      const first: FirstBytes = readServerName(held);
      if (first === "more") return done();
      if (first !== "not_tls" && !isServerName(first.name)) return done(new Error("another server"));
      const judged = held;
      held = undefined;
      done(null, judged);
    },
  });
}
