/**
 * The system calls that programs in a sandbox may make: an allow-list of our own, because engines' default
 * profiles differ by version, and let through what has no business here.
 *
 * It follows moby's default profile (profiles/seccomp/default.json) for a container without capabilities.
 * It is narrower in that it refuses
 *
 * - every address family but unix, IPv4 and IPv6, there every protocol but TCP and UDP, and so netlink, packet,
 *   vsock, raw, ping, SCTP and MPTCP sockets and the kernel's crypto API;
 * - io_uring, the older asynchronous I/O (its `fs.aio-max-nr` is one budget for the whole machine), vmsplice;
 * - ptrace, process_vm_readv and -writev, process_madvise, process_mrelease, memfd_secret, file handles, the
 *   clock's adjtimex family, modify_ldt, remap_file_pages, personalities other than the usual one;
 * - device nodes, also the 0:0 that Linux lets everybody make;
 * - 32-bit programs: `socketcall` and `ipc` hide their arguments behind a pointer, where no filter can see them.
 *   Their first system call kills them.
 *
 * What is refused fails with EPERM, and where a library knows how to do without a call, with the error by which
 * it would notice: ENOSYS for clone3 and io_uring, EAFNOSUPPORT for address families.
 */

interface Argument {
  readonly index: number;
  readonly op: "SCMP_CMP_EQ" | "SCMP_CMP_GT" | "SCMP_CMP_MASKED_EQ";
  /** The mask, for SCMP_CMP_MASKED_EQ. */
  readonly value: number;
  /** What is left under the mask. */
  readonly valueTwo?: number;
}

interface Rule {
  readonly names: readonly string[];
  readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  readonly errnoRet?: number;
  /** All of them hold. */
  readonly args?: readonly Argument[];
}

/** Linux' numbers, the same on x86-64 and arm64. */
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
const FAMILY = { unix: 1, ipv4: 2, ipv6: 10 } as const;
const TYPE = { stream: 1, datagram: 2 } as const;
const TCP = 6;
const UDP = 17;
/** Of a socket's type; SOCK_NONBLOCK and SOCK_CLOEXEC are flags above. */
const TYPE_MASK = 0xf;
/** CLONE_NEWNS, -NEWCGROUP, -NEWUTS, -NEWIPC, -NEWUSER, -NEWPID, -NEWNET. */
const NEW_NAMESPACES = 0x7e02_0000;
/** Of a file's mode. */
const KIND_MASK = 0o170000;
const KIND = { none: 0, pipe: 0o010000, file: 0o100000, socket: 0o140000 } as const;
/** PER_LINUX, and the question which one it is. */
const PERSONALITIES = [0, 0xffff_ffff] as const;

/** Names that a kernel or libseccomp does not know are skipped. */
const ALLOWED = [
  // Files and folders
  `access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
   fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr flock
   fremovexattr fsetxattr fstat fstatfs fsync ftruncate futimesat getcwd getdents getdents64 getxattr getxattrat
   inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lchown lgetxattr link linkat listxattr
   listxattrat llistxattr lremovexattr lseek lsetxattr lstat mkdir mkdirat newfstatat open openat openat2 pipe
   pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv removexattr
   removexattrat rename renameat renameat2 rmdir sendfile setxattr setxattrat splice stat statfs statx symlink
   symlinkat sync sync_file_range sync_file_range2 syncfs tee truncate umask unlink unlinkat utime utimensat utimes
   write writev cachestat`,
  // Waiting
  `epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 poll ppoll pselect6
   select signalfd signalfd4 timerfd_create timerfd_gettime timerfd_settime`,
  // Memory
  `brk madvise map_shadow_stack membarrier memfd_create mincore mlock mlock2 mlockall mmap mprotect mremap mseal
   msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect shmat shmctl shmdt shmget`,
  // Processes and threads; clone is below
  `arch_prctl capget capset execve execveat exit exit_group fork futex futex_requeue futex_wait futex_waitv
   futex_wake get_robust_list getcpu getegid geteuid getgid getgroups getpgid getpgrp getpid getppid getpriority
   getresgid getresuid getrlimit getrusage getsid gettid getuid ioprio_get ioprio_set pidfd_open
   pidfd_send_signal prctl prlimit64 restart_syscall rseq sched_get_priority_max sched_get_priority_min
   sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity
   sched_setattr sched_setparam sched_setscheduler sched_yield set_robust_list set_tid_address setfsgid setfsuid
   setgid setgroups setpgid setpriority setregid setresgid setresuid setreuid setrlimit setsid setuid vfork
   wait4 waitid`,
  // Signals, and pipes and queues that are no files
  `kill mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd pause
   rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
   rt_tgsigqueueinfo semctl semget semop semtimedop sigaltstack tgkill tkill`,
  // Sockets once they are open
  `accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg
   sendmsg sendto setsockopt shutdown`,
  // Clocks, and what the machine is
  `alarm clock_getres clock_gettime clock_nanosleep getitimer getrandom gettimeofday nanosleep setitimer sysinfo
   time timer_create timer_delete timer_getoverrun timer_gettime timer_settime times uname`,
  // What a program gives up of its own accord
  "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp",
].flatMap((names) => names.split(/\s+/));

