/** Programs that look for other sandboxes on the machine, or take from them. */
import { ENDED, type HostileProgram } from "../program.ts";

export const NEIGHBOURS: readonly HostileProgram[] = [
  {
    name: "a look for other sandboxes",
    language: "python",
    source: `
import glob, os, socket
WORD = b"canary" + b"-of-the-neighbour"
for place in ("/workspace", "/tmp", "/dev/shm", "/dev/mqueue", "/run", "/var/tmp", os.environ["HOME"]):
    for top, _, files in os.walk(place):
        for path in (os.path.join(top, name) for name in files):
            if path.endswith("attack.py"): continue
            try:
                if WORD in open(path, "rb").read(1 << 20): print("ESCAPED", path)
            except OSError: pass
for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
    try:
        if WORD in open(path, "rb").read(): print("ESCAPED", path)
    except OSError: pass
others = [pid for pid in os.listdir("/proc") if pid.isdigit()]
print("few processes" if len(others) < 20 else f"ESCAPED {others}")
print(socket.gethostname() and len(open("/proc/sysvipc/shm").readlines()), "line of shared memory")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^few processes\n1 line of shared memory\n$/,
    sandbox: "lives",
  },
  {
    name: "all that the kernel gives to a user for watching files",
    language: "python",
    source: `
import ctypes, os, time
libc = ctypes.CDLL(None)
held, end = 0, time.monotonic() + 2
while time.monotonic() < end:
    if libc.inotify_init1(0) >= 0: held += 1
    else: time.sleep(0.005)
print("held", held)
`,
    ends: ENDED,
    exitCodes: [0],
    says: /held \d+/,
    sandbox: "lives",
  },
  {
    name: "all that the kernel gives to a user for messages and pipes",
    language: "python",
    source: `
import ctypes, fcntl, os, time
libc = ctypes.CDLL(None, use_errno=True)
held = []
for count in range(1000):
    if libc.mq_open(b"/queue-%d" % count, os.O_CREAT | os.O_RDWR, 0o600, None) < 0: break
pipes = 0
for _ in range(200):
    try:
        held.append(os.pipe())
        fcntl.fcntl(held[-1][1], 1031, 1 << 20)
        pipes += 1
    except OSError: pass
print("queues", count > 0, "pipes", pipes > 0)
time.sleep(1)
`,
    ends: ["exited", "out_of_memory"],
    sandbox: "either",
  },
];
