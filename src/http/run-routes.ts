/** The routes that start, show and cancel runs; the run host does the work. */
import type { Context, Hono } from "hono";
import { ServiceError } from "../errors.ts";
import type { StartInput } from "../run/host.ts";
import type { Caller } from "./access.ts";
import { createGate } from "./admit.ts";
import { type Complete, createCodeRequestParser } from "./code-request.ts";
import type { AppDeps } from "./deps.ts";
import { fingerprint, readIdempotencyKey } from "./idempotency.ts";
import type { ReadBody } from "./json-body.ts";
import { readModelKeys } from "./model-keys.ts";
import { wanted } from "./negotiate.ts";
import { problemWith } from "./problems.ts";
import { readLastEventId, readPage, requireNoQuery } from "./query.ts";
import { SSE_HEADERS } from "./sse.ts";

/** Hosts name runs by UUIDs in lower case (RFC 9562); nothing else reaches them. */
const RUN_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Adds the routes under `/code` and `/runs`. Every one authenticates first, then counts, and only then
 * looks at what was sent.
 */
export function addRunRoutes(app: Hono, deps: AppDeps, readBody: ReadBody): void {
  const { settings, host, config, redactor } = deps;
  const gate = createGate(deps);
  const parser = createCodeRequestParser({ serverUrl: settings.serverUrl, defaults: config.defaults });

  /** Starts a run, or finds the one an earlier request with the same key started. */
  const start = async (
    context: Context,
    caller: Caller,
    read: (body: unknown) => Complete | Promise<Complete>,
  ): Promise<Response> => {
    const request = context.req.raw;
    requireNoQuery(request);
    const key = readIdempotencyKey(request.headers);
    const modelKeys = readModelKeys(request.headers);
    const body = await readBody(request);
    const complete = await read(body);
    const input: StartInput = {
      caller: caller.id,
      wants: wanted(context),
      lendsModels: caller.lendsModels,
      prepare(runtime) {
        config.requireOpen(runtime);
        return complete(runtime);
      },
      ...(caller.githubToken === undefined ? {} : { githubToken: caller.githubToken }),
      ...(modelKeys === undefined ? {} : { modelKeys }),
      ...(key === undefined
        ? {}
        : { idempotency: { key, fingerprint: await fingerprint(context.req.path, body) } }),
    };
    const started = await host.start(input);
    const headers = {
      "x-run-id": started.id,
      location: `/runs/${started.id}`,
      ...(started.created ? {} : { "idempotent-replayed": "true" }),
    };
    if ("view" in started) return Response.json(redactor.redact(started.view), { status: 202, headers });
    return new Response(started.body, { headers: { ...SSE_HEADERS, ...headers } });
  };

  app.post("/code", async (context) => {
    const caller = await gate.caller(context.req.raw, "starts");
    return start(context, caller, parser.code);
  });

  app.post("/code/legacy", async (context) => {
    const caller = await gate.caller(context.req.raw, "starts");
    return start(context, caller, parser.legacy);
  });

  app.post("/runs/:id/prompt", async (context) => {
    const caller = await gate.caller(context.req.raw, "starts");
    const id = runId(context);
    return start(context, caller, async (body) => {
      const goOn = parser.prompt(body);
      return goOn(found(await host.continuation(id, caller.id)));
    });
  });

  app.get("/runs", async (context) => {
    const caller = await gate.caller(context.req.raw, "requests");
    const listed = await host.list(caller.id, readPage(context.req.raw)).catch((error: unknown) => {
      throw problemWith("cursor", error);
    });
    return context.json(redactor.redact(listed));
  });

  app.get("/runs/:id", async (context) => {
    const caller = await gate.caller(context.req.raw, "requests");
    requireNoQuery(context.req.raw);
    return context.json(redactor.redact(found(await host.view(runId(context), caller.id))));
  });

  app.delete("/runs/:id", async (context) => {
    const caller = await gate.caller(context.req.raw, "requests");
    requireNoQuery(context.req.raw);
    return context.json(redactor.redact(found(await host.cancel(runId(context), caller.id))));
  });

  app.get("/runs/:id/events", async (context) => {
    const caller = await gate.caller(context.req.raw, "requests");
    const after = readLastEventId(context.req.raw);
    const following = await host.events(runId(context), caller.id, after).catch((error: unknown) => {
      throw problemWith(context.req.header("last-event-id") === undefined ? "after" : "Last-Event-ID", error);
    });
    const events = found(following);
    if ("ended" in events) return new Response(null, { status: 204 });
    const head = context.req.method === "HEAD";
    // Nobody will read it, and a stream nobody reads is never told so.
    if (head) await events.body.cancel();
    return new Response(head ? null : events.body, { headers: SSE_HEADERS });
  });

  app.get("/runs/:id/patch", async (context) => {
    const caller = await gate.caller(context.req.raw, "requests");
    requireNoQuery(context.req.raw);
    const patch = found(await host.patch(runId(context), caller.id));
    if (patch === "") return new Response(null, { status: 204 });
    return new Response(patch, { headers: { "content-type": "text/x-diff; charset=utf-8" } });
  });
}

function runId(context: Context): string {
  const id = context.req.param("id") ?? "";
  if (!RUN_ID.test(id)) throw noRun();
  return id;
}

/** What the host does not show this caller, and what does not exist, are one answer. */
function found<T>(value: T | undefined): T {
  if (value === undefined) throw noRun();
  return value;
}

function noRun(): ServiceError {
  return new ServiceError("not_found", "There is no such run.");
}
