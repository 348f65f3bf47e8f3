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
  renew(signal: AbortSignal): void;
  /**
   * As `renew`, but only when one is asked for, or in a moment: who destroys a sandbox after its last command need not
   * wait for a shell to start. `failed` is called when none could be started.
   */
  renewSoon(failed: () => Promise<void>): void;
  /** Settles once all that wait are ready. Throws RunnerError. */
  ready(): Promise<void>;
  /** Settles with the next one, which stays. Throws RunnerError. */
  peek(): Promise<Shell>;
  /** Hands out one that waits, or a new one. Throws RunnerError. */
  take(signal: AbortSignal): Promise<Shell>;
  /** Hangs up on all. */
  close(): void;
}

/** Longer than a caller near by takes to say what is next, and little against a command. */
const SOON_MS = 15;

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
  let later: { readonly timer: NodeJS.Timeout; readonly failed: () => Promise<void> } | undefined;
  /** What `renewSoon` has put off. */
  const renewNow = () => {
    if (later === undefined) return;
    const { timer, failed } = later;
    later = undefined;
    clearTimeout(timer);
    const shell = start(true);
    keep(shell);
    shell.catch(failed);
  };
  const hangUp = () => {
    clearTimeout(later?.timer);
    later = undefined;
    waiting = [];
    for (const shell of all) shell.destroy();
    all.clear();
  };
  return {
    add: () => keep(start(false)),
    ensure() {
      renewNow();
      if (waiting.length === 0) keep(start(false));
    },
    renew(signal) {
      hangUp();
      keep(start(true, signal));
    },
    renewSoon(failed) {
      hangUp();
      later = { timer: setTimeout(renewNow, SOON_MS).unref(), failed };
    },
    async ready() {
      await Promise.all(waiting);
    },
    async peek() {
      renewNow();
      if (waiting[0] === undefined) keep(start(false));
      return await (waiting[0] as Promise<Shell>);
    },
    async take(signal) {
      renewNow();
      const shell = await (waiting.shift() ?? start(false, signal));
      return shell;
    },
    close() {
      closing.abort(new RunnerError("sandbox_lost", "The sandbox has ended."));
      hangUp();
    },
  };
}
