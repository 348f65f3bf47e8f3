/** A DNS server on loopback whose answers change from one question to the next (RFC 1035). */
import { createSocket } from "node:dgram";
import { once } from "node:events";

export interface NameServer extends AsyncDisposable {
  /** `host:port`, as `Resolver.setServers` wants it. */
  readonly address: string;
  /** The names that were asked for. */
  readonly asked: readonly string[];
}

const HEADER_BYTES = 12;
const RESPONSE = Buffer.from([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
/** A pointer to the question's name; type A, class IN, no time to live, four bytes. */
const ANSWER = Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);

/** `answer` is told how many questions there were, this one included, and gives an IPv4 address. */
export async function startNameServer(answer: (count: number) => string): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket("udp4", (question, from) => {
    const labels: string[] = [];
    let at = HEADER_BYTES;
    for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
      labels.push(question.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    asked.push(labels.join("."));
    const address = Buffer.from(answer(asked.length).split(".").map(Number));
    const asIs = question.subarray(HEADER_BYTES, at + 5);
    socket.send(
      Buffer.concat([question.subarray(0, 2), RESPONSE, asIs, ANSWER, address]),
      from.port,
      from.address,
    );
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}
