import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { HAS_ENGINE } from "../docker/support/backend.ts";
import { rest } from "./support/ask.ts";
import { startSandboxes } from "./support/docker-sandbox.ts";
import { startUpstream } from "./support/upstream.ts";

/** Runs a program in Python; `attempt` prints what came of one try, the kind of the error when it failed. */
function python(lines: string): string {
  return `python3 - <<'PROGRAM'
import errno, glob, os, signal, socket, subprocess, sys, time
SOCKET = "/run/proxy/proxy.sock"
def attempt(what, run):
    try: print(what, "worked", run() or "", flush=True)
    except OSError as error: print(what, errno.errorcode.get(error.errno, type(error).__name__), flush=True)
def dial(address, family=socket.AF_INET, kind=socket.SOCK_STREAM):
    end = socket.socket(family, kind)
    end.settimeout(5)
    end.connect(address if isinstance(address, (str, tuple)) else (address[0], int(address[1])))
    return end
def ask(request, path=SOCKET):
    end = dial(path, socket.AF_UNIX)
    end.sendall(request.encode())
    return end.recv(4096).decode().split("\\r\\n")[0]
def fetch(target):
    end = dial(os.environ["https_proxy"].removeprefix("http://").split(":"))
    end.sendall(f"CONNECT {target} HTTP/1.1\\r\\n\\r\\n".encode())
    return end.makefile().read().split("\\n")[-1]
${lines}
PROGRAM`;
}

const lines = (output: string) =>
  output
    .trim()
    .split("\n")
    .map((line) => line.trim());

