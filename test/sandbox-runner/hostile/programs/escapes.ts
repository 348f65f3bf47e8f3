/** Programs that want rights: those of root, of the kernel, of the engine. */
import { ENDED, type HostileProgram } from "../program.ts";

export const ESCAPES: readonly HostileProgram[] = [
  {
    name: "writing to what the kernel keeps under /proc",
    language: "sh",
    source: `
for file in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/vm/panic_on_oom \\
  /proc/sys/kernel/modprobe /proc/sys/fs/file-max /proc/sys/net/ipv4/ip_forward /proc/irq/default_smp_affinity \\
  /proc/bus/pci /proc/fs /proc/self/attr/current /proc/1/mem /proc/1/oom_score_adj /proc/1/clear_refs; do
  (echo 1 >"$file") 2>/dev/null && echo "ESCAPED $file"
done
echo tried`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
  {
    name: "writing to anything under /sys, and to cgroups",
    language: "python",
    source: `
import os
tried = 0
for top, folders, files in os.walk("/sys"):
    if len(top.split("/")) > 6: folders.clear()
    for path in (os.path.join(top, name) for name in files):
        tried += 1
        if os.access(path, os.W_OK):
            try: os.close(os.open(path, os.O_WRONLY))
            except OSError: continue
            print("ESCAPED", path)
    if top.startswith("/sys/fs/cgroup"):
        try: os.mkdir(os.path.join(top, "attack"))
        except OSError: continue
        print("ESCAPED", top)
print("tried many" if tried > 100 else "tried few")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried many\n$/,
    sandbox: "lives",
  },
  {
    name: "the cgroup's release agent",
    language: "sh",
    source: `
for group in /sys/fs/cgroup /sys/fs/cgroup/*; do
  for file in release_agent notify_on_release cgroup.procs tasks memory.limit_in_bytes memory.max pids.max; do
    (echo 1 >"$group/$file") 2>/dev/null && echo "ESCAPED $group/$file"
  done
done
mount -t cgroup -o rdma cgroup /tmp 2>/dev/null && echo ESCAPED
echo tried`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
  {
    name: "mounts of every kind",
    language: "sh",
    source: `
mkdir -p /tmp/m
for attempt in "mount -t tmpfs none /tmp/m" "mount -t proc none /tmp/m" "mount --bind / /tmp/m" "mount -o remount,rw /" \\
  "mount -o remount,rw /proc/sys" "mount -t overlay none -o lowerdir=/,upperdir=/tmp,workdir=/tmp /tmp/m" \\
  "umount /proc/kcore" "umount /dev/shm" "umount -l /" "chroot / true" "pivot_root / /tmp/m"; do
  PATH=$PATH:/sbin:/usr/sbin $attempt 2>/dev/null && echo "ESCAPED $attempt"
done
echo tried`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
  {
    name: "tracing PID 1, its parents and all else",
    language: "python",
    source: `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
ATTACH, SEIZE = 16, 0x4206
tried = 0
for entry in os.listdir("/proc"):
    if not entry.isdigit() or int(entry) == os.getpid(): continue
    for request in (ATTACH, SEIZE):
        tried += 1
        if libc.ptrace(request, int(entry), 0, 0) == 0: print("ESCAPED", entry)
print("traced none of", tried)
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^traced none of \d+\n$/,
    sandbox: "lives",
  },
  {
    name: "reading PID 1",
    language: "sh",
    source: `
for file in environ mem maps fd/0 root/etc/shadow cwd exe auxv stack syscall; do
  (head -c 1 /proc/1/$file >/dev/null) 2>/dev/null && [ -s /proc/1/$file ] && echo "ESCAPED $file"
done
(ls /proc/1/fd /proc/1/root/ /proc/1/task/1/fd) 2>/dev/null && echo ESCAPED
echo tried`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
  {
    name: "set-user-id programs, and one of its own",
    language: "sh",
    source: `
find / -xdev -perm -4000 -type f 2>/dev/null | while read -r file; do echo "there is $file"; done
timeout 1 su -c 'echo ESCAPED' </dev/null 2>/dev/null
sudo -n echo ESCAPED 2>/dev/null
timeout 1 newgrp root </dev/null 2>/dev/null && id -g | grep -qx 0 && echo ESCAPED
cp /bin/sh /tmp/sh && chmod 6755 /tmp/sh && /tmp/sh -p -c 'test "$(id -u)" = 0 && echo ESCAPED'
cp /usr/bin/id /tmp/id && chown root /tmp/id 2>/dev/null && echo ESCAPED
test "$(id -u)" = 0 && echo ESCAPED
grep -E '^(CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\\t\\n' ' '`,
    ends: ENDED,
    says: /CapPrm: 0{16} CapEff: 0{16} CapBnd: 0{16} CapAmb: 0{16} NoNewPrivs: 1 Seccomp: 2 $/,
    sandbox: "lives",
  },
  {
    name: "device files",
    language: "sh",
    source: `
for kind in "c 1 1" "c 1 5" "b 8 0" "c 10 232" "c 0 0" "b 253 0"; do
  mknod /tmp/device $kind 2>/dev/null && echo "ESCAPED $kind"
done
for file in /dev/mem /dev/kmem /dev/port /dev/kmsg /dev/sda /dev/vda /dev/kvm /dev/fuse /dev/vsock /dev/net/tun \\
  /dev/loop0 /dev/loop-control /dev/mapper/control /dev/vhost-vsock /dev/uinput /dev/dri; do
  [ -e $file ] && echo "ESCAPED $file"
done
echo tried`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
  {
    name: "the engine's socket, and secrets of the runner",
    language: "sh",
    source: `
find / -xdev -type s 2>/dev/null | grep -v '^/run/proxy/' && echo ESCAPED
for file in /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock /.dockerenv; do
  [ -S $file ] && echo "ESCAPED $file"
done
env | grep -iE 'docker|secret|token|key|password' && echo ESCAPED
cat /etc/shadow /root/.* 2>/dev/null && echo ESCAPED
echo tried`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
  {
    name: "namespaces of its own, and those of others",
    language: "python",
    source: `
import ctypes, os, subprocess
for flags in ("-Ur", "-n", "-m", "-p", "-i", "-u", "-C", "-T"):
    if subprocess.run(["unshare", flags, "true"], stderr=subprocess.DEVNULL).returncode == 0: print("ESCAPED", flags)
libc = ctypes.CDLL(None)
for name in ("user", "mnt", "net", "pid", "ipc", "uts"):
    try: space = os.open(f"/proc/1/ns/{name}", os.O_RDONLY)
    except OSError: space = os.open(f"/proc/self/ns/{name}", os.O_RDONLY)
    if libc.setns(space, 0) == 0: print("ESCAPED", name)
print("tried")
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
  {
    name: "keyrings, which all containers of a user share",
    language: "c",
    source: `
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
  if (syscall(SYS_add_key, "user", "canary", "x", 1, -4) != -1) puts("ESCAPED add_key");
  if (syscall(SYS_keyctl, 0, -3, 1) != -1) puts("ESCAPED keyctl");
  if (syscall(SYS_request_key, "user", "canary", 0, -4) != -1) puts("ESCAPED request_key");
  puts("tried");
}
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
  {
    name: "io_uring, which goes around filters",
    language: "python",
    source: `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for number in (425, 426, 427):
    result = libc.syscall(number, 8, ctypes.create_string_buffer(120))
    print("ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno()))
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^(?:Function not implemented\n){3}$/,
    sandbox: "lives",
  },
  {
    name: "the clock",
    language: "python",
    source: `
import ctypes, time
libc = ctypes.CDLL(None)
try: time.clock_settime(time.CLOCK_REALTIME, 0); print("ESCAPED clock_settime")
except OSError as error: print(error)
if libc.adjtimex(ctypes.create_string_buffer(256)) != -1: print("ESCAPED adjtimex")
if libc.settimeofday(ctypes.create_string_buffer(16), None) != -1: print("ESCAPED settimeofday")
print(time.gmtime().tm_year > 2000)
`,
    ends: ENDED,
    exitCodes: [0],
    says: /^\[Errno 1\] Operation not permitted\nTrue\n$/,
    sandbox: "lives",
  },
  {
    name: "another personality, and 32-bit calls",
    language: "sh",
    source: `
setarch -R true 2>/dev/null && echo ESCAPED
setarch -X true 2>/dev/null && echo ESCAPED
setarch --uname-2.6 true 2>/dev/null && echo ESCAPED
echo tried`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
  {
    name: "what the kernel says about itself",
    language: "sh",
    source: `
dmesg 2>/dev/null | grep -q . && echo ESCAPED dmesg
for file in /proc/kcore /proc/kmsg /proc/keys /proc/timer_list /proc/sched_debug /proc/latency_stats /sys/firmware/dmi/tables/DMI \\
  /sys/kernel/debug/x /sys/kernel/security/lockdown; do
  [ -n "$(head -c 1 $file 2>/dev/null | tr '\\0' z)" ] && echo "ESCAPED $file"
done
grep -qvE '^0+ ' /proc/kallsyms 2>/dev/null && echo ESCAPED kallsyms
echo tried`,
    ends: ENDED,
    exitCodes: [0],
    says: /^tried\n$/,
    sandbox: "lives",
  },
];
