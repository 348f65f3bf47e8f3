/** Programs that want all memory, or that another pays for it. */
import { ENDED, type HostileProgram } from "../program.ts";

export const MEMORY: readonly HostileProgram[] = [
  {
    name: "memory that is touched page by page",
    language: "python",
    source: "held = []\nwhile True: held.append(bytearray(b'x') * (4 << 20))",
    ends: ["out_of_memory"],
    sandbox: "lives",
  },
  {
    name: "shared mappings",
    language: "python",
    source: `
import mmap
held = []
while True:
    area = mmap.mmap(-1, 8 << 20)
    for at in range(0, len(area), 4096): area[at] = 1
    held.append(area)
`,
    ends: ["out_of_memory"],
    sandbox: "lives",
  },
  {
    name: "a family of processes, each with a little memory",
    language: "python",
    source: `
import os, time
for _ in range(30):
    if os.fork() == 0:
        held = bytearray(b"x") * (40 << 20)
        time.sleep(2)
        os._exit(0)
codes = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(30)]
print("ESCAPED" if codes.count(0) == 30 else "some were killed")
raise SystemExit(9 if codes.count(0) < 30 else 0)
`,
    ends: ["out_of_memory"],
    sandbox: "lives",
  },
  {
    name: "files in memory, one after the other",
    language: "python",
    source: `
import os
block, held = b"x" * (1 << 20), []
while True:
    held.append(os.memfd_create("held"))
    for _ in range(4): os.write(held[-1], block)
`,
    ends: ["out_of_memory"],
    sandbox: "lives",
  },
  {
    name: "shared segments that outlive it",
    language: "c",
    source: `
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
int main(void) {
  for (int i = 0; i < 256; i++) {
    int id = shmget(IPC_PRIVATE, 8 << 20, IPC_CREAT | 0600);
    char *at = id < 0 ? (char *)-1 : shmat(id, 0, 0);
    if (at == (char *)-1) { perror("bounded"); return 0; }
    memset(at, 1, 8 << 20);
  }
  puts("ESCAPED");
}
`,
    ends: ["out_of_memory", "exited", "sandbox_lost"],
    sandbox: "either",
  },
  {
    name: "every place for files filled at once",
    language: "sh",
    source: `
for place in /workspace /tmp "$HOME" /dev/shm; do
  dd if=/dev/zero of="$place/full" bs=1M count=4096 2>/dev/null && echo ESCAPED
done
echo full`,
    ends: ["exited", "out_of_memory", "signaled", "sandbox_lost"],
    sandbox: "either",
  },
  {
    name: "everything that can be read, so that the page cache grows",
    language: "sh",
    source:
      "find /usr/lib /usr/bin -type f -size +100k 2>/dev/null | head -400 | xargs cat >/dev/null; echo read",
    ends: ENDED,
    says: /read/,
    sandbox: "lives",
  },
  {
    name: "pipes, each filled to the brim",
    language: "python",
    source: `
import fcntl, os
held = []
try:
    while True:
        reading, writing = os.pipe()
        held += [reading, writing]
        os.set_blocking(writing, False)
        try: fcntl.fcntl(writing, 1031, 1 << 20)  # F_SETPIPE_SZ
        except OSError: pass
        try:
            while True: os.write(writing, b"x" * 65536)
        except BlockingIOError: pass
except OSError as error: print(error)
`,
    ends: ["exited", "out_of_memory"],
    sandbox: "lives",
  },
  {
    name: "sockets, each with a full queue",
    language: "python",
    source: `
import socket
held = []
try:
    while True:
        pair = socket.socketpair()
        held.append(pair)
        pair[0].setblocking(False)
        try:
            while True: pair[0].send(b"x" * 65536)
        except BlockingIOError: pass
except OSError as error: print(error)
`,
    ends: ["exited", "out_of_memory"],
    sandbox: "lives",
  },
  {
    name: "more open files than there may be",
    language: "python",
    source: `
import os
held = []
try:
    while len(held) < 1_000_000: held.append(os.open("/dev/null", os.O_RDONLY))
    print("ESCAPED")
except OSError as error: print(error)
`,
    ends: ENDED,
    exitCodes: [0],
    says: /Too many open files/,
    sandbox: "lives",
  },
  {
    name: "a stack without end",
    language: "c",
    source: `
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
static int down(int depth) {
  volatile char frame[65536];
  memset((char *)frame, depth, sizeof frame);
  return down(depth + 1) + frame[depth % 65536];
}
int main(void) {
  struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_STACK, &none);
  return down(0);
}
`,
    ends: ["signaled", "out_of_memory"],
    sandbox: "lives",
  },
  {
    name: "a wish that others be killed first",
    language: "sh",
    source: `
(echo -1000 >/proc/self/oom_score_adj) 2>/dev/null && echo ESCAPED
(echo 1000 >/proc/1/oom_score_adj) 2>/dev/null && echo ESCAPED
(echo -17 >/proc/self/oom_adj) 2>/dev/null && echo ESCAPED
echo tried`,
    ends: ENDED,
    exitCodes: [0],
    says: /tried/,
    sandbox: "lives",
  },
];
