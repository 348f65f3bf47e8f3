/* Tries what the seccomp profile refuses, and prints for each "name errno", with 0 for what went through. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAY(name, call)                                                                                      \
  do {                                                                                                       \
    errno = 0;                                                                                               \
    long result = (call);                                                                                    \
    printf("%s %s\n", name, result == -1 ? strerrorname_np(errno) : "0");                                    \
  } while (0)
/* Bad pointers and descriptors: a call that the filter lets through ends with EFAULT, EBADF, EINVAL or the like. */
#define CALL(call, ...) SAY(#call, syscall(SYS_##call, ##__VA_ARGS__))

static const void *NOWHERE = (void *)1;

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);

  SAY("netlink socket", socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  SAY("netfilter socket", socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
  SAY("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
  SAY("vsock socket", socket(40, SOCK_STREAM, 0));
  SAY("crypto socket", socket(AF_ALG, SOCK_SEQPACKET, 0));
  SAY("bluetooth socket", socket(31, SOCK_RAW, 1));
  SAY("can socket", socket(29, SOCK_RAW, 1));
  SAY("key socket", socket(15, SOCK_RAW, 2));
  SAY("tipc socket", socket(30, SOCK_STREAM, 0));
  SAY("xdp socket", socket(44, SOCK_RAW, 0));
  SAY("x25 socket", socket(9, SOCK_SEQPACKET, 0));
  SAY("appletalk socket", socket(5, SOCK_DGRAM, 0));
  SAY("raw socket", socket(AF_INET, SOCK_RAW, 1));
  SAY("raw ipv6 socket", socket(AF_INET6, SOCK_RAW, 58));
  SAY("ping socket", socket(AF_INET, SOCK_DGRAM, 1));
  SAY("sctp socket", socket(AF_INET, SOCK_STREAM, 132));
  SAY("sctp packets", socket(AF_INET, SOCK_SEQPACKET, 132));
  SAY("mptcp socket", socket(AF_INET, SOCK_STREAM, 262));
  SAY("udplite socket", socket(AF_INET, SOCK_DGRAM, 136));
  SAY("packet socket of old", socket(AF_INET, 10, 0x300));
  SAY("family with bits above", syscall(SYS_socket, 0x100000000 | AF_NETLINK, SOCK_RAW, 0));
  SAY("type with bits above", syscall(SYS_socket, AF_INET, 0x100000000 | SOCK_RAW, 1));
  SAY("protocol with bits above", syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0x100000001));
  int pair[2];
  SAY("tipc socketpair", socketpair(30, SOCK_STREAM, 0, pair));

  SAY("unix socket", socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  SAY("unix socketpair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
  SAY("tcp socket", socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  SAY("tcp ipv6 socket", socket(AF_INET6, SOCK_STREAM, 6));
  SAY("udp socket", socket(AF_INET, SOCK_DGRAM, 17));

  CALL(io_uring_setup, 1, NOWHERE);
  CALL(io_uring_enter, -1, 0, 0, 0, NULL, 0);
  CALL(io_uring_register, -1, 0, NULL, 0);
  CALL(io_setup, 1, NOWHERE);
  CALL(io_submit, 0, 1, NOWHERE);
  CALL(ptrace, 0, 0, 0, 0);
  CALL(process_vm_readv, 1, NOWHERE, 1, NOWHERE, 1, 0);
  CALL(process_vm_writev, 1, NOWHERE, 1, NOWHERE, 1, 0);
  CALL(process_madvise, -1, NOWHERE, 1, 0, 0);
  CALL(process_mrelease, -1, 0);
  CALL(pidfd_getfd, -1, 0, 0);
  CALL(kcmp, 1, 1, 0, 0, 0);
  CALL(bpf, 0, NOWHERE, 64);
  CALL(perf_event_open, NOWHERE, 0, -1, -1, 0);
  CALL(userfaultfd, 0);
  CALL(keyctl, 0, -3, 0);
  CALL(add_key, "user", "name", "value", 5, -3);
  CALL(request_key, "user", "name", NULL, -3);
  CALL(mount, NOWHERE, NOWHERE, NOWHERE, 0, NULL);
  CALL(umount2, "/tmp", 0);
  CALL(pivot_root, NOWHERE, NOWHERE);
  CALL(chroot, "/");
  CALL(fsopen, NOWHERE, 0);
  CALL(fsconfig, -1, 0, NULL, NULL, 0);
  CALL(fsmount, -1, 0, 0);
  CALL(fspick, -1, NOWHERE, 0);
  CALL(move_mount, -1, NOWHERE, -1, NOWHERE, 0);
  CALL(open_tree, -1, NOWHERE, 0);
  CALL(mount_setattr, -1, NOWHERE, 0, NULL, 0);
  CALL(unshare, CLONE_NEWUSER);
  CALL(setns, -1, 0);
  SAY("clone into namespaces", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
  CALL(clone3, NOWHERE, 64);
  CALL(kexec_load, 0, 0, NULL, 0);
  CALL(kexec_file_load, -1, -1, 0, NULL, 0);
  CALL(init_module, NOWHERE, 0, NOWHERE);
  CALL(finit_module, -1, NOWHERE, 0);
  CALL(delete_module, NOWHERE, 0);
  CALL(reboot, 0, 0, 0, NULL);
  CALL(swapon, NOWHERE, 0);
  CALL(swapoff, NOWHERE);
  CALL(clock_settime, 0, NOWHERE);
  CALL(settimeofday, NOWHERE, NULL);
  CALL(adjtimex, NOWHERE);
  CALL(clock_adjtime, 0, NOWHERE);
  CALL(sethostname, "x", 1);
  CALL(setdomainname, "x", 1);
  CALL(quotactl, 0, NULL, 0, NULL);
  CALL(quotactl_fd, -1, 0, 0, NULL);
  CALL(acct, NULL);
  CALL(syslog, 10, NULL, 0);
  CALL(lookup_dcookie, 0, NOWHERE, 0);
  CALL(vhangup);
  CALL(open_by_handle_at, -1, NOWHERE, 0);
  CALL(name_to_handle_at, -1, NOWHERE, NOWHERE, NOWHERE, 0);
  CALL(fanotify_init, 0, 0);
  CALL(fanotify_mark, -1, 0, 0, -1, NULL);
  CALL(memfd_secret, 0);
  CALL(personality, 0x0400000); /* READ_IMPLIES_EXEC */
  CALL(mbind, NULL, 0, 0, NULL, 0, 0);
  CALL(set_mempolicy, 0, NULL, 0);
  CALL(get_mempolicy, NULL, NULL, 0, NULL, 0);
  CALL(move_pages, 0, 0, NULL, NULL, NULL, 0);
  CALL(migrate_pages, 0, 0, NULL, NULL);
  CALL(vmsplice, -1, NOWHERE, 1, 0);
  CALL(remap_file_pages, NULL, 0, 0, 0, 0);
  CALL(nfsservctl, 0, NULL, NULL);
#ifdef __x86_64__
  CALL(ioperm, 0, 1, 1);
  CALL(iopl, 3);
  CALL(modify_ldt, 0, NULL, 0);
  CALL(uselib, NOWHERE);
  CALL(_sysctl, NULL);
  CALL(ustat, 0, NOWHERE);
  CALL(sysfs, 3);
#endif
  SAY("character device", mknod("probe-null", S_IFCHR | 0666, 0x103));
  SAY("whiteout", mknod("probe-whiteout", S_IFCHR, 0));
  SAY("block device", mknod("probe-disk", S_IFBLK | 0666, 0x800));
  SAY("pipe", mknod("probe-pipe", S_IFIFO | 0666, 0));
  unlink("probe-pipe");
  SAY("usual personality", syscall(SYS_personality, 0xffffffff));

  pid_t plain = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
  if (plain == 0) _exit(0);
  SAY("plain clone", waitpid(plain, NULL, 0));

#ifdef __x86_64__
  /* Linux' 32-bit entry, and x32's numbers: another table, which the filter does not know. */
  pid_t child = fork();
  if (child == 0) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    _exit(result > 0 ? 0 : 1);
  }
  int status;
  waitpid(child, &status, 0);
  printf("32-bit getpid %s\n", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "0");
  child = fork();
  if (child == 0) _exit(syscall(0x40000000 | 39) > 0 ? 0 : 1);
  waitpid(child, &status, 0);
  printf("x32 getpid %s\n", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : WEXITSTATUS(status) ? "refused" : "0");
#endif
  return 0;
}
