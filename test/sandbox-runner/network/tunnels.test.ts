import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { expect, test } from "vitest";
import { createProxy } from "../../../sandbox-runner/src/network/proxy.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { rest, tunnelTo } from "./support/ask.ts";
import { openNetwork } from "./support/open-network.ts";
import { startUpstream } from "./support/upstream.ts";

const MIB = 1024 ** 2;
test("turning the network off ends open tunnels at once, and lets no new ones through until it is on again", async () => {
  await using upstream = await startUpstream();
  const target = `localhost:${upstream.port}`;
  await using open = await openNetwork([target]);
  const { socket } = await tunnelTo(open.socket, target);
  socket.write("before");
  expect(String((await once(socket.resume(), "data"))[0])).toBe("before");
  const received: Buffer[] = [];
  upstream.connections[0]?.on("data", (chunk) => received.push(chunk));
  socket.write("after");
  open.sandbox.allow(false);
  await Promise.all([socket, ...upstream.connections].map(rest));
  expect(received).toEqual([]);
  const refused = await tunnelTo(open.socket, target);
  expect(refused.status).toBe(403);
  expect(open.sandbox.takeRefused()).toEqual([target]);
  open.sandbox.allow(true);
  const again = await tunnelTo(open.socket, target);
  again.socket.destroy();
  expect(again.status).toBe(200);
});

test("a connection that is being made when the network goes off is not made", async () => {
  await using upstream = await startUpstream();
  const target = `slow.example.org:${upstream.port}`;
  const looked = Promise.withResolvers<void>();
  const name = Promise.withResolvers<string[]>();
  const resolve = () => {
    looked.resolve();
    return name.promise;
  };
  await using open = await openNetwork([target], { resolve });
  const asking = tunnelTo(open.socket, target);
  await looked.promise;
  open.sandbox.allow(false);
  open.sandbox.allow(true);
  name.resolve(["127.0.0.1"]);
  expect((await asking).status).toBe(0);
  const again = await tunnelTo(open.socket, target);
  again.socket.destroy();
  expect([again.status, upstream.connections.length]).toEqual([200, 1]);
});

test("each side may end its half and go on reading", async () => {
  await using upstream = await startUpstream((socket) => {
    let question = 0;
    socket.on("data", (chunk) => (question += chunk.length));
    socket.on("end", () => socket.end(`${question} bytes`));
  });
  await using open = await openNetwork([`localhost:${upstream.port}`]);
  const { socket } = await tunnelTo(open.socket, `localhost:${upstream.port}`);
  socket.end("question");
  expect(await rest(socket)).toBe("8 bytes");
  await Promise.all([socket, ...upstream.connections].map(rest));

  await using greeting = await startUpstream((socket) => socket.end("hello"));
  await using other = await openNetwork([`localhost:${greeting.port}`]);
  const second = await tunnelTo(other.socket, `localhost:${greeting.port}`);
  expect(second.body + (await rest(second.socket))).toBe("hello");
  second.socket.end("late");
  const [connection] = greeting.connections;
  expect(connection && (await rest(connection))).toBe("late");
});

test("a reader that stands still stops the host, and gets everything once it goes on", async () => {
  let sent = 0;
  await using upstream = await startUpstream((socket) => {
    const chunks = function* () {
      for (let n = 0; n < 64; n += 1) {
        sent += MIB;
        yield Buffer.alloc(MIB, n);
      }
    };
    pipeline(Readable.from(chunks()), socket).catch(() => {});
  });
  await using open = await openNetwork([`localhost:${upstream.port}`]);
  const { socket, body } = await tunnelTo(open.socket, `localhost:${upstream.port}`);
  let before = -1;
  await until("the host stands still", () => {
    const stands = sent === before && sent > 0;
    before = sent;
    return stands;
  });
  expect(sent).toBeLessThan(32 * MIB);
  let received = body.length;
  for await (const chunk of socket) received += (chunk as Buffer).length;
  expect(received).toBe(64 * MIB);
});

test("a host that goes away takes its client's connection with it, and the other way round", async () => {
  await using upstream = await startUpstream(() => {});
  await using open = await openNetwork([`localhost:${upstream.port}`]);
  const first = await tunnelTo(open.socket, `localhost:${upstream.port}`);
  upstream.connections[0]?.resetAndDestroy();
  await rest(first.socket);
  const second = await tunnelTo(open.socket, `localhost:${upstream.port}`);
  second.socket.destroy();
  await Promise.all(upstream.connections.map(rest));
});

test("a tunnel in which nothing moves is ended", async () => {
  await using upstream = await startUpstream();
  await using open = await openNetwork([`localhost:${upstream.port}`], { limits: { idleMs: 50 } });
  const { status, socket } = await tunnelTo(open.socket, `localhost:${upstream.port}`);
  expect(status).toBe(200);
  await Promise.all([socket, ...upstream.connections].map(rest));
});

test("bytes are counted both ways and over all tunnels; when they are used up, nothing more goes through", async () => {
  await using upstream = await startUpstream();
  const target = `localhost:${upstream.port}`;
  await using open = await openNetwork([target], { limits: { bytes: 100 } });
  const first = await tunnelTo(open.socket, target);
  first.socket.end("x".repeat(30));
  expect(await rest(first.socket)).toBe("x".repeat(30));
  const second = await tunnelTo(open.socket, target);
  second.socket.end("x".repeat(30));
  expect(await rest(second.socket)).toBe("");
  const third = await tunnelTo(open.socket, target);
  expect([third.status, third.body + (await rest(third.socket))]).toEqual([
    403,
    "This sandbox has used up the bytes it may transfer.\n",
  ]);
  expect(open.sandbox.takeRefused()).toEqual([target]);
});

test("a connection that is there just when the network goes off is ended", async () => {
  await using folder = await temporaryFolder();
  await using upstream = await startUpstream();
  const proxy = createProxy({
    limits: { connections: 1, bytes: MIB, idleMs: 60_000, requestMs: 60_000 },
    isAllowed: () => true,
    connect: async () => {
      const socket = connect({ port: upstream.port, host: "127.0.0.1" });
      await once(socket, "connect");
      proxy.allow(false);
      return socket;
    },
    onRefused: () => {},
  });
  await proxy.listen(join(folder.path, "proxy.sock"));
  proxy.allow(true);
  const { status } = await tunnelTo(join(folder.path, "proxy.sock"), "a.test:443");
  await until("the host was connected to", () => upstream.connections.length === 1);
  await Promise.all(upstream.connections.map(rest));
  expect(status).toBe(0);
  await proxy.close();
});

test("tunnels leave nothing open behind them, however they end", async () => {
  await using upstream = await startUpstream((socket) => {
    socket.once("data", () => socket.end("bye")).once("end", () => socket.end());
  });
  const target = `localhost:${upstream.port}`;
  await using open = await openNetwork([target, "localhost:1"]);
  const descriptors = async () => (await readdir("/proc/self/fd")).length;
  const before = await descriptors();
  const ends = [
    (socket: Socket) => socket.end("question"),
    (socket: Socket) => socket.destroy(),
    (socket: Socket) => socket.end(),
    (socket: Socket) => socket.write("question"),
  ];
  for (let round = 0; round < 200; round += 1) {
    const { socket } = await tunnelTo(open.socket, round % 5 === 4 ? "localhost:1" : target);
    ends[round % 5]?.(socket);
    if (round % 5 !== 1) await rest(socket);
    socket.destroy();
  }
  for (const socket of upstream.connections) socket.destroy();
  await until("every descriptor is closed", async () => (await descriptors()) <= before);
});
