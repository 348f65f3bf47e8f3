import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { until } from "../../support/until.ts";
import { ask, connectRequest, rest, tunnelTo } from "./support/ask.ts";
import { openNetwork } from "./support/open-network.ts";
import { startUpstream } from "./support/upstream.ts";

test("an allow-listed host is reached, in every spelling of its name", async () => {
  await using upstream = await startUpstream();
  await using open = await openNetwork([`registry.example.org:${upstream.port}`]);
  for (const host of ["registry.example.org", "REGISTRY.Example.org", "registry.example.org."]) {
    const { status, socket } = await tunnelTo(open.socket, `${host}:${upstream.port}`);
    socket.end("ping");
    expect([host, status, await rest(socket)]).toEqual([host, 200, "ping"]);
  }
  expect(open.sandbox.takeRefused()).toEqual([]);
});

test("a request of HTTP/1.0 without a Host header is served, as older clients of Python send it", async () => {
  await using upstream = await startUpstream();
  await using open = await openNetwork([`localhost:${upstream.port}`]);
  const { status, socket } = await ask(open.socket, `CONNECT localhost:${upstream.port} HTTP/1.0\r\n\r\n`);
  socket.destroy();
  expect(status).toBe(200);
});

test("bytes that come along with the request are the tunnel's first", async () => {
  await using upstream = await startUpstream();
  await using open = await openNetwork([`localhost:${upstream.port}`]);
  const { socket } = await ask(open.socket, `${connectRequest(`localhost:${upstream.port}`)}early`);
  socket.end(" late");
  expect(await rest(socket)).toBe("early late");
});

test.each([
  ["another host", "evil.example.net:PORT", "evil.example.net:PORT"],
  ["another port", "registry.example.org:22", "registry.example.org:22"],
  ["the default port, when another one is listed", "registry.example.org:443", "registry.example.org:443"],
  ["a name that ends in a listed one", "evil-registry.example.org:PORT", "evil-registry.example.org:PORT"],
  ["a name below a listed one", "a.registry.example.org:PORT", "a.registry.example.org:PORT"],
  ["the name above a wildcard", "example.com:PORT", "example.com:PORT"],
  ["a name that only ends like a wildcard", "evil-example.com:PORT", "evil-example.com:PORT"],
  ["a wildcard as it is written", "*.example.com:PORT", "*.example.com:PORT"],
  ["an empty label below a wildcard", ".example.com:PORT", ".example.com:PORT"],
  ["loopback", "127.0.0.1:PORT", "127.0.0.1:PORT"],
  ["loopback of IPv6", "[::1]:PORT", "[::1]:PORT"],
  ["loopback mapped into IPv6", "[::ffff:127.0.0.1]:PORT", "[::ffff:127.0.0.1]:PORT"],
  ["loopback in NAT64's prefix", "[64:ff9b::7f00:1]:PORT", "[64:ff9b::7f00:1]:PORT"],
  ["an address with a zone", "[fe80::1%25lo]:PORT", "[fe80::1%25lo]:PORT"],
  ["an address in decimal", "2130706433:PORT", "2130706433:PORT"],
  ["an address in octal", "0177.0.0.1:PORT", "0177.0.0.1:PORT"],
  ["an address in hexadecimal", "0x7f.0.0.1:PORT", "0x7f.0.0.1:PORT"],
  ["a short address", "127.1:PORT", "127.1:PORT"],
  ["the metadata service", "169.254.169.254:80", "169.254.169.254:80"],
  ["the unspecified address", "0.0.0.0:PORT", "0.0.0.0:PORT"],
  ["port 0", "registry.example.org:0", "registry.example.org:0"],
  ["a port past the last", "registry.example.org:65536", "registry.example.org:65536"],
  ["a port with a leading zero", "registry.example.org:0PORT", "registry.example.org:0PORT"],
  ["a port with a sign", "registry.example.org:+PORT", "registry.example.org:+PORT"],
  ["no port", "registry.example.org", "registry.example.org"],
  ["two ports", "registry.example.org:PORT:443", "registry.example.org:PORT:443"],
  ["user information", "me:secret@registry.example.org:PORT", "me:secret@registry.example.org:PORT"],
  [
    "user information that looks listed",
    "registry.example.org@evil.net:PORT",
    "registry.example.org@evil.net:PORT",
  ],
  ["a URL", "https://registry.example.org:PORT", "https://registry.example.org:PORT"],
  ["a path", "registry.example.org:PORT/", "registry.example.org:PORT/"],
  ["two trailing dots", "registry.example.org..:PORT", "registry.example.org..:PORT"],
  ["a percent-encoded name", "registry%2eexample.org:PORT", "registry%2eexample.org:PORT"],
])("%s is refused and reported, and nobody is connected to", async (_what, written, reported) => {
  await using upstream = await startUpstream();
  const port = String(upstream.port);
  await using open = await openNetwork([`registry.example.org:${port}`, `*.example.com:${port}`]);
  const { status, socket } = await tunnelTo(open.socket, written.replace("PORT", port));
  await rest(socket);
  expect([400, 403]).toContain(status);
  expect(open.sandbox.takeRefused()).toEqual([reported.replace("PORT", port)]);
  expect(upstream.connections).toEqual([]);
});

