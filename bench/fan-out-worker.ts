/** The service with a scripted story in place of the work, and bare Hono handlers that send the same frames. */
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { createApp } from "../src/app.ts";
import { configOptions, httpSettings, readSettings } from "../src/env.ts";
import { createConfig } from "../src/http/config.ts";
import { startTimer } from "../src/http/timers.ts";
import { createDirectoryObject } from "../src/run/cloudflare/directory-object.ts";
import { createCloudflareHost, directoryOf, type RunBindings } from "../src/run/cloudflare/host.ts";
import { createRunObject } from "../src/run/cloudflare/run-object.ts";
import type { RunEvent } from "../src/run/events.ts";
import type { Story } from "../src/run/host/story.ts";
import { createService } from "../src/service.ts";
import { DONE } from "../test/support/ending.ts";
import { readScript, type Script } from "./fan-out-script.ts";

type Environment = RunBindings & Readonly<Record<string, unknown>>;

const UNLIMITED = { limit: async () => ({ success: true }) };

/** One for each isolate, as in the service. */
let made: ReturnType<typeof make> | undefined;

function make(environment: Environment) {
  const settings = readSettings({ ...environment });
  const service = createService(settings, (line) => console.error(line));
  const app = createApp({
    settings: httpSettings(settings, "bench"),
    host: createCloudflareHost(environment, { redact: (text) => text, now: Date.now }),
    config: createConfig(configOptions(settings)),
    checks: service.checks,
    rateLimit: { starts: UNLIMITED, requests: UNLIMITED },
    clientAddress: () => undefined,
    redactor: service.redactor,
    now: Date.now,
    report: service.report,
  });
  return { service, handler: new Hono().route("/bare", bare()).mount("/", app.fetch) };
}

export class RunObject extends createRunObject((environment: Environment) => {
  made ??= make(environment);
  const { frames, limits, report, redactor } = made.service;
  return {
    frames,
    report,
    startTimer,
    now: Date.now,
    retentionMs: limits.retentionMs,
    tellStarted: (id) => directoryOf(environment).started(id),
    tellEnded: (ended) => directoryOf(environment).ended(ended),
    tellExpired: (id) => directoryOf(environment).forget(id),
    storyFor: (): Story => ({
      redactor,
      introduction: (request, runId) => [{ type: "info", message: request.prompt, run_id: runId }],
      run: ({ prompt }) => story(readScript(prompt)),
    }),
  };
}) {}

export class DirectoryObject extends createDirectoryObject((environment: Environment) => {
  made ??= make(environment);
  return made.service.limits;
}) {}

export default {
  fetch(request: Request, environment: Environment): Response | Promise<Response> {
    made ??= make(environment);
    return made.handler.fetch(request);
  },
};

/** As fast as the host takes them, but for a turn of the event loop now and then, as any I/O would bring. */
async function* story(script: Script): AsyncGenerator<RunEvent> {
  await pass(script.gate);
  for (let n = 1; n <= script.events; n++) {
    yield { type: "text", message: "The model writes.", delta: deltaOf(script, n) };
    if (n % script.burst === 0) await turn();
  }
  yield DONE;
}

/** The same frames by `streamSSE`, and nothing else. */
function bare(): Hono {
  return new Hono().post("/", async (context) => {
    const script = readScript(await context.req.text());
    return streamSSE(context, async (stream) => {
      let seq = 1;
      const send = (event: RunEvent): Promise<void> => {
        const data = JSON.stringify({ seq, time: new Date().toISOString(), ...event });
        return stream.writeSSE({ id: String(seq++), data });
      };
      await send({ type: "info", message: JSON.stringify(script), run_id: crypto.randomUUID() });
      await pass(script.gate);
      for (let n = 1; n <= script.events; n++) {
        await send({ type: "text", message: "The model writes.", delta: deltaOf(script, n) });
      }
      await send(DONE);
    });
  });
}

/** Stands still until the bench answers. */
async function pass(gate: string | undefined): Promise<void> {
  if (gate !== undefined) await (await fetch(gate)).text();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function deltaOf({ characters }: Script, n: number): string {
  return `${n} `.padEnd(characters, "word ");
}
