/** One forge call's view of GitHub: Octokit with retries, and answers that are checked. */
import { Octokit } from "@octokit/rest";
import type { z } from "zod";
import type { ServiceError } from "../errors.ts";
import { type Attempted, createExplain } from "./explain.ts";
import { cutShort, type Failure, readFailure, unreadable } from "./failure.ts";
import type { ForgeCall, GitRemote, RepoRef } from "./forge.ts";
import { createRetry, type Retry, type Timing } from "./retry.ts";

export interface SessionOptions extends Timing {
  readonly apiUrl: string;
  readonly serverUrl: string;
  readonly token: string | undefined;
  readonly remote: (ref: RepoRef) => GitRemote;
  readonly fetch: typeof fetch;
  readonly userAgent: string;
  /** A signal that aborts a request when it has taken too long. */
  readonly timeout: () => AbortSignal;
  /** The most one call spends waiting, in milliseconds. */
  readonly maxWait: number;
}

export type Outcome<T> = { readonly value: T } | { readonly failure: Failure };

type Send = (octokit: Octokit) => Promise<{ readonly data: unknown }>;

export interface Session extends Timing {
  readonly call: ForgeCall;
  readonly authenticated: boolean;
  readonly retry: Retry;
  /** The checked answer, or why there is none. Throws the signal's reason when aborted. */
  attempt<T>(schema: z.ZodType<T>, send: Send): Promise<Outcome<T>>;
  /** The checked answer; a failure is thrown as the ServiceError that explains it. */
  ask<T>(attempted: Attempted, schema: z.ZodType<T>, send: Send): Promise<T>;
  explain(failure: Failure, attempted: Attempted): ServiceError;
  remote(ref: RepoRef): GitRemote;
  /** A request beside the REST API, such as git's; bounded in time like any other. */
  fetch(url: string, headers: Record<string, string>): Promise<Response>;
}

const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };
function ignore(): void {}

/** The version the answers were written for: https://docs.github.com/en/rest/about-the-rest-api/api-versions */
const API_VERSION = "2022-11-28";

/** Makes sessions that share what is known about rate limits. */
export function createSessions(options: SessionOptions): (call: ForgeCall) => Session {
  const { token, now, random, sleep } = options;
  const host = new URL(options.apiUrl).host;
  const explain = createExplain({
    serverUrl: options.serverUrl,
    authenticated: token !== undefined,
    redact: (text) => (token === undefined ? text : text.replaceAll(token, "[token]")),
  });
  const createCallRetry = createRetry({
    sleep,
    now,
    random,
    maxWait: options.maxWait,
    hint:
      token === undefined
        ? "Send a token in X-GitHub-Token or set GITHUB_TOKEN: requests with one have a higher limit."
        : "",
    read: (error, signal) => readFailure(error, host, signal),
  });

  return (call) => {
    const retry = createCallRetry(call);
    // called without a receiver, and never for longer than one request may take
    const timed: typeof fetch = (input, init) => {
      const send = options.fetch;
      return send(input, { ...init, signal: AbortSignal.any([call.signal, options.timeout()]) });
    };
    const octokit = new Octokit({
      ...(token === undefined ? {} : { auth: token }),
      baseUrl: options.apiUrl,
      userAgent: options.userAgent,
      log: silent,
      request: { fetch: timed, signal: call.signal, log: silent },
    });
    octokit.hook.wrap("request", (request, requestOptions) => {
      requestOptions.headers["x-github-api-version"] = API_VERSION;
      return retry.run(async () => {
        const answer = await request(requestOptions);
        call.signal.throwIfAborted();
        // Octokit gives text when a JSON body ends early or is another type
        if (typeof answer.data === "string") {
          throw /json/i.test(answer.headers["content-type"] ?? "") ? cutShort(host) : unreadable(host);
        }
        return answer;
      }, isRepeatable(requestOptions));
    });

    const attempt = async <T>(schema: z.ZodType<T>, send: Send): Promise<Outcome<T>> => {
      try {
        const parsed = schema.safeParse((await send(octokit)).data);
        return parsed.success
          ? { value: parsed.data }
          : { failure: { kind: "service", error: unreadable(host) } };
      } catch (error) {
        return { failure: readFailure(error, host, call.signal) };
      }
    };

    return {
      call,
      authenticated: token !== undefined,
      retry,
      sleep,
      now,
      random,
      attempt,
      explain,
      async ask(attempted, schema, send) {
        const outcome = await attempt(schema, send);
        if ("failure" in outcome) {
          throw explain(outcome.failure, attempted);
        }
        return outcome.value;
      },
      remote: options.remote,
      fetch: (url, headers) => timed(url, { headers: { "user-agent": options.userAgent, ...headers } }),
    };
  };
}

/**
 * Everything but creating a pull request has the same effect when it is sent twice: forking
 * answers with the fork that is there, and merging upstream finds nothing left to merge.
 */
function isRepeatable({ method, url }: { readonly method: string; readonly url: string }): boolean {
  return method !== "POST" || !url.endsWith("/pulls");
}
