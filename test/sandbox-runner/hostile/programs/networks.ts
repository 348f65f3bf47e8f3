/** Programs that look for a way out, or in to the host. */
import { ENDED, type HostileProgram } from "../program.ts";

export const NETWORKS: readonly HostileProgram[] = [
  {
    name: "sockets that are neither unix, TCP nor UDP",
    language: "python",
    source: `
import socket
tried = 0
for family in (*range(3, 10), *range(11, 47)):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        tried += 1
        try: socket.socket(family, kind, 0).detach()
        except OSError: continue
        print("ESCAPED", family, kind)
for family in (socket.AF_INET, socket.AF_INET6):
    for kind, protocol in ((3, 1), (3, 255), (2, 1), (2, 58), (1, 132), (5, 132), (1, 262), (2, 136), (6, 33)):
        tried += 1
        try: socket.socket(family, kind, protocol).detach()
        except OSError: continue
        print("ESCAPED", family, kind, protocol)
print("tried", tried)
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried 190\n$/,
    sandbox: "lives",
  },
  {
    name: "a channel to the hypervisor",
    language: "python",
    source: `
import socket
for cid in (0, 1, 2, 3):
    try:
        with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as out: out.connect((cid, 1024))
        print("ESCAPED", cid)
    except OSError as error: print(error)
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^(?:\[Errno 97\] Address family not supported by protocol\n){4}$/,
    sandbox: "lives",
  },
  {
    name: "names of the world",
    language: "python",
    source: `
import socket
for name in ("example.com", "metadata.google.internal", "host.docker.internal", "gateway.docker.internal"):
    try: print("ESCAPED", socket.getaddrinfo(name, 80))
    except OSError: pass
if open("/etc/resolv.conf").read().split() not in (["nameserver", "127.0.0.1"], []): print("ESCAPED resolv.conf")
question = b"\\x12\\x34\\x01\\0\\0\\x01\\0\\0\\0\\0\\0\\0\\x07example\\x03com\\0\\0\\x01\\0\\x01"
for server in ("8.8.8.8", "1.1.1.1", "127.0.0.11", "127.0.0.53", "10.0.0.2", "169.254.169.253"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.settimeout(0.2)
        try:
            out.sendto(question, (server, 53))
            print("ESCAPED", server, out.recv(512))
        except OSError: pass
print("tried")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
  {
    name: "the cloud's metadata, the host, and everybody else",
    language: "python",
    source: `
import socket
PLACES = (("169.254.169.254", 80), ("169.254.170.2", 80), ("fd00:ec2::254", 80), ("172.17.0.1", 2375), ("10.0.0.1", 22),
    ("192.168.0.1", 80), ("8.8.8.8", 443), ("2606:4700:4700::1111", 443), ("fe80::1%lo", 80), ("224.0.0.1", 80),
    ("127.0.0.1", @RUNNER_PORT@), ("::1", @RUNNER_PORT@), ("0.0.0.0", @RUNNER_PORT@), ("127.0.0.1", 2375))
for host, port in PLACES:
    try:
        socket.create_connection((host, port), timeout=0.2).close()
        print("ESCAPED", host, port)
    except OSError: pass
print(sorted(name for _, name in socket.if_nameindex()) if False else "tried")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
  {
    name: "shouts to everybody who listens",
    language: "python",
    source: `
import socket
for kind, target in ((socket.SO_BROADCAST, ("255.255.255.255", 9)), (socket.SO_REUSEADDR, ("239.255.255.250", 1900))):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.SOL_SOCKET, kind, 1)
        try: out.sendto(b"hello", target); print("ESCAPED", target)
        except OSError as error: print(error.strerror)
interfaces = [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]]
print("only loopback" if interfaces == ["lo"] else f"ESCAPED {interfaces}")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^Network is unreachable\nNetwork is unreachable\nonly loopback\n$/,
    sandbox: "lives",
  },
  {
    name: "unix sockets without a file, which only network namespaces keep apart",
    language: "python",
    source: `
import socket
for name in (*("\\0canary-of-the-host-%d" % at for at in range(4)), "\\0canary-of-the-neighbour", "\\0/containerd-shim/moby", "\\0/tmp/.X11-unix/X0"):
    with socket.socket(socket.AF_UNIX) as out:
        try: out.connect(name); print("ESCAPED", name)
        except OSError: pass
seen = [line.split()[-1] for line in open("/proc/net/unix").readlines()[1:] if "@" in line]
print("tried" if not seen else f"ESCAPED {seen}")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
];
