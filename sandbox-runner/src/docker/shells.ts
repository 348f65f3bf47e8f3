/** The shells of one sandbox that wait for work: starting one takes longer than most commands. */
import type Docker from "dockerode";
import { RunnerError } from "../errors.ts";
import { type Shell, startShell } from "./shell.ts";

export interface Shells {
  /** Has another one started, beside those that wait. */
  add(): void;
  /** Has one started when none waits. */
  ensure(): void;
  /** Has one started that first ends everything else, in place of those that wait. */
  renew(signal?: AbortSignal): void;
  /** Settles once all that wait are ready. Throws RunnerError. */
  ready(): Promise<void>;
  /** Settles with the next one, which stays. Throws RunnerError. */
  peek(): Promise<Shell>;
  /** Hands out one that waits, or a new one. Throws RunnerError. */
  take(signal: AbortSignal): Promise<Shell>;
  /** Hangs up on all. */
  close(): void;
}

export function createShells(container: Docker.Container, user: string): Shells {
  let waiting: Promise<Shell>[] = [];
  const all = new Set<Shell>();
  const closing = new AbortController();
  const start = async (clean: boolean, signal?: AbortSignal) => {
    const either = signal === undefined ? closing.signal : AbortSignal.any([closing.signal, signal]);
    const shell = await startShell(container, user, clean, either);
    all.add(shell);
    return shell;
  };
  const keep = (shell: Promise<Shell>) => {
    shell.catch(() => {});
    waiting.push(shell);
  };
  return {
    add: () => keep(start(false)),
    ensure() {
      if (waiting.length === 0) keep(start(false));
    },
    renew(signal) {
      waiting = [];
      for (const shell of all) shell.destroy();
      all.clear();
      keep(start(true, signal));
    },
    async ready() {
      await Promise.all(waiting);
    },
    async peek() {
      if (waiting[0] === undefined) keep(start(false));
      return await (waiting[0] as Promise<Shell>);
    },
    async take(signal) {
      const shell = await (waiting.shift() ?? start(false, signal));
      return shell;
    },
    close() {
      closing.abort(new RunnerError("sandbox_lost", "The sandbox has ended."));
      for (const shell of all) shell.destroy();
      all.clear();
    },
  };
}
