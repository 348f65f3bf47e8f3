/** Callers of a sandbox-runner that go through all it does, while something is killed: none may hang or be misled. */
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom, type Random } from "../support/random.ts";
import type { RunnerClient } from "../support/sandbox-runner.ts";

/** What a caller was in the middle of. */
export const PHASES = ["create", "exec", "put", "changes", "destroy"] as const;
export type Phase = (typeof PHASES)[number];

export interface Callers {
  /** Whom they call; undefined while there is nobody. They come back once there is. */
  runner: RunnerClient | undefined;
  /** Settles when one of them is in the middle of this, or after a while. */
  reached(phase: Phase): Promise<void>;
  /** From now on what they call may fail, and everything that is under way must end soon. */
  disturb(): void;
  /** What they were in the middle of when it was disturbed, counted over all times. */
  readonly disturbed: Readonly<Record<Phase, number>>;
  /** Settles when whatever is under way, and was at the last disturbance, has ended, one way or the other. */
  settled(): Promise<void>;
  /** Whatever works again has to; errors are problems again. */
  calm(): void;
  /** Whole lives of sandboxes, from creation to destruction. */
  readonly lives: () => number;
  stop(): Promise<readonly string[]>;
}

/** After a disturbance, for whoever was in the middle of something to be told. */
const LONGEST_ANSWER_MS = 20_000;
/** For one of them to get anywhere. */
const LONGEST_WAY_MS = 10_000;
const PAUSE_MS = 20;
const COMMANDS = [
  "echo hello",
  "seq 1 20000",
  "sleep 0.3; echo late >out.txt",
  "head -c 300000 /dev/urandom | od >out.txt; cat out.txt | head -c 200000",
  "sleep 60",
] as const;
/** Uploads long enough to be killed in. */
const FILES = Object.fromEntries(
  Array.from({ length: 40 }, (_, i) => [`src/file-${i}.txt`, `line ${i}\n`.repeat(1000)]),
);

/**
 * What a caller may be told when its runner or the engine is gone: that the connection broke, that a stream did not
 * end as it has to, or what the runner has to say.
 */
const CLEAR =
  /^(?:TypeError: (?:fetch failed|terminated)|Error: The stream has no end|Error: The changes were cut short|Error: Tar archive is truncated|Error: (?:410|503|404) \{"error")/;
const TYPED = ["sandbox_lost", "provider_unavailable", "at_capacity"] as const;

export function startCallers(seed: number, lanes: number): Callers {
  const problems: string[] = [];
  const busy = new Map<number, Phase>();
  const disturbed: Record<Phase, number> = { create: 0, exec: 0, put: 0, changes: 0, destroy: 0 };
  /** Lanes with something under way since the disturbance. */
  let waiting = new Set<number>();
  let quiet = true;
  let stopped = false;
  let lives = 0;

  const live = async (lane: number, client: RunnerClient, random: Random): Promise<void> => {
    const during = async <T>(phase: Phase, act: () => Promise<T>): Promise<T> => {
      busy.set(lane, phase);
      try {
        return await act();
      } finally {
        busy.delete(lane);
        waiting.delete(lane);
      }
    };
    const { id } = await during("create", () => client.create("docker", FILES));
    const { end } = await during("exec", () =>
      client.exec(id, { command: random.pick(COMMANDS), timeout_seconds: 2 }),
    );
    if (end.type === "error" && !TYPED.some((code) => code === end.code))
      problems.push(`a command ended with ${JSON.stringify(end)}`);
    if (end.type === "error" || end.ending === "sandbox_lost") throw new Lost();
    await during("put", () => client.put(id, FILES));
    await during("changes", () => client.changes(id));
    await during("destroy", () => client.destroy(id));
    lives += 1;
  };
  const lane = async (number: number): Promise<void> => {
    const random = createRandom(seed * 1000 + number);
    while (!stopped) {
      const client = callers.runner;
      if (client === undefined) {
        await sleep(PAUSE_MS);
        continue;
      }
      const calm = quiet;
      try {
        await live(number, client, random);
      } catch (error) {
        const told = `${error}`;
        // A life that began in peace may have been disturbed since.
        if (calm && quiet && client === callers.runner)
          problems.push(`undisturbed, a caller was told: ${told}`);
        else if (!(error instanceof Lost || CLEAR.test(told))) problems.push(`a caller was told: ${told}`);
        await sleep(PAUSE_MS);
      }
    }
  };
  const callers: Callers = {
    runner: undefined,
    disturbed,
    async reached(phase) {
      const deadline = performance.now() + LONGEST_WAY_MS;
      while (![...busy.values()].includes(phase) && performance.now() < deadline) await sleep(1);
    },
    disturb() {
      quiet = false;
      for (const phase of busy.values()) disturbed[phase] += 1;
      waiting = new Set(busy.keys());
    },
    async settled() {
      for (const number of busy.keys()) waiting.add(number);
      const deadline = performance.now() + LONGEST_ANSWER_MS;
      while (waiting.size > 0 && performance.now() < deadline) await sleep(PAUSE_MS);
      for (const number of waiting)
        problems.push(
          `a caller still waits for the answer to ${busy.get(number)} after ${LONGEST_ANSWER_MS} ms`,
        );
    },
    calm() {
      quiet = true;
    },
    lives: () => lives,
    async stop() {
      stopped = true;
      callers.runner = undefined;
      await running;
      return problems;
    },
  };
  const running = Promise.all(Array.from({ length: lanes }, (_, i) => lane(i)));
  return callers;
}

/** The sandbox has ended under a command, and the caller was told so. */
class Lost extends Error {}
