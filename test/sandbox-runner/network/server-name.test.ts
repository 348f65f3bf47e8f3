import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Duplex } from "node:stream";
import { type ConnectionOptions, connect } from "node:tls";
import { expect, test } from "vitest";
import { readServerName } from "../../../sandbox-runner/src/network/server-name.ts";
import { randomNumbers } from "../../support/random.ts";
import { rest, tunnelTo } from "./support/ask.ts";
import { certify } from "./support/authority.ts";
import { openNetwork } from "./support/open-network.ts";
import { startUpstream } from "./support/upstream.ts";

/** The first bytes of a real client. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const socket = new Duplex({ read() {}, write: (chunk: Buffer) => resolve(chunk) });
  const client = connect({ socket, ...options }).on("error", () => {});
  const hello = await promise;
  client.destroy();
  return hello;
}

const RECORD_HEADER = 5;

/** The same message, cut into records of so many bytes. */
function cut(hello: Buffer, size: number): Buffer {
  const records: Buffer[] = [];
  for (let at = RECORD_HEADER; at < hello.length; at += size) {
    const part = hello.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 0xff]), part);
  }
  return Buffer.concat(records);
}

test("the name is read as soon as the hello is whole, however it is cut, and whatever follows", async () => {
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const hello = await helloOf({ servername: "registry.example.org", maxVersion });
    for (const bytes of [hello, cut(hello, 1), cut(hello, 100)]) {
      for (let end = 0; end < bytes.length; end += 1) {
        expect(readServerName(bytes.subarray(0, end))).toBe("more");
      }
      expect(readServerName(bytes)).toEqual({ name: "registry.example.org" });
      const more = Buffer.concat([bytes, Buffer.from("\u0014\u0003\u0003\u0000\u0001\u0001more")]);
      expect(readServerName(more)).toEqual({ name: "registry.example.org" });
    }
  }
});

test("a hello without a name has none, and other protocols are told apart by their first byte", async () => {
  expect(readServerName(await helloOf({}))).toEqual({ name: undefined });
  expect(readServerName(Buffer.from("SSH-2.0-OpenSSH\r\n"))).toBe("not_tls");
  expect(readServerName(Buffer.from("\u0017\u0003\u0003"))).toBe("not_tls");
});

test("two names are none, and so are a name of another type, a message that is no hello, and one that is too long", async () => {
  const hello = await helloOf({ servername: "aaaa.example.org" });
  const at = hello.indexOf("aaaa.example.org");
  const changed = (offset: number, ...bytes: number[]) => {
    const copy = Buffer.from(hello);
    copy.set(bytes, offset);
    return readServerName(copy);
  };
  // type and length of the name stand before it: cut in two, the list has the names "a" and "example.org"
  expect(changed(at - 3, 0, 0, 1, 97, 0, 0, 12)).toEqual({ name: undefined });
  expect(changed(at - 3, 1)).toEqual({ name: undefined });
  expect(changed(RECORD_HEADER, 2)).toEqual({ name: undefined });
  expect(readServerName(cut(Buffer.alloc(17_000, hello.subarray(0, 9)), 1000))).toEqual({ name: undefined });
  expect(
    readServerName(Buffer.concat([Buffer.from([22, 3, 1, 64, 0, 1, 0, 255, 255]), Buffer.alloc(16_384)])),
  ).toEqual({ name: undefined });
});

test("no bytes make the reader throw, and none make it find a name that is not in them", async () => {
  const hello = await helloOf({ servername: "registry.example.org" });
  const next = randomNumbers(1);
  for (let round = 0; round < 5000; round += 1) {
    const copy = Buffer.from(hello);
    for (let change = 0; change < 3; change += 1) copy[Math.floor(next() * 300)] = Math.floor(next() * 256);
    const read = readServerName(copy);
    if (typeof read === "object" && read.name !== undefined)
      expect(copy.includes(read.name, 0, "latin1")).toBe(true);
  }
});

const NAMES = ["registry.example.org", "other.example.org"];
const certified = await certify(NAMES);

/** A host that answers for both names, as those behind one address of a big provider do. */
async function startHost() {
  const asked: string[] = [];
  const server = createServer(certified, (request, response) => {
    asked.push(String((request.socket as { servername?: string }).servername));
    response.end("answer");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** What a TLS client gets through a tunnel to `target` when it asks for `servername`. */
async function fetchThrough(proxy: string, target: string, servername: string): Promise<string> {
  const { socket } = await tunnelTo(proxy, target);
  const client = connect({ socket, ca: certified.ca, servername, checkServerIdentity: () => undefined });
  client.on("error", () => {});
  client.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  return await rest(client);
}

test("a tunnel to one host does not lead to another one behind the same address", async () => {
  await using host = await startHost();
  const target = `registry.example.org:${host.port}`;
  await using open = await openNetwork([target]);
  expect(await fetchThrough(open.socket, target, "registry.example.org")).toContain("answer");
  expect(await fetchThrough(open.socket, target, "REGISTRY.example.org")).toContain("answer");
  expect(open.sandbox.takeRefused()).toEqual([]);
  expect(await fetchThrough(open.socket, target, "other.example.org")).toBe("");
  expect(open.sandbox.takeRefused()).toEqual([`other.example.org:${host.port}`]);
  expect(await fetchThrough(open.socket, target, "")).toBe("");
  expect(open.sandbox.takeRefused()).toEqual([target]);
  expect(host.asked).toEqual(["registry.example.org", "REGISTRY.example.org"]);
});

test("a host that is listed by its address needs no name", async () => {
  await using host = await startHost();
  const target = `127.0.0.1:${host.port}`;
  await using open = await openNetwork([target]);
  expect(await fetchThrough(open.socket, target, "")).toContain("answer");
});

test.each([
  ["other.example.org", false],
  ["registry.example.org", true],
])("a hello for %s that comes byte by byte is passed on whole or not at all", async (servername, passed) => {
  const hello = await helloOf({ servername });
  const received: Buffer[] = [];
  await using upstream = await startUpstream((socket) => {
    socket.on("data", (chunk) => received.push(chunk)).on("end", () => socket.end());
  });
  const target = `registry.example.org:${upstream.port}`;
  await using open = await openNetwork([target]);
  const { socket } = await tunnelTo(open.socket, target);
  for (const byte of hello) socket.write(Buffer.from([byte]));
  socket.end();
  await rest(socket);
  expect(Buffer.concat(received)).toEqual(passed ? hello : Buffer.alloc(0));
});

test("hosts that speak first, and other protocols than TLS, are passed through", async () => {
  await using upstream = await startUpstream((socket) => socket.write("220 ready\r\n"));
  const target = `mail.example.org:${upstream.port}`;
  await using open = await openNetwork([target]);
  const { socket, body } = await tunnelTo(open.socket, target);
  const greeting = body === "" ? String((await once(socket.resume(), "data"))[0]) : body;
  expect(greeting).toBe("220 ready\r\n");
  socket.write("HELO");
  const [connection] = upstream.connections;
  expect(connection && String((await once(connection, "data"))[0])).toBe("HELO");
});
