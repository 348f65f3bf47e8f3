/** The run host on Cloudflare: stubs of the directory's object and of each run's. */
import type { DurableObjectNamespace, DurableObjectStub } from "cloudflare:workers";
import type { EventStream, Result, RunCell, RunStart } from "../host/cell.ts";
import { createRunHost, type HostParts } from "../host/create-host.ts";
import type { RunHost } from "../host.ts";
import type { DirectoryObject } from "./directory-object.ts";
import { type RunObject, STREAM } from "./run-object.ts";

export interface RunBindings {
  readonly RUNS: DurableObjectNamespace<RunObject>;
  readonly DIRECTORY: DurableObjectNamespace<DirectoryObject>;
}

export function createCloudflareHost(
  bindings: RunBindings,
  parts: Pick<HostParts, "redact" | "now">,
): RunHost {
  return createRunHost({
    ...parts,
    directory: () => directoryOf(bindings),
    run: (id) => runCell(bindings.RUNS.getByName(id)),
  });
}

export function directoryOf({ DIRECTORY }: RunBindings): DurableObjectStub<DirectoryObject> {
  return DIRECTORY.getByName("directory");
}

function runCell(stub: DurableObjectStub<RunObject>): RunCell {
  // Streams come as answers to requests: remote calls carry byte streams only.
  async function stream(
    caller: string,
    after: number,
    run?: RunStart,
  ): Promise<Result<EventStream | undefined>> {
    const query = new URLSearchParams({ caller, after: String(after) });
    const init = run === undefined ? {} : { method: "POST", body: JSON.stringify(run) };
    const response = await stub.fetch(new Request(`https://run/events?${query}`, init));
    const { body } = response;
    if (body === null || response.headers.get("content-type") !== STREAM) {
      return (await response.json()) as Result<EventStream | undefined>;
    }
    return { ok: true, value: { body } };
  }

  return {
    start: (run) => stub.start(run),
    stream: (run) => stream(run.caller, 0, run),
    view: (caller) => stub.view(caller),
    events: (caller, after) => stream(caller, after),
    patch: (caller) => stub.patch(caller),
    cancel: (caller) => stub.cancel(caller),
    continuation: (caller) => stub.continuation(caller),
  };
}
