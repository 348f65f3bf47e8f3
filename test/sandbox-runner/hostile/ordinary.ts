/** Programs as repositories have them, each using a good part of what a kernel offers. */

export interface Ordinary {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly command: string;
  /** Its whole standard output. */
  readonly says: string;
}

export const ORDINARY: readonly Ordinary[] = [
  {
    name: "Python, with threads, processes and sockets",
    files: {
      "work.py": `
import asyncio, concurrent.futures as futures, multiprocessing, os, socket, subprocess, tempfile, threading
def square(n): return n * n
async def serve():
    async def echo(reader, writer):
        writer.write((await reader.readline()).upper()); await writer.drain(); writer.close()
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    writer.write(b"hello\\n")
    print((await reader.read()).decode().strip())
    server.close()
if __name__ == "__main__":
    with futures.ThreadPoolExecutor(8) as pool: print(sum(pool.map(square, range(100))))
    with multiprocessing.Pool(2) as pool: print(sum(pool.map(square, range(100))))
    with multiprocessing.get_context("spawn").Pool(1) as pool: print(pool.apply(square, (9,)))
    print(subprocess.run(["sh", "-c", "cat"], input="piped", capture_output=True, text=True).stdout)
    asyncio.run(serve())
    left, right = socket.socketpair()
    left.send(b"pair"); print(right.recv(9).decode())
    child = os.posix_spawn("/bin/true", ["true"], {})
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    with tempfile.NamedTemporaryFile() as file: print(os.sendfile(file.fileno(), os.open(__file__, os.O_RDONLY), 0, 9))
`,
    },
    command: "python3 work.py",
    says: "328350\n328350\n81\npiped\nHELLO\npair\n0\n9\n",
  },
  {
    name: "Node, with workers, children and a server",
    files: {
      "work.mjs": `
import { execFileSync, fork } from "node:child_process";
import { promises as dns } from "node:dns";
import { once } from "node:events";
import { cp, mkdtemp, readFile, watch, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { cpus, tmpdir, userInfo } from "node:os";
import { Worker, isMainThread, parentPort } from "node:worker_threads";
if (process.argv[2] === "child") { process.send(42); process.disconnect(); }
else if (!isMainThread) parentPort.postMessage(7);
else {
  console.log(execFileSync("sh", ["-c", "echo child"]).toString().trim());
  console.log((await once(fork(import.meta.filename, ["child"]), "message"))[0]);
  console.log((await once(new Worker(new URL(import.meta.url)), "message"))[0]);
  const server = createServer((_, response) => response.end("served")).listen(0, "localhost");
  await once(server, "listening");
  console.log(await (await fetch("http://localhost:" + server.address().port)).text());
  server.close();
  const folder = await mkdtemp(tmpdir() + "/work-");
  const changes = watch(folder);
  const seen = changes.next();
  await writeFile(folder + "/a", "text");
  console.log((await seen).value.filename);
  await cp(folder + "/a", folder + "/b");
  console.log(await readFile(folder + "/b", "utf8"));
  console.log((await dns.lookup("localhost", { all: true })).length > 0, cpus().length > 0, userInfo().homedir);
  process.exit();
}
`,
    },
    command: "node work.mjs",
    says: "child\n42\n7\nserved\na\ntext\ntrue true /home/sandbox\n",
  },
  {
    name: "a compiler and what it made, in threads",
    files: {
      "main.cpp": `
#include <atomic>
#include <cstdio>
#include <future>
#include <sys/mman.h>
#include <thread>
#include <vector>
int main() {
  std::atomic<int> sum{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; i++) threads.emplace_back([&] { for (int n = 0; n < 1000; n++) sum++; });
  for (auto &thread : threads) thread.join();
  auto *code = static_cast<unsigned char *>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  code[0] = 1;
  int executable = mprotect(code, 4096, PROT_READ | PROT_EXEC);
  std::printf("%d %d %d\\n", sum.load(), std::async(std::launch::async, [] { return 5; }).get(), executable);
}
`,
    },
    command: "g++ -O1 -pthread -o main main.cpp && ./main",
    says: "8000 5 0\n",
  },
  {
    name: "git, from init to clone",
    files: { "a.txt": "a" },
    command:
      "git init -q && git add . && git commit -qm first && git checkout -qb b && echo b >a.txt && git commit -qam second && " +
      "git gc -q && git clone -q . /tmp/copy && git -C /tmp/copy log --format=%s && git stash list && git status --short",
    says: "second\nfirst\n",
  },
  {
    name: "npm, with a package, its scripts and its tests",
    files: {
      "package.json": JSON.stringify({
        name: "work",
        version: "1.0.0",
        scripts: {
          build: "node -e \"console.log('built')\"",
          test: "node --test --test-reporter=tap a.test.js",
        },
        dependencies: { dep: "file:dep" },
      }),
      "dep/package.json": JSON.stringify({ name: "dep", version: "1.0.0" }),
      "dep/index.js": "module.exports = 1;",
      "a.test.js": 'require("node:test")("one", () => require("node:assert").equal(require("dep"), 1));',
    },
    command:
      "npm install --offline --no-audit --no-fund --silent && npm run --silent build && npm test --silent | grep -E '^# (pass|fail)'",
    says: "built\n# pass 1\n# fail 0\n",
  },
  {
    name: "pip, with a package installed from its folder",
    files: {
      "setup.py": 'from setuptools import setup\nsetup(name="work", version="1", py_modules=["work"])',
      "work.py": "ANSWER = 42",
      "test_work.py": "from work import ANSWER\ndef test_answer(): assert ANSWER == 42",
    },
    command:
      "python3 -m venv --system-site-packages /tmp/venv && /tmp/venv/bin/pip install -q --no-index --no-build-isolation . && " +
      "cd /tmp && /tmp/venv/bin/python -c 'import work; print(work.ANSWER)' && cd /workspace && python3 -m pytest -q | tail -1 | cut -d' ' -f1-2",
    says: "42\n1 passed\n",
  },
  {
    name: "make, tar, and pipes between shells",
    files: {
      Makefile:
        "all: a b\n\ta=$$(cat a) && echo $$a $$(cat b)\na b:\n\t@sleep 0.1; echo made >$@\n.SILENT:\n",
    },
    command:
      "make -s -j4 && tar -czf /tmp/all.tgz . && mkdir /tmp/out && tar -xzf /tmp/all.tgz -C /tmp/out && ls /tmp/out | sort | tr '\\n' ' ' && " +
      'bash -c \'diff <(seq 3) <(printf "1\\n2\\n3\\n") && mapfile -t lines < <(seq 5); coproc cat; echo "$(( 40 + 2 ))" | tee /dev/stderr\' 2>&1',
    says: "made made\nMakefile a b 42\n42\n",
  },
  {
    name: "files that are locked, mapped, linked and shared",
    files: {
      "work.py": `
import fcntl, mmap, multiprocessing.shared_memory as shared, os, select, signal, sqlite3, threading, time
with open("data", "w+b") as file:
    file.truncate(8192)
    fcntl.flock(file, fcntl.LOCK_EX)
    area = mmap.mmap(file.fileno(), 8192); area[0:4] = b"mmap"; area.flush()
    os.posix_fallocate(file.fileno(), 0, 16384)
print(open("data", "rb").read(4).decode())
block = shared.SharedMemory(create=True, size=4096); block.buf[0] = 9; print(block.buf[0]); block.close(); block.unlink()
base = sqlite3.connect("base.sqlite"); base.execute("pragma journal_mode=wal"); base.execute("create table t (a)")
base.execute("insert into t values (1)"); base.commit(); print(base.execute("select * from t").fetchall())
os.symlink("data", "link"); os.link("data", "hard"); os.rename("hard", "moved"); os.mkfifo("pipe"); print(os.stat("link").st_nlink)
signal.signal(signal.SIGALRM, lambda *_: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.05); time.sleep(0.2)
poll = select.epoll(); reading, writing = os.pipe(); poll.register(reading, select.EPOLLIN); os.write(writing, b"x"); print(len(poll.poll(1)))
pidfd = os.pidfd_open(os.getpid()); signal.pidfd_send_signal(pidfd, 0); print(os.memfd_create("m") > 0, len(os.getrandom(8)))
os.copy_file_range(os.open("data", os.O_RDONLY), os.open("copy", os.O_CREAT | os.O_WRONLY), 4); print(open("copy").read())
`,
    },
    command: "python3 work.py",
    says: "mmap\n9\n[(1,)]\n2\nalarm\n1\nTrue 8\nmmap\n",
  },
];
