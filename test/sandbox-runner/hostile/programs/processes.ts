/** Programs that want processes without number, or to outlive what started them. */
import { ENDED, type HostileProgram, STOPPED } from "../program.ts";

export const PROCESSES: readonly HostileProgram[] = [
  {
    name: "a fork bomb",
    language: "sh",
    source: "bomb() { bomb | bomb & }\nbomb\nwhile :; do bomb; done 2>/dev/null",
    timeout: 2,
    ends: ["timed_out", "exited", "signaled"],
    sandbox: "lives",
  },
  {
    name: "a fork bomb whose every process asks again",
    language: "python",
    source: `
import os
while True:
    try: os.fork()
    except OSError: pass
`,
    timeout: 2,
    ends: STOPPED,
    sandbox: "lives",
  },
  {
    name: "a fork bomb of daemons in sessions of their own",
    language: "python",
    source: `
import os, sys
def bomb():
    while True:
        try:
            if os.fork() == 0: os.setsid()
        except OSError: pass
if os.fork() == 0: bomb()
print("gone")
`,
    ends: ENDED,
    exitCodes: [0],
    sandbox: "lives",
  },
  {
    name: "threads without number",
    language: "python",
    source: `
import threading
stop, started = threading.Event(), 0
try:
    while started < 5000:
        threading.Thread(target=stop.wait, daemon=True).start()
        started += 1
except RuntimeError as error:
    print(error)
print("ESCAPED" if started >= 1000 else "bounded")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /can't start new thread\nbounded/,
    sandbox: "lives",
  },
  {
    name: "an endless loop",
    language: "sh",
    source: "while :; do :; done",
    timeout: 1,
    ends: STOPPED,
    sandbox: "lives",
  },
  {
    name: "an endless loop on every processor",
    language: "sh",
    source: "for i in 1 2 3 4 5 6 7 8; do while :; do :; done & done; wait",
    timeout: 1,
    ends: STOPPED,
    sandbox: "lives",
  },
  {
    name: "a program that ignores every signal it can",
    language: "python",
    source: `
import signal, time
for number in signal.valid_signals():
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
print("deaf")
while True: time.sleep(1)
`,
    timeout: 1,
    ends: STOPPED,
    says: /deaf/,
    sandbox: "lives",
  },
  {
    name: "a program that has stopped itself",
    language: "sh",
    source: "kill -STOP $$",
    timeout: 1,
    ends: STOPPED,
    sandbox: "lives",
  },
  {
    name: "a daemon that ignores hangups in a session of its own",
    language: "sh",
    source:
      "setsid nohup sh -c 'trap \"\" TERM HUP INT; while :; do sleep 1; done' >/dev/null 2>&1 &\necho started",
    ends: ENDED,
    exitCodes: [0],
    says: /started/,
    sandbox: "lives",
  },
  {
    name: "a daemon that keeps the output open",
    language: "sh",
    source: "(sleep 3600; echo late) &\necho early",
    ends: ENDED,
    exitCodes: [0],
    says: /^early\n$/,
    sandbox: "lives",
  },
  {
    name: "a daemon that has forked twice and closed everything",
    language: "python",
    source: `
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        os.closerange(0, 256)
        time.sleep(3600)
    os._exit(0)
os.wait()
print("started")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /started/,
    sandbox: "lives",
  },
  {
    name: "a daemon that adopts the orphans",
    language: "python",
    source: `
import ctypes, os, time
if os.fork() == 0:
    ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
    for _ in range(10):
        if os.fork() == 0:
            if os.fork() == 0:
                os.setsid()
                time.sleep(3600)
            os._exit(0)
    time.sleep(3600)
print("started")
`,
    ends: ENDED,
    exitCodes: [0],
    sandbox: "lives",
  },
  {
    name: "signals to PID 1",
    language: "sh",
    source:
      "for s in TERM INT HUP QUIT KILL STOP SEGV; do kill -$s 1 2>/dev/null && echo ESCAPED; done; echo tried",
    ends: ENDED,
    says: /tried/,
    sandbox: "lives",
  },
  {
    name: "a signal that kills all it reaches",
    language: "sh",
    source: "kill -KILL -1; echo alone; exit 3",
    ends: ["exited", "signaled", "sandbox_lost"],
    sandbox: "either",
  },
  {
    name: "a signal that stops all it reaches",
    language: "python",
    source: `
import os, signal, time
for entry in os.listdir("/proc"):
    if entry.isdigit() and int(entry) != os.getpid():
        try: os.kill(int(entry), signal.SIGSTOP)
        except OSError: pass
print("stopped all")
`,
    timeout: 2,
    ends: ["timed_out", "exited", "signaled", "sandbox_lost"],
    sandbox: "either",
  },
  {
    name: "a program that ends its parents",
    language: "python",
    source: `
import os, signal
def parent(pid):
    with open(f"/proc/{pid}/stat") as stat: return int(stat.read().rsplit(")", 1)[1].split()[1])
pid = os.getppid()
while pid > 1:
    above = parent(pid)
    try: os.kill(pid, signal.SIGKILL)
    except OSError: break
    pid = above
while True: pass
`,
    timeout: 2,
    ends: ["timed_out", "exited", "signaled", "sandbox_lost"],
    sandbox: "either",
  },
  {
    name: "a program that overwrites its parent's memory",
    language: "python",
    source: `
import os
parent = os.getppid()
for line in open(f"/proc/{parent}/maps"):
    span, rights = line.split()[:2]
    if "w" not in rights: continue
    low, high = (int(part, 16) for part in span.split("-"))
    try:
        with open(f"/proc/{parent}/mem", "r+b", buffering=0) as memory:
            memory.seek(low)
            memory.write(b"\\xff" * min(high - low, 65536))
    except OSError as error: print(error)
print("overwritten")
`,
    timeout: 3,
    ends: ["timed_out", "exited", "signaled", "sandbox_lost"],
    sandbox: "either",
  },
  {
    name: "500 orphans, which an init has to reap",
    language: "python",
    source: `
import os
for _ in range(500):
    child = os.fork()
    if child == 0:
        if os.fork() == 0: os._exit(0)
        os._exit(0)
    os.waitpid(child, 0)
print("500 orphans")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /500 orphans/,
    sandbox: "lives",
  },
  {
    name: "zombies that nobody waits for",
    language: "python",
    source: `
import os
made = 0
while made < 5000:
    try:
        if os.fork() == 0: os._exit(0)
        made += 1
    except OSError as error:
        print(error)
        break
print("ESCAPED" if made >= 1000 else "bounded")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /bounded/,
    sandbox: "lives",
  },
  {
    name: "a core dump",
    language: "sh",
    source: "ulimit -c unlimited 2>/dev/null; ulimit -c; sh -c 'kill -ABRT $$'; echo $?",
    ends: ENDED,
    says: /^0\n(?=[\s\S]*134\n)/,
    changes: { added: [], skipped: [] },
    sandbox: "lives",
  },
  {
    name: "more than its share of the processor",
    language: "sh",
    source: "nice -n -20 echo as usual; chrt -f 99 echo ESCAPED; ionice -c 1 echo tried; exit 0",
    ends: ENDED,
    exitCodes: [0],
    sandbox: "lives",
  },
  {
    name: "a question to somebody at the keyboard",
    language: "sh",
    source: "read -r answer || echo nobody; (echo hello >/dev/tty) 2>/dev/null || echo no terminal",
    ends: ENDED,
    exitCodes: [0],
    says: /^nobody\nno terminal\n$/,
    sandbox: "lives",
  },
];
