/** Programs that fill what can be filled with files. */
import { ENDED, type HostileProgram } from "../program.ts";

export const DISK: readonly HostileProgram[] = [
  {
    name: "a file as large as its place",
    language: "sh",
    source:
      'for place in /workspace /tmp /dev/shm; do cat /dev/zero >"$place/full"; rm "$place/full"; done; echo done',
    ends: ENDED,
    says: /^done\n[\s\S]*(?:No space left on device|File too large|File size limit exceeded)/,
    sandbox: "lives",
  },
  {
    name: "a workspace that is left full",
    language: "python",
    source: `
import os
count = 0
try:
    while True:
        with open(f"full-{count}", "wb", buffering=0) as file:
            for _ in range(64): file.write(b"x" * 65536)
        count += 1
except OSError as error: print(error)
`,
    ends: ENDED,
    exitCodes: [0],
    says: /No space left on device/,
    sandbox: "lives",
  },
  {
    name: "as many empty files as its places take",
    language: "python",
    source: `
import os
for place in ("/tmp", "/dev/shm", os.environ["HOME"], "/workspace"):
    folder = f"{place}/many"
    os.mkdir(folder)
    count = 0
    try:
        while count < 400_000:
            os.close(os.open(f"{folder}/{count}", os.O_CREAT | os.O_WRONLY))
            count += 1
        print("ESCAPED", place)
    except OSError as error: print(error)
`,
    timeout: 60,
    ends: ["exited", "out_of_memory", "sandbox_lost"],
    says: /No space left on device/,
    sandbox: "either",
  },
  {
    name: "a file that is full, deleted and held open",
    language: "python",
    source: `
import os, time
if os.fork() == 0:
    held = open("hidden", "wb", buffering=0)
    os.unlink("hidden")
    try:
        while True: held.write(b"x" * 65536)
    except OSError: pass
    os.close(1), os.close(2)
    time.sleep(3600)
time.sleep(0.5)
print("held")
`,
    ends: ENDED,
    changes: { added: [], skipped: [] },
    sandbox: "lives",
  },
  {
    name: "places that were not meant to be written to",
    language: "python",
    source: `
import os, stat
MEANT = ("/workspace", "/tmp", "/dev/shm", "/dev/mqueue", os.environ["HOME"])
for top, folders, _ in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(top, name) not in ("/proc", "/sys", *MEANT)]
    if os.access(top, os.W_OK): print("ESCAPED", top)
for path in ("/etc/passwd", "/bin/sh", "/usr/bin/python3", "/attack", "/var/tmp/attack", "/run/attack", "/root/attack"):
    try: os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
    except OSError: continue
    print("ESCAPED", path)
print("looked")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /looked/,
    sandbox: "lives",
  },
  {
    name: "files with more holes than disk",
    language: "sh",
    source:
      "i=0; while [ $i -lt 400 ]; do truncate -s 1M hole-$i; i=$((i+1)); done; truncate -s 8T huge; ls | wc -l",
    ends: ENDED,
    changes: "payload_too_large",
    sandbox: "lives",
  },
  {
    name: "one file under 5,000 names",
    language: "python",
    source: `
import os
with open("one", "wb") as file: file.write(b"x" * (1 << 20))
for count in range(5000): os.link("one", f"name-{count}")
`,
    ends: ENDED,
    exitCodes: [0],
    changes: "payload_too_large",
    sandbox: "lives",
  },
  {
    name: "100,000 files",
    language: "python",
    source: `
import os
for folder in range(100):
    os.mkdir(f"many-{folder}")
    for count in range(1000): os.close(os.open(f"many-{folder}/{count}", os.O_CREAT | os.O_WRONLY))
print("100,000 files")
`,
    timeout: 60,
    ends: ENDED,
    exitCodes: [0],
    says: /100,000 files/,
    changes: "payload_too_large",
    sandbox: "lives",
  },
];
