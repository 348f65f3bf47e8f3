/** Somebody else's sandbox on the same runner, which has to go on as if nothing happened. */
import { setTimeout as sleep } from "node:timers/promises";
import { runnerHealthSchema } from "../../../src/sandbox/wire.ts";
import type { RunnerClient } from "../../support/sandbox-runner.ts";

/** What hostile programs must not find. */
const CANARY = "canary-of-the-neighbour";

/** Each needs a little of what a user's processes share on a machine, and leaves tracks while it runs. */
const TICK = `
import ctypes, os, socket, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
assert libc.inotify_init1(0) >= 0, "no inotify: " + os.strerror(ctypes.get_errno())
assert libc.mq_open(b"/tick", os.O_CREAT | os.O_RDWR, 0o600, None) >= 0, "no queue"
held = socket.socket(socket.AF_UNIX)
held.bind("\\0${CANARY}")
held.listen()
for place in ("/workspace", "/tmp", "/dev/shm"):
    with open(f"{place}/${CANARY}", "w") as file: file.write("${CANARY}")
with open("tick", "w") as file: file.write(sys.argv[1])
print(subprocess.run(["cat", "tick"], capture_output=True, text=True).stdout, open("/tmp/${CANARY}").read())
time.sleep(0.2)
`;
const PAUSE_MS = 50;

export interface Neighbour {
  /** Ends it. Sentences, if anything was missed. */
  leave(): Promise<readonly string[]>;
  ticks(): number;
  /** Milliseconds the slowest tick took. */
  slowest(): number;
}

/** A sandbox in which command after command must work, on a runner that must be well all the time. */
export async function moveIn(client: RunnerClient): Promise<Neighbour> {
  const { id } = await client.create("docker", { "tick.py": TICK });
  const problems: string[] = [];
  const leaving = new AbortController();
  let ticks = 0;
  let slowest = 0;
  const tick = async () => {
    const start = performance.now();
    const { stdout, stderr, end } = await client.exec(id, `WORD=${CANARY} python3 tick.py ${ticks}`);
    if (stdout !== `${ticks} ${CANARY}\n` || stderr !== "" || end.type === "error" || end.exit_code !== 0)
      problems.push(`tick ${ticks} ended with ${JSON.stringify(end)}: ${(stdout + stderr).slice(-300)}`);
    slowest = Math.max(slowest, performance.now() - start);
    const health = await (await client.send("GET", "/health")).json();
    if (runnerHealthSchema.parse(health).status !== "healthy")
      problems.push(`the runner was ${JSON.stringify(health)}`);
    ticks += 1;
  };
  const living = (async () => {
    while (!leaving.signal.aborted) {
      await tick();
      await sleep(PAUSE_MS);
    }
  })().catch((error: unknown) => {
    problems.push(`tick ${ticks}: ${error}`);
  });
  return {
    async leave() {
      leaving.abort();
      await living;
      await client.destroy(id);
      return problems;
    },
    ticks: () => ticks,
    slowest: () => slowest,
  };
}