const equal = (index: number, value: number): Argument => ({ index, op: "SCMP_CMP_EQ", value });
const above = (index: number, value: number): Argument => ({ index, op: "SCMP_CMP_GT", value });
const masked = (index: number, mask: number, rest: number): Argument => ({
  index,
  op: "SCMP_CMP_MASKED_EQ",
  value: mask,
  valueTwo: rest,
});
const allow = (names: readonly string[], ...args: readonly Argument[]): Rule => ({
  names,
  action: "SCMP_ACT_ALLOW",
  args,
});
const fail = (errnoRet: number, names: readonly string[], ...args: readonly Argument[]): Rule => ({
  names,
  action: "SCMP_ACT_ERRNO",
  errnoRet,
  args,
});

/**
 * Arguments are compared as 64 bits, of which the kernel takes 32. Whatever is allowed is compared as a whole, or
 * under a mask, so bits above can make a call fail and never let one through.
 */
const RULES: readonly Rule[] = [
  allow(ALLOWED),
  allow(["clone"], masked(0, NEW_NAMESPACES, 0)),
  // Its flags are in memory: libc falls back to clone, whose flags are not.
  fail(ENOSYS, ["clone3", "io_uring_enter", "io_uring_register", "io_uring_setup"]),
  allow(["socket", "socketpair"], equal(0, FAMILY.unix)),
  ...[FAMILY.ipv4, FAMILY.ipv6].flatMap((family) =>
    (
      [
        [TYPE.stream, TCP],
        [TYPE.datagram, UDP],
      ] as const
    ).flatMap(([type, protocol]) =>
      [0, protocol].map((number) =>
        allow(["socket"], equal(0, family), masked(1, TYPE_MASK, type), equal(2, number)),
      ),
    ),
  ),
  ...[0, 3, 4, 5, 6, 7, 8, 9].map((family) => fail(EAFNOSUPPORT, ["socket"], equal(0, family))),
  fail(EAFNOSUPPORT, ["socket"], above(0, FAMILY.ipv6)),
  ...Object.values(KIND).flatMap((kind) => [
    allow(["mknod"], masked(1, KIND_MASK, kind)),
    allow(["mknodat"], masked(2, KIND_MASK, kind)),
  ]),
  ...PERSONALITIES.map((value) => allow(["personality"], equal(0, value))),
];

/** One of a container's `SecurityOpt`s. The profile is in Docker's own format, for x86-64 and arm64. */
export const SECCOMP_OPTION = `seccomp=${JSON.stringify({
  defaultAction: "SCMP_ACT_ERRNO",
  archMap: [
    { architecture: "SCMP_ARCH_X86_64", subArchitectures: [] },
    { architecture: "SCMP_ARCH_AARCH64", subArchitectures: [] },
  ],
  syscalls: RULES,
})}`;
