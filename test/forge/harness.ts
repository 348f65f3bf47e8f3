/** A GitHub forge under test: real Octokit and a real server, but a clock that tests turn. */
import { inspect } from "node:util";
import { createEgress } from "../../src/egress.ts";
import { ServiceError } from "../../src/errors.ts";
import type { Forge, ForgeCall } from "../../src/forge/forge.ts";
import { createGitHubForge, type GitHubForgeOptions } from "../../src/forge/github.ts";
import type { Fault, FaultAction, Faults } from "../support/forge/faults.ts";
import { type LocalForge, startForge } from "../support/forge/server.ts";

export const TOKEN = "ghp_CANARYcanaryCANARYcanary0123456789";
export const LOGIN = "octocat";
export const START = Date.parse("2026-11-22T10:00:00.000Z");

interface Wait {
  readonly reason: string;
  readonly milliseconds: number;
}

export interface Harness extends AsyncDisposable {
  readonly server: LocalForge;
  readonly forge: Forge;
  readonly call: ForgeCall;
  readonly controller: AbortController;
  /** Makes the server misbehave for requests that match: all of them unless told how many. */
  fault(match: Parameters<Faults["add"]>[0]["match"], action: FaultAction, times?: number): Fault;
  /** What onWait was told. */
  readonly told: Wait[];
  /** What was really waited, in milliseconds. */
  readonly slept: number[];
  /** The clock's time at each request, in milliseconds since START. */
  readonly sent: number[];
  now(): number;
  /** Requests that reached the server: `GET /repos/o/r`, or a git path as it is. */
  requests(): string[];
  /** A text with this server's address replaced, so that whole messages can be compared. */
  stable(text: string): string;
  /** Another forge on the same server, with the same clock. */
  another(options: Partial<GitHubForgeOptions>): Forge;
}

export async function setUp(options: Partial<GitHubForgeOptions> = {}): Promise<Harness> {
  const server = await startForge({ tokens: { [TOKEN]: { login: LOGIN } } });
  const controller = new AbortController();
  const told: Wait[] = [];
  const slept: number[] = [];
  const sent: number[] = [];
  let time = START;
  const egress = createEgress({ origins: [server.url] });
  const another = (more: Partial<GitHubForgeOptions>): Forge =>
    createGitHubForge({
      apiUrl: server.apiUrl,
      serverUrl: server.url,
      token: TOKEN,
      userAgent: "tiny-backspace-test",
      fetch: (input, init) => {
        sent.push(time - START);
        return egress(input, init);
      },
      now: () => time,
      random: () => 0.5,
      sleep: async (milliseconds, signal) => {
        signal.throwIfAborted();
        slept.push(milliseconds);
        time += milliseconds;
      },
      ...more,
    });
  return {
    server,
    forge: another(options),
    call: { signal: controller.signal, onWait: (wait) => told.push(wait) },
    controller,
    fault: (match, action, times) =>
      server.faults.add({
        match,
        action,
        ...(times === undefined ? {} : { times }),
      }),
    told,
    slept,
    sent,
    now: () => time,
    requests: () =>
      server.log.entries.map(({ method, path, kind }) =>
        kind === "git" ? path : `${method} ${path.replace(new URL(server.apiUrl).pathname, "")}`,
      ),
    stable: (text) =>
      text.replaceAll(server.url, "https://forge").replaceAll(new URL(server.url).host, "forge"),
    another,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** The ServiceError a promise ends with; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<ServiceError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ServiceError) {
      return error;
    }
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Everything an error holds, however deep, as a logger would print it. */
export function everythingIn(error: unknown): string {
  return inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true });
}

/** Every spelling of the token that must not be in there. */
export const SPELLINGS: readonly string[] = [
  TOKEN,
  btoa(`x-access-token:${TOKEN}`),
  btoa(TOKEN),
  encodeURIComponent(TOKEN),
];
