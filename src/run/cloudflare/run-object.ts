/** A Durable Object for each run: its storage is the log, its alarm drives the run. */
import { DurableObject, type DurableObjectState } from "cloudflare:workers";
import { attempt, type Result, type RunStart } from "../host/cell.ts";
import { createHostedRun, type HostedRun, type HostedRunOptions } from "../host/hosted-run.ts";
import { storedRunId } from "../host/schema.ts";
import type { RunView } from "../host.ts";
import type { RunRequest } from "../request.ts";
import { storageSql } from "./storage.ts";

/** Tells a stream from an answer that says why there is none. */
export const STREAM = "text/event-stream";

/** What the entry file gives a run's object, by its environment. */
export type RunObjectParts<Env> = (
  env: Env,
) => Omit<HostedRunOptions, "id" | "sql" | "setAlarm" | "onForgotten">;

/** The class to export: `parts` is called once for each object. */
export function createRunObject<Env>(parts: RunObjectParts<Env>) {
  return class RunObject extends DurableObject<Env> {
    readonly #run: HostedRun;

    constructor(ctx: DurableObjectState, env: Env) {
      super(ctx, env);
      const { storage } = ctx;
      const sql = storageSql(storage);
      const given = parts(env);
      const reported = (work: Promise<void>, what: string): void => {
        work.catch((error: unknown) => given.report(error, what));
      };
      this.#run = createHostedRun({
        ...given,
        // An alarm may wake an object without telling it its name.
        id: ctx.id.name ?? storedRunId(sql) ?? "",
        sql,
        setAlarm: (at) => reported(storage.setAlarm(at), "setting an alarm"),
        // An object is gone, and costs nothing, once it stores nothing at all: empty tables are something.
        onForgotten: () => reported(storage.deleteAll(), "deleting an object's storage"),
      });
    }

    start(run: RunStart): Promise<Result<RunView>> {
      return attempt(() => this.#run.start(run));
    }

    view(caller: string): Promise<Result<RunView | undefined>> {
      return attempt(() => this.#run.view(caller));
    }

    patch(caller: string): Promise<Result<string | undefined>> {
      return attempt(() => this.#run.patch(caller));
    }

    cancel(caller: string): Promise<Result<RunView | undefined>> {
      return attempt(() => this.#run.cancel(caller));
    }

    continuation(caller: string): Promise<Result<RunRequest | undefined>> {
      return attempt(() => this.#run.continuation(caller));
    }

    /** What is answered with a stream: GET for the events, POST to start the run first (see host.ts). */
    async fetch(request: Request): Promise<Response> {
      const { searchParams } = new URL(request.url);
      const caller = searchParams.get("caller") ?? "";
      const run = request.method === "POST" ? ((await request.json()) as RunStart) : undefined;
      const result = await attempt(() => {
        if (run !== undefined) this.#run.start(run);
        return this.#run.events(caller, Number(searchParams.get("after")));
      });
      if (!result.ok || result.value === undefined || "ended" in result.value) return Response.json(result);
      return new Response(result.value.body, { headers: { "content-type": STREAM } });
    }

    alarm(): Promise<void> {
      return this.#run.wake();
    }
  };
}

export type RunObject = InstanceType<ReturnType<typeof createRunObject>>;
