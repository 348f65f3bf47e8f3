import { Resolver } from "node:dns/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isReachable } from "../../../sandbox-runner/src/network/addresses.ts";
import { createConnect } from "../../../sandbox-runner/src/network/connect.ts";
import { sharing } from "../../../sandbox-runner/src/network/resolve.ts";
import { until } from "../../support/until.ts";
import { rest, tunnelTo } from "./support/ask.ts";
import { startNameServer } from "./support/name-server.ts";
import { openNetwork } from "./support/open-network.ts";
import { startUpstream } from "./support/upstream.ts";

const outcome = async (socket: string, target: string) => {
  const answer = await tunnelTo(socket, target);
  answer.socket.end();
  await rest(answer.socket);
  return answer.status;
};

test("an allow-listed name at a private address is refused and reported, unless it is listed as private", async () => {
  await using upstream = await startUpstream();
  const target = `registry.example.org:${upstream.port}`;
  await using open = await openNetwork([target], { allowPrivate: [] });
  expect(await outcome(open.socket, target)).toBe(403);
  expect(open.sandbox.takeRefused()).toEqual([target]);
  await using listed = await openNetwork([target], { allowPrivate: [target] });
  expect(await outcome(listed.socket, target)).toBe(200);
  expect(upstream.connections).toHaveLength(1);
});

test("being listed as private lets nobody through who is not allow-listed", async () => {
  await using upstream = await startUpstream();
  const target = `127.0.0.1:${upstream.port}`;
  await using open = await openNetwork([], { allowPrivate: [target] });
  expect(await outcome(open.socket, target)).toBe(403);
  expect(upstream.connections).toEqual([]);
});

test("a literal address is reached when it is listed, and as private where it is", async () => {
  await using upstream = await startUpstream();
  const target = `127.0.0.1:${upstream.port}`;
  await using open = await openNetwork([target]);
  expect(await outcome(open.socket, target)).toBe(200);
  await using unlisted = await openNetwork([target], { allowPrivate: [] });
  expect(await outcome(unlisted.socket, target)).toBe(403);
});

test("a name is looked up once: where it points a moment later does not matter", async () => {
  await using upstream = await startUpstream();
  // each answer is the other one's opposite: a link-local address is never reached
  await using names = await startNameServer((count) => (count % 2 === 1 ? "169.254.0.1" : "127.0.0.1"));
  const resolver = new Resolver();
  resolver.setServers([names.address]);
  const target = `rebound.example.org:${upstream.port}`;
  await using open = await openNetwork([target], { resolve: (name) => resolver.resolve4(name) });
  expect(await outcome(open.socket, target)).toBe(403);
  expect(names.asked).toEqual(["rebound.example.org"]);
  expect(upstream.connections).toEqual([]);
  expect(await outcome(open.socket, target)).toBe(200);
  expect(names.asked).toEqual(["rebound.example.org", "rebound.example.org"]);
});

test("connections that want the same name at the same time share one lookup", async () => {
  await using upstream = await startUpstream();
  const answers: PromiseWithResolvers<string[]>[] = [];
  const resolve = () => {
    const answer = Promise.withResolvers<string[]>();
    answers.push(answer);
    return answer.promise;
  };
  const connect = createConnect({ resolve: sharing(resolve), mayBePrivate: () => true, timeoutMs: 60_000 });
  const { signal } = new AbortController();
  const target = { host: "shared.example.org", port: upstream.port };
  for (let round = 1; round <= 2; round += 1) {
    const sockets = [connect(target, signal), connect(target, signal)];
    expect(answers).toHaveLength(round);
    answers.at(-1)?.resolve(["127.0.0.1"]);
    for (const socket of await Promise.all(sockets)) socket.destroy();
  }
});