describe.skipIf(!HAS_ENGINE)("a sandbox", () => {
  test("has no interface but loopback, no route and no name server, with the network on or off", async () => {
    await using upstream = await startUpstream();
    await using sandboxes = await startSandboxes([`localhost:${upstream.port}`]);
    const sandbox = await sandboxes.create();
    const program = python(`
print(sorted(os.listdir("/sys/class/net")))
routes = open("/proc/net/route").readlines()[1:]
if os.path.exists("/proc/net/ipv6_route"): routes += open("/proc/net/ipv6_route").readlines()
print([line for line in routes if line.split()[-1] != "lo"])
attempt("host", lambda: dial(("127.0.0.1", ${upstream.port})))
attempt("public", lambda: dial(("192.0.2.1", 443)))
attempt("metadata", lambda: dial(("169.254.169.254", 80)))
attempt("private", lambda: dial(("10.0.0.1", 80)))
attempt("bridge", lambda: dial(("172.17.0.1", 80)))
attempt("ipv6", lambda: dial(("2001:db8::1", 443), socket.AF_INET6))
attempt("ec2", lambda: dial(("fd00:ec2::254", 80), socket.AF_INET6))
attempt("link-local", lambda: dial(("fe80::1", 80, 0, 1), socket.AF_INET6))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)))
attempt("multicast", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("224.0.0.251", 5353)))
attempt("broadcast", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("255.255.255.255", 67)))
attempt("name", lambda: socket.getaddrinfo("registry.example.org", 443) and None)`);
    const expected = [
      "['lo']",
      "[]",
      "host ECONNREFUSED",
      "public nowhere",
      "metadata nowhere",
      "private nowhere",
      "bridge nowhere",
      "ipv6 nowhere",
      "ec2 nowhere",
      "link-local nowhere",
      "udp nowhere",
      "multicast nowhere",
      "broadcast nowhere",
      "name gaierror",
    ];
    // IPv6 may be there without a route, or not at all
    const attempts = async (network: boolean) =>
      lines((await sandbox.run(program, network)).output.replace(/ENETUNREACH|EADDRNOTAVAIL/g, "nowhere"));
    expect(await attempts(false)).toEqual(expected);
    expect(await attempts(true)).toEqual(expected);
    expect(upstream.connections).toEqual([]);
  });

  test("has neither raw sockets nor ping", async () => {
    await using sandboxes = await startSandboxes([]);
    const { output } = await (await sandboxes.create()).run(
      python(`
for what, kind, protocol in (("raw", socket.SOCK_RAW, socket.IPPROTO_TCP), ("ping", socket.SOCK_DGRAM, socket.IPPROTO_ICMP)):
    attempt(what, lambda: socket.socket(socket.AF_INET, kind, protocol))
attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))`),
      true,
    );
    expect(output).not.toContain("worked");
  });

  test("finds no proxy when there is no network", async () => {
    await using sandboxes = await startSandboxes([], { mode: "none" });
    const sandbox = await sandboxes.create();
    const { output, refused } = await sandbox.run(
      python(`
attempt("socket", lambda: ask("CONNECT a.test:443 HTTP/1.1\\r\\n\\r\\n"))
print([name for name in os.environ if "proxy" in name.lower()])`),
    );
    expect([lines(output), refused]).toEqual([["socket ENOENT", "[]"], []]);
  });

  test("cannot replace, remove or add to what is in the proxy's folder, and finds no other sandbox's", async () => {
    await using upstream = await startUpstream((socket) => socket.end("reached"));
    await using sandboxes = await startSandboxes([`a.test:${upstream.port}`]);
    const [sandbox, other] = [await sandboxes.create(), await sandboxes.create()];
    const { output } = await sandbox.run(
      python(`
attempt("list", lambda: os.listdir("/run/proxy"))
attempt("remove", lambda: os.unlink(SOCKET))
attempt("rename", lambda: os.rename(SOCKET, "/run/proxy/away"))
attempt("replace", lambda: os.rename("/bin/sh", SOCKET))
attempt("mode", lambda: os.chmod(SOCKET, 0))
attempt("folder", lambda: os.chmod("/run/proxy", 0o777))
attempt("file", lambda: open("/run/proxy/file", "w"))
attempt("link", lambda: os.symlink("/workspace", "/run/proxy/link"))
attempt("bind", lambda: socket.socket(socket.AF_UNIX).bind("/run/proxy/other.sock"))
attempt("truncate", lambda: os.truncate(SOCKET, 0))
attempt("host", lambda: os.listdir(${JSON.stringify(sandboxes.folder)}))
attempt("above", lambda: os.stat("/run/proxy/../../" + ${JSON.stringify(sandboxes.folder)}))
find = ["find", "/", "-path", "/proc", "-prune", "-o", "-name", "*.sock", "-print"]
print(subprocess.run(find, capture_output=True, text=True).stdout)`),
      true,
    );
    expect(lines(output)).toEqual([
      "list EACCES",
      "remove EROFS",
      "rename EROFS",
      "replace EXDEV",
      "mode EROFS",
      "folder EROFS",
      "file EROFS",
      "link EROFS",
      "bind EROFS",
      "truncate EINVAL",
      "host ENOENT",
      "above ENOENT",
    ]);
    const names = await readdir(sandboxes.folder);
    expect(names).toHaveLength(2);
    for (const each of [sandbox, other]) {
      const { output } = await each.run(python(`print(fetch("a.test:${upstream.port}"))`), true);
      expect(output).toBe("reached\n");
    }
    expect(await readdir(sandboxes.folder)).toEqual(names);
  });

  test("does not meet other sandboxes: not over loopback, nor through abstract sockets, nor files", async () => {
    await using sandboxes = await startSandboxes([]);
    const [listening, other] = [await sandboxes.create(), await sandboxes.create()];
    const ready = Promise.withResolvers<void>();
    const running = listening.run(
      python(`
ends = [socket.socket(socket.AF_INET), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
for end, address in zip(ends, [("127.0.0.1", 4000), "\\0abstract", "/tmp/file"]):
    end.bind(address)
    end.listen()
attempt("abstract", lambda: dial("\\0abstract", socket.AF_UNIX) and None)
time.sleep(100)`),
      true,
      (text) => text.includes("abstract worked") && ready.resolve(),
    );
    await ready.promise;
    const { output } = await other.run(
      python(`
attempt("loopback", lambda: dial(("127.0.0.1", 4000)))
attempt("forwarder", lambda: dial(("127.0.0.1", 3128)))
attempt("abstract", lambda: dial("\\0abstract", socket.AF_UNIX))
attempt("file", lambda: dial("/tmp/file", socket.AF_UNIX))`),
    );
    expect(lines(output)).toEqual([
      "loopback ECONNREFUSED",
      "forwarder ECONNREFUSED",
      "abstract ECONNREFUSED",
      "file ENOENT",
    ]);
    await sandboxes[Symbol.asyncDispose]();
    expect((await running).ending).toBe("sandbox_lost");
  });

  test("that speaks to the proxy's socket itself gains nothing, and what it asked for is reported", async () => {
    await using upstream = await startUpstream();
    const target = `a.test:${upstream.port}`;
    await using sandboxes = await startSandboxes([target]);
    const sandbox = await sandboxes.create();
    const requests = [
      "CONNECT 127.0.0.1:PORT HTTP/1.1\r\n\r\n",
      "CONNECT 2130706433:PORT HTTP/1.1\r\n\r\n",
      "CONNECT [::ffff:127.0.0.1]:PORT HTTP/1.1\r\n\r\n",
      "CONNECT me@a.test:PORT HTTP/1.1\r\n\r\n",
      "CONNECT evil.test:443 HTTP/1.1\r\nHost: a.test:PORT\r\n\r\nCONNECT a.test:PORT HTTP/1.1\r\n\r\n",
      "GET http://a.test:PORT/ HTTP/1.1\r\nHost: a.test:PORT\r\n\r\n",
      "GET http://169.254.169.254/latest/meta-data/ HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n",
    ].map((request) => request.replaceAll("PORT", String(upstream.port)));
    const { output, refused } = await sandbox.run(
      python(`for request in ${JSON.stringify(requests)}: print(ask(request))`),
      true,
    );
    expect(lines(output)).toEqual([
      "HTTP/1.1 403 Forbidden",
      "HTTP/1.1 400 Bad Request",
      "HTTP/1.1 403 Forbidden",
      "HTTP/1.1 400 Bad Request",
      "HTTP/1.1 400 Bad Request",
      "HTTP/1.1 405 Method Not Allowed",
      "HTTP/1.1 405 Method Not Allowed",
    ]);
    expect(refused).toEqual([
      `127.0.0.1:${upstream.port}`,
      `2130706433:${upstream.port}`,
      `[::ffff:127.0.0.1]:${upstream.port}`,
      `me@a.test:${upstream.port}`,
      "evil.test:443",
      target,
      "169.254.169.254:80",
    ]);
    expect(upstream.connections).toEqual([]);
  });

  test("has the network in setup only, whatever setup leaves behind", async () => {
    await using upstream = await startUpstream((socket) => socket.write("tunnel"));
    const target = `a.test:${upstream.port}`;
    await using sandboxes = await startSandboxes([target]);
    const sandbox = await sandboxes.create();
    const setup = await sandbox.run(
      python(`
tunnel = dial(("127.0.0.1", 3128))
tunnel.sendall(b"CONNECT ${target} HTTP/1.1\\r\\n\\r\\n")
received = b""
while not received.endswith(b"tunnel"): received += tunnel.recv(4096)
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        server = socket.socket()
        server.bind(("127.0.0.1", 4000))
        server.listen()
        print("left behind", flush=True)
        while True: tunnel.sendall(b"more"); time.sleep(0.01)
    os._exit(0)
time.sleep(1)`),
      true,
    );
    expect(setup).toMatchObject({ output: "left behind\n", exitCode: 0, refused: [] });
    await Promise.all(upstream.connections.map(rest));
    const { output, refused } = await sandbox.run(
      python(`
attempt("daemon", lambda: dial(("127.0.0.1", 4000)))
attempt("forwarder", lambda: dial(("127.0.0.1", 3128)))
print(ask("CONNECT ${target} HTTP/1.1\\r\\n\\r\\n"))
print([name for name in os.environ if "proxy" in name.lower()])`),
    );
    expect(lines(output)).toEqual([
      "daemon ECONNREFUSED",
      "forwarder ECONNREFUSED",
      "HTTP/1.1 403 Forbidden",
      "[]",
    ]);
    expect(refused).toEqual([target]);
    expect(upstream.connections).toHaveLength(1);
  });

  test("that breaks its forwarder has broken it for one command only", async () => {
    await using upstream = await startUpstream((socket) => socket.end("reached"));
    await using sandboxes = await startSandboxes([`a.test:${upstream.port}`]);
    const sandbox = await sandboxes.create();
    const fetch = python(`print(fetch("a.test:${upstream.port}"))`);
    const broken = await sandbox.run(
      python(`
for folder in glob.glob("/proc/[0-9]*/comm"):
    if open(folder).read() == "socat\\n": os.kill(int(folder.split("/")[2]), signal.SIGKILL)
fake = socket.socket()
fake.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
while True:
    try: fake.bind(("127.0.0.1", 3128)); break
    except OSError: time.sleep(0.01)
fake.listen()
if os.fork() == 0: time.sleep(100)
print("in its place")`),
      true,
    );
    expect(broken.output).toBe("in its place\n");
    expect((await sandbox.run(fetch, true)).output).toBe("reached\n");
  });

  test("that takes all connections to its proxy takes them from nobody else, and not from its next command", async () => {
    await using upstream = await startUpstream((socket) => socket.end("reached"));
    const target = `a.test:${upstream.port}`;
    await using sandboxes = await startSandboxes([target]);
    const [greedy, neighbour] = [await sandboxes.create(), await sandboxes.create()];
    const fetch = python(`print(fetch("${target}"))`);
    const before = (await readdir("/proc/self/fd")).length;
    const fill = (afterwards: string) =>
      python(`
held = []
for number in range(900):
    try: held.append(dial(SOCKET, socket.AF_UNIX))
    except OSError: break
print("full", flush=True)
${afterwards}`);
    await greedy.run(fill("if os.fork() == 0: time.sleep(100)"), true);
    expect((await greedy.run(fetch, true)).output).toBe("reached\n");
    const full = Promise.withResolvers<void>();
    const running = greedy.run(fill("time.sleep(100)"), true, () => full.resolve());
    await full.promise;
    expect((await neighbour.run(fetch, true)).output).toBe("reached\n");
    expect((await readdir("/proc/self/fd")).length).toBeLessThan(before + 200);
    await sandboxes[Symbol.asyncDispose]();
    await running;
  });
});