test.each([
  ["a Host header for another host", "CONNECT TARGET HTTP/1.1\r\nHost: evil.net\r\n\r\n", 400],
  ["a body", "CONNECT TARGET HTTP/1.1\r\nHost: TARGET\r\nContent-Length: 4\r\n\r\nabcd", 400],
  [
    "a chunked body",
    "CONNECT TARGET HTTP/1.1\r\nHost: TARGET\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
  ],
  ["two lengths", "CONNECT TARGET HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\nabcd", 400],
  ["a folded header", "CONNECT TARGET HTTP/1.1\r\nX: a\r\n b: c\r\nHost: evil.net\r\n\r\n", 400],
  ["a bare line feed", "CONNECT TARGET HTTP/1.1\nHost: TARGET\n\n", 400],
  ["a carriage return inside the target", "CONNECT TARGET\r HTTP/1.1\r\n\r\n", 400],
  ["a NUL inside the target", "CONNECT TARGET\0 HTTP/1.1\r\n\r\n", 400],
  ["a name in UTF-8", "CONNECT \u00e4TARGET HTTP/1.1\r\n\r\n", 400],
  ["a header of 9,000 bytes", `CONNECT TARGET HTTP/1.1\r\nX: ${"a".repeat(9000)}\r\n\r\n`, 431],
  ["a target of 9,000 bytes", `CONNECT ${"a".repeat(9000)}:443 HTTP/1.1\r\n\r\n`, 431],
  ["HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ["SOCKS", "\u0005\u0001\u0000\r\n\r\n", 400],
  ["a TLS handshake", "\u0016\u0003\u0001\u0000\u0005\r\n\r\n", 400],
])("a request with %s is refused, and nobody is connected to", async (_what, request, status) => {
  await using upstream = await startUpstream();
  await using open = await openNetwork([`localhost:${upstream.port}`]);
  const answer = await ask(open.socket, request.replaceAll("TARGET", `localhost:${upstream.port}`));
  await rest(answer.socket);
  expect(answer.status).toBe(status);
  expect(upstream.connections).toEqual([]);
});

test.each([
  ["GET http://TARGET/ HTTP/1.1\r\nHost: TARGET\r\n\r\n", ["TARGET"]],
  [
    "POST http://evil.net/ HTTP/1.1\r\nHost: TARGET\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
    ["evil.net:80"],
  ],
  [
    "GET http://TARGET/ HTTP/1.1\r\nHost: TARGET\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ["TARGET"],
  ],
  ["GET https://evil.net/ HTTP/1.1\r\nHost: evil.net\r\n\r\n", ["evil.net:443"]],
  ["GET file:///etc/passwd HTTP/1.1\r\nHost: evil.net\r\n\r\n", []],
  ["OPTIONS * HTTP/1.1\r\nHost: TARGET\r\n\r\n", []],
  ["GET / HTTP/1.1\r\nHost: TARGET\r\n\r\n", []],
  ["TRACE http://TARGET/ HTTP/1.1\r\nHost: TARGET\r\n\r\n", ["TARGET"]],
])("%j is answered with 405: only CONNECT is taken", async (request, refused) => {
  await using upstream = await startUpstream();
  const target = `localhost:${upstream.port}`;
  await using open = await openNetwork([target]);
  const { status, socket } = await ask(open.socket, request.replaceAll("TARGET", target));
  await rest(socket);
  expect(status).toBe(405);
  expect(open.sandbox.takeRefused()).toEqual(refused.map((text) => text.replace("TARGET", target)));
  expect(upstream.connections).toEqual([]);
});

test("a second request behind a refused one is not served", async () => {
  await using upstream = await startUpstream();
  const target = `localhost:${upstream.port}`;
  await using open = await openNetwork([target]);
  for (const first of [
    connectRequest("evil.net:443"),
    "GET http://evil.net/ HTTP/1.1\r\nHost: evil.net\r\n\r\n",
  ]) {
    const { socket, body } = await ask(open.socket, first + connectRequest(target));
    expect(body + (await rest(socket))).not.toContain("200 Connection Established");
  }
  expect(upstream.connections).toEqual([]);
});

test("a second request behind a served one is the host's to answer, as any other byte", async () => {
  await using upstream = await startUpstream();
  const target = `localhost:${upstream.port}`;
  await using open = await openNetwork([target]);
  const { socket } = await ask(open.socket, connectRequest(target) + connectRequest("evil.net:443"));
  socket.end();
  expect(await rest(socket)).toBe(connectRequest("evil.net:443"));
  expect(open.sandbox.takeRefused()).toEqual([]);
});

test("a client that does not finish its request is sent away, and others are served meanwhile", async () => {
  await using upstream = await startUpstream();
  const target = `localhost:${upstream.port}`;
  await using open = await openNetwork([target], { limits: { requestMs: 100 } });
  const silent = connect(open.socket);
  const slow = connect(open.socket);
  slow.on("error", () => {});
  slow.write("CONNECT local");
  const { status, socket } = await tunnelTo(open.socket, target);
  socket.destroy();
  await Promise.all([once(silent.resume(), "close"), once(slow.resume(), "close")]);
  expect(status).toBe(200);
});

test("connections beyond the bound are closed, and there is room again once others have left", async () => {
  await using upstream = await startUpstream();
  const target = `localhost:${upstream.port}`;
  await using open = await openNetwork([target], { limits: { connections: 3 } });
  const taken = await Promise.all([1, 2, 3].map(() => tunnelTo(open.socket, target)));
  const beyond = await tunnelTo(open.socket, target);
  expect([...taken.map(({ status }) => status), beyond.status]).toEqual([200, 200, 200, 0]);
  for (const { socket } of taken) socket.destroy();
  await until("room for one more", async () => {
    const { status, socket } = await tunnelTo(open.socket, target);
    socket.destroy();
    return status === 200;
  });
});

test("what was refused is told once each, shortened, and no more than 100 at a time", async () => {
  await using open = await openNetwork([]);
  for (const target of ["b.net:443", "a.net:443", "B.net:443"]) await tunnelTo(open.socket, target);
  await ask(open.socket, `CONNECT ${"x".repeat(500)}:443 HTTP/1.1\r\n\r\n`);
  expect(open.sandbox.takeRefused()).toEqual(["b.net:443", "a.net:443", "x".repeat(262)]);
  expect(open.sandbox.takeRefused()).toEqual([]);
  for (let n = 0; n < 120; n += 1) await tunnelTo(open.socket, `host${n}.net:443`);
  expect(open.sandbox.takeRefused()).toHaveLength(100);
});

test("a sandbox is told why", async () => {
  await using open = await openNetwork(["down.example.org:1"]);
  const bodies = async () =>
    Promise.all(
      ["down.example.org:1", "evil.net:443", "evil.net"].map(async (target) => {
        const { status, socket, body } = await tunnelTo(open.socket, target);
        return [status, body + (await rest(socket))];
      }),
    );
  expect(await bodies()).toEqual([
    [502, '"down.example.org:1" could not be connected to.\n'],
    [403, '"evil.net:443" is not on the allow-list of this sandbox-runner.\n'],
    [400, 'This proxy takes one CONNECT request for "host:port" on each connection.\n'],
  ]);
  open.sandbox.allow(false);
  expect((await bodies())[0]).toEqual([
    403,
    'The network is off: "down.example.org:1" was not connected to.\n',
  ]);
});