test("a sandbox that asks for many names keeps no other's waiting", async () => {
  const names: string[] = [];
  const resolve = (name: string) => {
    names.push(name);
    return name === "quick.example.org" ? Promise.resolve([]) : new Promise<string[]>(() => {});
  };
  await using open = await openNetwork(["*.example.org"], { resolve });
  const other = await open.network.open("other");
  other.allow(true);
  const clients = Array.from({ length: 20 }, (_, index) =>
    connect(open.socket)
      .on("error", () => {})
      .end(`CONNECT n${index}.example.org:443 HTTP/1.1\r\n\r\n`),
  );
  await until("two are looked up", async () => names.length >= 2);
  expect(await outcome(join(other.folder, "proxy.sock"), "quick.example.org:443")).toBe(403);
  expect(names).toEqual(["n0.example.org", "n1.example.org", "quick.example.org"]);
  for (const client of clients) client.destroy();
});

test("a name that is not allow-listed is not looked up, so that none can carry data out", async () => {
  await using names = await startNameServer(() => "127.0.0.1");
  const resolver = new Resolver();
  resolver.setServers([names.address]);
  await using open = await openNetwork(["example.org"], { resolve: (name) => resolver.resolve4(name) });
  expect(await outcome(open.socket, "c2VjcmV0.evil.net:443")).toBe(403);
  open.sandbox.allow(false);
  expect(await outcome(open.socket, "example.org:443")).toBe(403);
  expect(names.asked).toEqual([]);
});

test("of several addresses only those that may be reached are tried", async () => {
  await using here = await startUpstream(undefined, "127.0.0.1");
  await using there = await startUpstream(undefined, "127.0.0.2", here.port);
  const target = `several.example.org:${here.port}`;
  const resolve = async () => ["::ffff:127.0.0.1", "169.254.169.254", "fe80::1%lo", "127.0.0.2"];
  await using open = await openNetwork([target], { resolve });
  expect(await outcome(open.socket, target)).toBe(200);
  expect([here.connections.length, there.connections.length]).toEqual([0, 1]);
  await using nobody = await openNetwork([target], {
    resolve: async () => ["::ffff:127.0.0.1", "no address"],
  });
  expect(await outcome(nobody.socket, target)).toBe(403);
  expect(here.connections).toEqual([]);
});

test("a name that cannot be resolved is nobody's refusal", async () => {
  await using open = await openNetwork(["gone.example.org"], {
    resolve: () => Promise.reject(new Error("NXDOMAIN")),
  });
  expect(await outcome(open.socket, "gone.example.org:443")).toBe(502);
  expect(open.sandbox.takeRefused()).toEqual([]);
});

const PUBLIC = [
  "1.1.1.1",
  "8.8.8.8",
  "172.15.0.1",
  "172.32.0.1",
  "100.128.0.1",
  "2606:4700::1111",
  "2a00::1",
];
const PRIVATE = [
  "10.0.0.1",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "100.64.0.1",
  "127.0.0.1",
  "127.255.255.254",
  "::1",
  "fc00::1",
  "fdff::1",
  "192.0.2.1",
  "198.18.0.1",
  "198.51.100.1",
  "203.0.113.1",
  "2001:db8::1",
  "3fff::1",
];
const NEVER = [
  "0.0.0.0",
  "0.1.2.3",
  "169.254.169.254",
  "169.254.0.1",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "224.0.0.1",
  "239.255.255.255",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::2",
  "::127.0.0.1",
  "::ffff:127.0.0.1",
  "::ffff:8.8.8.8",
  "::ffff:0:127.0.0.1",
  "64:ff9b::127.0.0.1",
  "64:ff9b::8.8.8.8",
  "64:ff9b:1::1",
  "100::1",
  "2001::1",
  "2002:7f00:1::1",
  "5f00::1",
  "fe80::1",
  "fe80::1%eth0",
  "fec0::1",
  "ff02::1",
  "fd00:ec2::254",
  "",
  "localhost",
];

test("addresses are public, private or nobody's", () => {
  const reachable = (mayBePrivate: boolean) =>
    [...PUBLIC, ...PRIVATE, ...NEVER].filter((address) => isReachable(address, mayBePrivate));
  expect(reachable(false)).toEqual(PUBLIC);
  expect(reachable(true)).toEqual([...PUBLIC, ...PRIVATE]);
});
