/**
 * The local forge in a process of its own. Starting git from a process of 400 MB takes ten times as long
 * as from a small one (the page tables are copied), and every contender would pay for it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { LogEntry } from "../test/support/forge/log.ts";

export type LoggedRequest = Pick<
  LogEntry,
  "method" | "path" | "status" | "time" | "service" | "bytesIn" | "bytesOut"
>;

export interface Hosted {
  readonly cloneUrl: string;
  readonly fullName: string;
  git(...args: string[]): Promise<string>;
}

export interface ForgeProcess extends AsyncDisposable {
  readonly url: string;
  readonly apiUrl: string;
  addRepository(fullName: string, options: { readonly from: string }): Promise<Hosted>;
  clearLog(): Promise<void>;
  /** Requests since the log was cleared, in order of arrival. */
  requests(): Promise<readonly LoggedRequest[]>;
}

/** What the child is asked to do, and the answer. */
export type Call =
  | { readonly call: "start"; readonly token: string; readonly login: string }
  | { readonly call: "add"; readonly fullName: string; readonly from: string }
  | { readonly call: "git"; readonly fullName: string; readonly args: readonly string[] }
  | { readonly call: "clear" }
  | { readonly call: "requests" }
  | { readonly call: "close" };
export type Answer = { readonly value: unknown } | { readonly error: string };

/** Starts the forge with one account. Disposing ends it and removes what it stored. */
export async function startForgeProcess(token: string, login: string): Promise<ForgeProcess> {
  const child = fork(new URL("forge-child.ts", import.meta.url), { serialization: "advanced" });
  const ask = asker(child);
  const { url, apiUrl } = (await ask({ call: "start", token, login })) as { url: string; apiUrl: string };
  return {
    url,
    apiUrl,
    async addRepository(fullName, { from }) {
      const cloneUrl = (await ask({ call: "add", fullName, from })) as string;
      return {
        cloneUrl,
        fullName,
        git: async (...args) => (await ask({ call: "git", fullName, args })) as string,
      };
    },
    clearLog: async () => void (await ask({ call: "clear" })),
    requests: async () => (await ask({ call: "requests" })) as readonly LoggedRequest[],
    async [Symbol.asyncDispose]() {
      const exit = once(child, "exit");
      await ask({ call: "close" });
      child.disconnect();
      await exit;
    },
  };
}

/** One call at a time: the next is sent when the last is answered. */
function asker(child: ChildProcess): (call: Call) => Promise<unknown> {
  const exit = once(child, "exit").then(() => {
    throw new Error("the forge's process ended");
  });
  exit.catch(() => undefined);
  return async (call) => {
    const answered = once(child, "message");
    child.send(call);
    const [answer] = (await Promise.race([answered, exit])) as [Answer];
    if ("error" in answer) throw new Error(answer.error);
    return answer.value;
  };
}
