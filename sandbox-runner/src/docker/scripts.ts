/** The shell scripts that run inside every sandbox, and the users they run as. */

/** Runs PID 1: nothing that a command starts can signal, stop or trace it. Commands have a user of their own. */
export const INIT_USER = "65533:65533";

export const WORKSPACE = "/workspace";
export const HOME = "/home/sandbox";

/**
 * PID 1. It ends, and the kernel with it everything in the sandbox, when
 *
 * - `$1` seconds are over;
 * - the line it is sent says for how many seconds more the sandbox may live, and they are over;
 * - its standard input ends, as it does when the runner dies or hangs up, or the engine dies.
 *
 * Waiting, it reaps whatever is orphaned (`wait` of every POSIX shell collects all children).
 */
export const INIT_SCRIPT = `
exec 3<&0
sleep "$1" & last=$!
{ read -r left <&3 && timeout "$left" cat <&3 >/dev/null; kill -KILL "$last"; } &
exec 3<&-
wait "$last"
`;

/**
 * A shell that waits for jobs, so that a job need not wait for a shell. With `clean` it first ends whatever else
 * runs as its user. It says hello with the number of processes the kernel has killed for want of memory, then takes
 * jobs from its input: a line with a name and the length of what follows. Programs come from the read-only root;
 * only a command's own `PATH` may lead to folders that commands can write to.
 *
 * - `unlock`: gives the owner back the rights to what commands took them from
 * - `remove`: paths to remove
 * - `put`: a tar up to the end of input; answers with an empty record once it is unpacked, and the shell ends
 * - `list`: unlocks, and answers with one record for each entry (listing.ts), and an empty one
 * - `hash`: paths; answers with a record for each, SHA-256 in hex first
 * - `read`: paths; answers with the contents, one after the other
 * - `run`: a command; the output is the command's own, and the shell ends with its exit code. Whatever it left
 *   running is killed: so nothing can hold the output open.
 */
export const SHELL_SCRIPT = `
theirs=$PATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin
if [ "$1" = clean ]; then kill -KILL -1; fi
cd ${WORKSPACE} 2>/dev/null || { chmod 700 ${WORKSPACE} && cd ${WORKSPACE}; } || exit 1
kills=0
for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
  if [ -r "$file" ]; then
    while read -r key value; do if [ "$key" = oom_kill ]; then kills=$value; fi; done <"$file"
  fi
done
echo "$kills"
unlock() {
  find . ! -type l \\( -type d ! -perm -700 -execdir chmod u+rwx {} \\; -o -type f ! -perm -400 -execdir chmod u+r {} + \\)
}
list() {
  find . -mindepth 1 -iname .git -prune -o -mindepth 1 -printf '%y %s %m %P\\0' && printf '\\0'
}
while read -r job size; do
  case $job in
  unlock) unlock || exit 1 ;;
  remove) head -c "$size" | xargs -0 -r rm -rf -- || exit 1 ;;
  put) tar -x -m --no-same-owner --no-same-permissions --recursive-unlink -f - || exit 1; printf '\\0'; exit ;;
  list) unlock && list || exit 1 ;;
  hash) head -c "$size" | xargs -0 -r sha256sum -z -- || exit 1 ;;
  read) head -c "$size" | xargs -0 -r cat -- || exit 1 ;;
  run)
    command=$(head -c "$size")
    PATH=$theirs /bin/sh -c '{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null; exec /bin/sh -c "$1"' sh "$command" </dev/null
    code=$?
    kill -KILL -1
    exit "$code"
    ;;
  esac
done
`;
